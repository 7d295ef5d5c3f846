"""Dead letters: see why uploads failed five times, and send them through the queue again.

Each is sent and then deleted. SQS's own move task takes all or none, so it can neither choose by
key nor stop at a number.
"""

import fnmatch
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_plus

from function.contract import StackOutput
from function.contract.messages import FORMAT_ASKED
from ops import receipts
from ops.stack import Stack
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

BATCH: Final = 10
"""Most messages that SQS returns in one receive."""

MOST_READ: Final = 100_000
"""Most messages that a command reads of the dead-letter queue. SQS hides "approximately 120,000" of
most standard queues at one time, and then answers a long poll as if the queue were empty (SQS
developer guide, "Quotas related to queues", in flight)."""

HIDE_SECONDS: Final = 900
"""Visibility timeout of the messages that a command reads; it gives them back when it ends."""

WAIT_SECONDS: Final = 1
"""Long polling: with 0, SQS asks only some of its servers, so a full queue may look empty."""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """One message of the dead-letter queue."""

    message_id: str  # SQS's id, under which the function logged its failures
    receipt: str  # handle to delete the message or to make it visible again
    body: str  # the S3 event, as it will be sent again
    keys: tuple[str, ...]  # the uploads that it announces
    sent: float  # seconds since the epoch when S3 sent it
    receives: int  # receive count, with the receives by these commands
    is_backfill: bool  # a backfill sent it; False if S3 did, or if it is not an event
    asks_for_format: bool  # a view sent it, to have a lazy format made

    @property
    def age_seconds(self) -> int:
        """Time since S3 sent it."""
        return max(0, round(time.time() - self.sent))


def read(stack: Stack, *, pattern: str = "*", limit: int | None = None) -> list[DeadLetter]:
    """Receive the dead letters with a key that matches the shell pattern, at most ``limit``.

    Each stays hidden from other consumers until ``give_back``, or until ``move_all`` deletes it.

    Raises:
        Failure: see ``batches``.
    """
    found: list[DeadLetter] = []
    others: list[DeadLetter] = []
    try:
        sqs, url = stack.client("sqs"), stack.outputs[StackOutput.DEAD_LETTER_QUEUE_URL]
        for batch in batches(sqs, url):
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
    receipts.give_back(sqs, url, (letter.receipt for letter in letters))


def move_all(stack: Stack, letters: Sequence[DeadLetter]) -> Iterator[DeadLetter]:
    """Send letters again to the queues that they came from; yield each once sent.

    If the stack no longer has a queue of lazy formats, the function for uploads ignores such
    letters. Each letter is sent before it is deleted: an interruption may leave one in both queues,
    which the function tolerates, but loses none.
    """
    sqs = stack.client("sqs")
    live = stack.outputs[StackOutput.QUEUE_URL]
    dead = stack.outputs[StackOutput.DEAD_LETTER_QUEUE_URL]
    for letter in letters:
        queue = stack.backfill_queue if letter.is_backfill else live
        if letter.asks_for_format:
            queue = stack.outputs.get(StackOutput.FORMAT_QUEUE_URL, live)
        sqs.send_message(QueueUrl=queue, MessageBody=letter.body)
        receipts.delete(sqs, dead, letter.receipt)
        yield letter


def reasons(stack: Stack, letters: Sequence[DeadLetter]) -> dict[str, str]:
    """Return why letters failed: by message id, the last line of the last exception in the log.

    The log is read once from the oldest letter on, because CloudWatch answers few searches a
    second. A letter without a reason timed out, ran out of memory, or is older than the log.
    """
    if not letters:
        return {}
    wanted = {letter.message_id for letter in letters}
    log = stack.client("logs").get_paginator("filter_log_events")
    pages = (
        page
        for group in _log_groups(stack, letters)
        for page in log.paginate(
            logGroupName=group,
            filterPattern='{ $.message = "failed" }',
            startTime=int(min(letter.sent for letter in letters) * 1000),
        )
    )
    failures = (_failure(event["message"]) for page in pages for event in page["events"])
    return {message_id: reason for message_id, reason in failures if message_id in wanted}


def _log_groups(stack: Stack, letters: Iterable[DeadLetter]) -> Iterator[str]:
    """Yield the log groups of the functions that failed: for uploads, and for lazy formats."""
    yield stack.outputs[StackOutput.LOG_GROUP]
    function = stack.outputs.get(StackOutput.FORMAT_FUNCTION_NAME)
    if function and any(letter.asks_for_format for letter in letters):
        found = stack.client("lambda").get_function_configuration(FunctionName=function)
        yield found["LoggingConfig"]["LogGroup"]


def _matches(letter: DeadLetter, pattern: str) -> bool:
    """Return True if a key matches; a letter without an event only matches ``*``."""
    return pattern == "*" or any(fnmatch.fnmatchcase(key, pattern) for key in letter.keys)


def batches(sqs: "SQSClient", url: str) -> "Iterator[list[MessageTypeDef]]":
    """Yield each message of a queue once; end when only messages come that are no longer hidden.

    Raises:
        Failure: there are more than SQS lets a command see, so that some would be missed.
    """
    seen: set[str] = set()
    while True:
        if len(seen) >= MOST_READ:
            raise Failure(
                f"There are {MOST_READ:,} dead letters or more, and SQS shows no others while a "
                "command reads these; send some through again with `python -m ops redrive --limit "
                f"{MOST_READ // 2}`, and run the same command again."
            )
        messages = receive(sqs, url, HIDE_SECONDS)
        fresh = [message for message in messages if message["MessageId"] not in seen]
        if not fresh:
            return
        seen |= {message["MessageId"] for message in fresh}
        yield fresh


def receive(sqs: "SQSClient", url: str, hide: int) -> "list[MessageTypeDef]":
    """Return some messages of a queue, which are hidden from others for ``hide`` seconds."""
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=hide,
        WaitTimeSeconds=WAIT_SECONDS,
        MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
        MessageAttributeNames=["All"],
    )
    return answer.get("Messages", [])


def _letter(message: "MessageTypeDef") -> DeadLetter:
    records = records_of(message["Body"])
    return DeadLetter(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        body=message["Body"],
        keys=tuple(map(key_of, records)),
        sent=int(message["Attributes"]["SentTimestamp"]) / 1000,
        receives=int(message["Attributes"]["ApproximateReceiveCount"]),
        is_backfill=any(record.get("reprocess") for record in records),
        asks_for_format=any(record.get("eventSource") == FORMAT_ASKED for record in records),
    )


def records_of(body: str) -> list[dict[str, Any]]:
    """Return the records of an S3 event that name a key; none if a letter is not an event.

    A message from EventBridge is itself one record.
    """
    try:
        fields: dict[str, Any] = json.loads(body)
        records: list[dict[str, Any]] = [fields] if "detail" in fields else fields["Records"]
        return [record for record in records if isinstance(_named(record)["key"], str)]
    except (ValueError, KeyError, TypeError):
        return []


def key_of(record: dict[str, Any]) -> str:
    """Return the key in such a record, which S3 has encoded and EventBridge has not."""
    key = _named(record)["key"]
    return key if "detail" in record else unquote_plus(key)


def _named(record: dict[str, Any]) -> dict[str, Any]:
    return (record["detail"] if "detail" in record else record["s3"])["object"]


def _failure(line: str) -> tuple[str, str]:
    """Return the message id and the reason in one line of the log; empty if it has none."""
    try:
        entry = json.loads(line)
        last = str(entry["exception"]).rpartition("Traceback (most recent call last):")[2]
        # The S3 library adds lines with its own state.
        reason = last.partition("\n\nDebug source:")[0].strip().splitlines()[-1]
        return str(entry["message_id"]), reason.strip()
    except (ValueError, KeyError, TypeError, IndexError):
        return "", ""
