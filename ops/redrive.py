"""Dead letters: see why uploads failed five times, and send them through again.

Letters are sent and then deleted one by one rather than by SQS's own move task: that one takes all
or none, so it can neither choose by key nor stop at a number.
"""

import fnmatch
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from function.contract import StackOutput
from ops.stack import Stack

BATCH: Final = 10
"""Most messages that SQS hands out at once."""

HIDE_SECONDS: Final = 900
"""How long a message is ours while we look at it; given back as soon as we are done."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message of the dead-letter queue.

    Attributes:
        message_id: SQS's id, under which the function logged its failures.
        receipt: what SQS wants in order to delete it or to give it back.
        body: the S3 event, as it will be sent again.
        keys: the uploads that it announces.
        sent: seconds since the epoch when S3 sent it.
        receives: how often it was handed out, to the function and to us.
    """

    message_id: str
    receipt: str
    body: str
    keys: tuple[str, ...]
    sent: float
    receives: int

    @property
    def age_seconds(self) -> int:
        """Time since S3 sent it."""
        return max(0, round(time.time() - self.sent))


def read(stack: Stack, *, pattern: str = "*", limit: int | None = None) -> list[DeadLetter]:
    """Look at dead letters; each stays hidden from others until ``give_back`` or ``move``.

    Args:
        stack: where.
        pattern: shell pattern that one of a letter's keys must match.
        limit: how many matching letters at most.
    """
    found: list[DeadLetter] = []
    others: list[DeadLetter] = []
    try:
        for batch in _batches(stack):
            for letter in map(_letter, batch):
                full = limit is not None and len(found) >= limit
                (others if full or not _matches(letter, pattern) else found).append(letter)
            if limit is not None and len(found) >= limit:
                break
    except BaseException:
        others += found
        raise
    finally:
        give_back(stack, others)
    return found


def give_back(stack: Stack, letters: Iterable[DeadLetter]) -> None:
    """Make letters visible to others again."""
    sqs, url = stack.client("sqs"), stack.outputs[StackOutput.DEAD_LETTER_QUEUE_URL]
    for letter in letters:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=letter.receipt, VisibilityTimeout=0
        )


def move_all(stack: Stack, letters: Sequence[DeadLetter]) -> Iterator[DeadLetter]:
    """Send letters to the upload queue again; yield each once it is there.

    Each is sent before it is deleted: whoever interrupts this may see one twice, which the
    function takes calmly, but loses none. Those not reached are given back.
    """
    sqs = stack.client("sqs")
    queue = stack.outputs[StackOutput.QUEUE_URL]
    dead = stack.outputs[StackOutput.DEAD_LETTER_QUEUE_URL]
    moved = 0
    try:
        for letter in letters:
            sqs.send_message(QueueUrl=queue, MessageBody=letter.body)
            sqs.delete_message(QueueUrl=dead, ReceiptHandle=letter.receipt)
            moved += 1
            yield letter
    finally:
        give_back(stack, letters[moved:])


def reasons(stack: Stack, letters: Sequence[DeadLetter]) -> dict[str, str]:
    """Why letters failed: by message id, the last line of the last exception that was logged.

    One pass over the log from the oldest letter on, for CloudWatch answers few searches a second.
    Those without one timed out, ran out of memory, or are older than the log's retention.
    """
    if not letters:
        return {}
    found: dict[str, str] = {}
    wanted = {letter.message_id for letter in letters}
    pages = stack.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(
        logGroupName=stack.outputs[StackOutput.LOG_GROUP],
        filterPattern='{ $.message = "failed" }',
        startTime=int(min(letter.sent for letter in letters) * 1000),
    ):
        for event in page["events"]:
            message_id, reason = _failure(event["message"])
            if message_id in wanted:
                found[message_id] = reason
    return found


def _matches(letter: DeadLetter, pattern: str) -> bool:
    """A letter that is no event has no key, and so matches all or nothing."""
    return pattern == "*" or any(fnmatch.fnmatchcase(key, pattern) for key in letter.keys)


def _batches(stack: Stack) -> Iterator[list[dict[str, Any]]]:
    """Each message once; ends as well when the first ones, no longer hidden, come round again."""
    sqs, url = stack.client("sqs"), stack.outputs[StackOutput.DEAD_LETTER_QUEUE_URL]
    seen: set[str] = set()
    while messages := _receive(sqs, url):
        fresh = [message for message in messages if message["MessageId"] not in seen]
        if not fresh:
            return
        seen |= {message["MessageId"] for message in fresh}
        yield fresh


def _receive(sqs: Any, url: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=HIDE_SECONDS,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
    )
    return answer.get("Messages", [])


def _letter(message: dict[str, Any]) -> DeadLetter:
    return DeadLetter(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        keys=tuple(_keys(message["Body"])),
        sent=int(message["Attributes"]["SentTimestamp"]) / 1000,
        receives=int(message["Attributes"]["ApproximateReceiveCount"]),
    )


def _keys(body: str) -> Iterator[str]:
    """Keys that an S3 event names; a letter that is no event has none."""
    try:
        for record in json.loads(body)["Records"]:
            yield unquote_plus(record["s3"]["object"]["key"])
    except (ValueError, KeyError, TypeError):
        return


def _failure(line: str) -> tuple[str, str]:
    """Message id and reason that one line of the log states; empty where it states none."""
    try:
        entry = json.loads(line)
        return str(entry["message_id"]), str(entry["exception"]).strip().splitlines()[-1]
    except (ValueError, KeyError, TypeError, IndexError):
        return "", ""
