"""Amazon SQS: times that a request may name, and messages whose visibility may be changed."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import replaces, sqs

MOST_SECONDS: Final = {"DelaySeconds": 900, "VisibilityTimeout": 43_200, "WaitTimeSeconds": 20}
"""SendMessage, ReceiveMessage and ChangeMessageVisibility (SQS API reference, read 2026-11-28)."""


@replaces(vars(sqs), "_act_send_message")
@replaces(sqs._HANDLERS, "SendMessage")
@replaces(sqs._HANDLERS, "ReceiveMessage")
@replaces(sqs._HANDLERS, "ChangeMessageVisibility")
def times(act: Callable[..., Any], asked: Mapping[str, Any], queue_url: str) -> Any:
    """Refuse a request for more seconds than SQS delays, hides or waits for messages."""
    for name, most in MOST_SECONDS.items():
        given = asked.get(name)
        if given is not None and not 0 <= int(given) <= most:
            reason = f"Reason: Must be >= 0 and <= {most}, if provided."
            raise sqs._Err(
                "InvalidParameterValue", f"Value {given} for parameter {name} is invalid. {reason}"
            )
    return act(asked, queue_url)


@replaces(sqs._HANDLERS, "ChangeMessageVisibility")
def not_in_flight(change: Callable[..., Any], asked: Mapping[str, Any], queue_url: str) -> Any:
    """Refuse to change the visibility of a message that is visible: MessageNotInflight.

    "ChangeMessageVisibility" (SQS API reference, read 2026-11-28): once its timeout has ended, "any
    attempt to change the visibility timeout ... might result in an error". Here it always does.
    """
    queue = sqs._get_q(asked.get("QueueUrl", queue_url), "sqs:ChangeMessageVisibility")
    handle, now = asked.get("ReceiptHandle", ""), time.time()
    for message in queue["messages"]:
        if message["receipt_handle"] == handle and message["visible_at"] <= now:
            raise sqs._Err("MessageNotInflight", "The specified message isn't in flight.")
    return change(asked, queue_url)
