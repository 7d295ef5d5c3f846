"""Amazon SQS: a message's size, outdated receipt handles, and who may use a dead-letter queue."""

import json
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any, Final

from local.rules.ministack import eventbridge, replaces, s3, sqs

_received: Final[dict[str, set[str]]] = {}
"""Receipt handles that receives have returned, by the queue's URL."""

vars(sqs)["_queues_lock"] = RLock()  # reentrant, as some steps below call others


@replaces(vars(sqs), "_collect_msgs")
def noted_receive(collect: Callable[..., Any], queue: Mapping[str, Any], *given: Any) -> Any:
    """Remember the receipt handles of a receive."""
    messages = collect(queue, *given)
    handles = {message["receipt_handle"] for message in messages}
    _received.setdefault(queue["url"], set()).update(handles)
    return messages


@replaces(sqs._HANDLERS, "DeleteMessage")
def outdated_handle(delete: Callable[..., Any], asked: Mapping[str, Any], queue_url: str) -> Any:
    """Let a deletion succeed, without deleting, if the message was received again or deleted since.

    "DeleteMessage" (SQS API reference, read 2026-11-28): for standard queues, "you must provide the
    most recently received ReceiptHandle for the message (otherwise, the request succeeds, but the
    message will not be deleted)". MiniStack refuses it.
    """
    queue = sqs._get_q(asked.get("QueueUrl", queue_url), "sqs:DeleteMessage")
    handle = asked.get("ReceiptHandle", "")
    current = {message["receipt_handle"] for message in queue["messages"]}
    if not queue["is_fifo"] and handle not in current and handle in _received.get(queue["url"], ()):
        return {}
    return delete(asked, queue_url)


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


@replaces(vars(sqs), "_act_create_queue")
@replaces(sqs._HANDLERS, "CreateQueue")
def permitted_redrive_of_new(create: Callable[..., Any], wanted: Mapping[str, Any], _: str) -> Any:
    """Refuse a new queue whose dead-letter queue does not take its messages."""
    _check_redrive(wanted.get("Attributes") or {}, wanted.get("QueueName", ""))
    return create(wanted, _)


@replaces(vars(sqs), "_act_set_queue_attributes")
@replaces(sqs._HANDLERS, "SetQueueAttributes")
def permitted_redrive_of_changed(
    change: Callable[..., Any], wanted: Mapping[str, Any], queue_url: str
) -> Any:
    """Refuse a redrive policy to a dead-letter queue that does not take the queue's messages."""
    queue = sqs._get_q(wanted.get("QueueUrl", queue_url), "sqs:SetQueueAttributes")
    _check_redrive(wanted.get("Attributes") or {}, queue["name"])
    return change(wanted, queue_url)


def _check_redrive(attributes: Mapping[str, str], name: str) -> None:
    """Raise SQS's error unless the dead-letter queue's allow policy lets a queue name it.

    SetQueueAttributes (API reference, read 2026-11-27): with ``byQueue``, "only queues specified by
    the sourceQueueArns parameter can specify this queue as the dead-letter queue"; with ``denyAll``
    none can. MiniStack stores the policy and allows every queue. The wording is ours.
    """
    if not attributes.get("RedrivePolicy"):
        return
    sqs._validate_redrive_policy(attributes["RedrivePolicy"])
    target: str = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    stated = sqs._queue_by_arn(target)["attributes"].get("RedriveAllowPolicy") or "{}"
    policy: Mapping[str, Any] = json.loads(stated)
    permission = policy.get("redrivePermission", "allowAll")
    source = f"{target.rpartition(':')[0]}:{name}"
    if permission == "denyAll" or (
        permission == "byQueue" and source not in policy.get("sourceQueueArns", [])
    ):
        value = attributes["RedrivePolicy"]
        reason = f"Reason: {target} does not allow {source} to use it as dead-letter queue."
        message = f"Value {value} for parameter RedrivePolicy is invalid. {reason}"
        raise sqs._Err("InvalidParameterValue", message)


def one_at_a_time(step: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Read or change a queue's messages while no other thread does.

    Each of Lambda's pollers is a thread. Only they take MiniStack's lock, so they and a
    request could receive the same message, and a message could be lost that came meanwhile.
    """
    with sqs._queues_lock:
        return step(*given, **named)


for _functions, _names in (
    (vars(sqs), ("_act_send_message", "_collect_msgs", "_dlq_sweep", "_expire_retained")),
    (
        sqs._HANDLERS,
        (
            "SendMessage",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "PurgeQueue",
        ),
    ),
    (vars(s3), ("_deliver_event_to_sqs",)),
    (vars(eventbridge), ("_dispatch_to_sqs",)),
):
    for _name in _names:
        replaces(_functions, _name)(one_at_a_time)
