"""Dead letters: see why uploads failed five times, and send them through again."""

import fnmatch
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from ops.stack import Stack

BATCH: Final = 10
"""Most messages that SQS hands out at once."""

HIDE_SECONDS: Final = 120
"""How long a message is ours while we look at it; given back as soon as we are done."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message of the dead-letter queue.

    Attributes:
        keys: the uploads that it announces.
        reason: last line of the exception that the function logged; empty if the log has none.
        age_seconds: time since S3 sent it.
    """

    message_id: str
    receipt: str
    body: str
    keys: tuple[str, ...]
    reason: str
    age_seconds: int


def read(stack: Stack, *, pattern: str = "*", limit: int | None = None) -> list[DeadLetter]:
    """Look at dead letters; each stays hidden from others until ``give_back`` or ``move``.

    Args:
        stack: where.
        pattern: shell pattern that one of a letter's keys must match.
        limit: how many matching letters at most.
    """
    found: list[DeadLetter] = []
    others: list[DeadLetter] = []
    for message in _receive_all(stack):
        letter = _letter(stack, message)
        wanted = any(fnmatch.fnmatchcase(key, pattern) for key in letter.keys) or pattern == "*"
        full = limit is not None and len(found) >= limit
        (others if full or not wanted else found).append(letter)
    give_back(stack, others)
    return found


def give_back(stack: Stack, letters: Sequence[DeadLetter]) -> None:
    """Make letters visible to others again."""
    sqs, url = stack.client("sqs"), stack.outputs["deadLetterQueueUrl"]
    for letter in letters:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )


def move(stack: Stack, letter: DeadLetter) -> None:
    """Send a letter to the upload queue again.

    It is sent before it is deleted: whoever interrupts this may see it twice, which the function
    takes calmly, but does not lose it.
    """
    sqs = stack.client("sqs")
    sqs.send_message(QueueUrl=stack.outputs["queueUrl"], MessageBody=letter.body)
    sqs.delete_message(QueueUrl=stack.outputs["deadLetterQueueUrl"], ReceiptHandle=letter.receipt)


def _receive_all(stack: Stack) -> Iterator[dict[str, Any]]:
    sqs, url = stack.client("sqs"), stack.outputs["deadLetterQueueUrl"]
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=BATCH,
            VisibilityTimeout=HIDE_SECONDS,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
        messages: list[dict[str, Any]] = answer.get("Messages", [])
        if not messages:
            return
        yield from messages


def _letter(stack: Stack, message: dict[str, Any]) -> DeadLetter:
    sent = int(message["Attributes"]["SentTimestamp"]) / 1000
    return DeadLetter(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        keys=tuple(_keys(message["Body"])),
        reason=_reason(stack, message["MessageId"]),
        age_seconds=max(0, round(time.time() - sent)),
    )


def _keys(body: str) -> Iterator[str]:
    """Keys that an S3 event names; a letter that is no event has none."""
    try:
        for record in json.loads(body)["Records"]:
            yield unquote_plus(record["s3"]["object"]["key"])
    except (ValueError, KeyError, TypeError):
        return


def _reason(stack: Stack, message_id: str) -> str:
    answer = stack.client("logs").filter_log_events(
        logGroupName=stack.outputs["logGroup"], filterPattern=f'"{message_id}"'
    )
    for event in reversed(answer["events"]):
        try:
            entry = json.loads(event["message"])
        except ValueError:
            continue
        if entry.get("message_id") == message_id and "exception" in entry:
            return str(entry["exception"]).strip().splitlines()[-1]
    return ""
