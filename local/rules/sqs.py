"""Amazon SQS: attributes count towards a message's size."""

from collections.abc import Callable, Mapping
from typing import Any

from local.rules.ministack import replaces, sqs


@replaces(vars(sqs), "_act_send_message")
@replaces(sqs._HANDLERS, "SendMessage")
def large_message(send: Callable[..., Any], message: Mapping[str, Any], queue_url: str) -> Any:
    """Refuse a message whose body and attributes together exceed MaximumMessageSize.

    "Amazon SQS message metadata" (SQS developer guide): the name, type and value of each attribute
    are part of the message's size. MiniStack measures the body alone.
    """
    queue = sqs._get_q(message.get("QueueUrl", queue_url), "sqs:SendMessage")
    limit = int(queue["attributes"]["MaximumMessageSize"])
    parts: list[str] = [message.get("MessageBody", "")]
    attributes: Mapping[str, Any] = message.get("MessageAttributes") or {}
    for name, attribute in attributes.items():
        value = attribute.get("StringValue") or attribute.get("BinaryValue") or ""
        parts += [name, attribute["DataType"], value]
    if sum(len(part.encode()) for part in parts) > limit:
        reason = f"Reason: Message must be shorter than {limit} bytes."
        raise sqs._Err("InvalidParameterValue", f"One or more parameters are invalid. {reason}")
    return send(message, queue_url)
