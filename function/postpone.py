"""Messages for which an invocation has no time left go back to their queue, as new ones.

SQS counts every receive of a message, tried or not, and gives up after a few of them. A message
that is last in several slow batches would end in the dead-letter queue without having been tried. A
new message starts again with a count of zero. Its order does not matter, because a key's events
carry a sequencer.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from function.events import as_changed
from function.storage.endpoint import endpoint_url

if TYPE_CHECKING:
    from function.storage.client import SignedClient
    from function.storage.deadline import Deadline

ATTRIBUTE: Final = "postponed"
"""Message attribute that counts how often a message was sent again."""

NEEDED_MS: Final = 3000
"""Time at the end of an invocation for sending its last messages again, and for its answer; at most
a third of a short invocation."""

LOOK_AGAIN_SECONDS: Final = 60
"""Time until a key is checked again. First views that began before have ended by then, because each
ends after ``VIEW_SECONDS``."""

MAX_POSTPONEMENTS: Final = 3
"""Then a failed receive returns the message to the queue, so that none circulates for ever."""


def count(record: Mapping[str, Any]) -> int:
    """Return how often a message has been postponed, from its record in a Lambda event."""
    value = str(record.get("messageAttributes", {}).get(ATTRIBUTE, {}).get("stringValue", ""))
    try:
        return max(0, int(value))
    except ValueError:  # an operator may have sent something else
        return 0


def queue_url(arn: str) -> str:
    """Return the URL of the queue with this ARN, as SQS's API names queues."""
    _arn, _partition, _sqs, region, account, name = arn.split(":")
    return f"{endpoint_url('sqs', {'AWS_REGION': region})}/{account}/{name}"


def postpone(deadline: "Deadline", record: Mapping[str, Any]) -> None:
    """Send a message again to the queue that it came from, with its count raised by one.

    Raises:
        Exception: SQS did not take it.
    """
    attribute = {"DataType": "Number", "StringValue": str(count(record) + 1)}
    message = {
        "QueueUrl": queue_url(record["eventSourceARN"]),
        "MessageBody": record["body"],
        "MessageAttributes": {ATTRIBUTE: attribute},
    }
    client(deadline).call("AmazonSQS.SendMessage", message)


def look_again(deadline: "Deadline", record: Mapping[str, Any]) -> None:
    """Send a message again to the queue that it came from, to be received some time later.

    Its events then say only that something changed, not what the key holds. Otherwise the event of
    an upload that was removed since would bring it back for a moment, a backfill would render it
    again, and either would ask for another check.

    Raises:
        Exception: SQS did not take it.
    """
    message = {
        "QueueUrl": queue_url(record["eventSourceARN"]),
        "MessageBody": as_changed(record["body"]),
        "DelaySeconds": LOOK_AGAIN_SECONDS,
    }
    client(deadline).call("AmazonSQS.SendMessage", message)


@cache
def client(deadline: "Deadline") -> "SignedClient":
    """Return SQS's client, made for the first message that is sent."""
    # Imported here, because few invocations need what costs a cold start 30 ms.
    from function.storage.client import SignedClient  # noqa: PLC0415

    return SignedClient("sqs", deadline)
