"""Removes the messages of chosen uploads from the stack's queues, and leaves those of others.

SQS cannot show a message without a receive, and receives count: a message that was received five
times becomes a dead letter. So a message of another upload is sent again as a new one, as in
``function/postpone.py``; its events carry a sequencer, so their order does not matter. A dead
letter is only made visible again, because the log names it by its id.
"""

import json
import time
from typing import TYPE_CHECKING, Final

from function.contract import StackOutput
from ops import backfill_queue, mappings, receipts, redrive
from ops.scope import Scope
from ops.stack import Stack
from terminal import Failure, counted, progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

HIDE_SECONDS: Final = 60
"""Visibility timeout while a message is inspected: it is sent again or deleted right away."""

MORE: Final = 100
"""Messages read beyond the queue's first count; beyond that, all are newer than the pass."""

LOOK_SECONDS: Final = 1.0


def remove_waiting(stack: Stack, scope: Scope) -> int:
    """Delete the messages of uploads that wait for the function; return how many there were."""
    sqs = stack.client("sqs")
    return sum(_remove_from(sqs, url, scope) for url in _urls(stack))


def count_letters(stack: Stack, scope: Scope) -> int:
    """Return how many dead letters name the uploads."""
    letters = redrive.read(stack)
    redrive.give_back(stack, letters)
    return sum(any(map(scope.holds, letter.keys)) for letter in letters)


def remove_letters(stack: Stack, scope: Scope) -> int:
    """Delete the dead letters of uploads and return how many there were."""
    sqs, url = stack.client("sqs"), stack.outputs[StackOutput.DEAD_LETTER_QUEUE_URL]
    kept: dict[str, MessageTypeDef] = {}
    removed = 0
    try:
        for batch in redrive.batches(sqs, url):
            kept |= {message["MessageId"]: message for message in batch}
            for message in batch:
                rest = without(message["Body"], scope)
                if rest is None:
                    continue
                if rest:
                    sqs.send_message(QueueUrl=url, MessageBody=rest)
                receipts.delete(sqs, url, message["ReceiptHandle"])
                del kept[message["MessageId"]]
                removed += 1
    finally:
        _show(sqs, url, kept.values())
    return removed


def wait_for_function(stack: Stack) -> None:
    """Wait until no message is being processed, but at most one visibility timeout.

    A message that is being processed cannot be received. After the visibility timeout it was
    deleted, or has failed and can be received again.
    """
    sqs = stack.client("sqs")
    with progress("Waiting for messages in flight", None):
        for url in _urls(stack):
            _wait_until_visible(sqs, url)


def wait_for_readers(stack: Stack) -> None:
    """Wait until no other command reads dead letters, but no longer than one can hide them.

    A command that was killed does not give them back, so they stay hidden until that time is over.

    Raises:
        Failure: some are still hidden.
    """
    url = stack.outputs[StackOutput.DEAD_LETTER_QUEUE_URL]
    with progress("Waiting for other commands that read dead letters", None):
        hidden = _wait_until_visible(stack.client("sqs"), url, redrive.HIDE_SECONDS)
    if hidden:
        raise Failure(
            f"{counted(hidden, 'dead letter')} cannot be looked at, because another command is "
            "reading the dead-letter queue; run the same command again once that one has ended."
        )


def without(body: str, scope: Scope) -> str | None:
    """Return a message without its events of uploads; empty if no event is left.

    None if it has no such event.
    """
    records = redrive.records_of(body)
    named = [record for record in records if scope.holds(redrive.key_of(record))]
    if not named:
        return None
    fields = json.loads(body)
    rest = [record for record in fields.get("Records", []) if record not in named]
    return json.dumps(fields | {"Records": rest}) if rest else ""


def _urls(stack: Stack) -> list[str]:
    return [stack.outputs[output] for output in mappings.QUEUES if stack.outputs.get(output)]


def _remove_from(sqs: "SQSClient", url: str, scope: Scope) -> int:
    """Read a queue once; others' messages are sent before they are deleted, so none is lost.

    A busy queue never ends, so only as many messages are read as it had at first, and ``MORE``.
    """
    sent: set[str] = set()
    removed, left = 0, backfill_queue.count(sqs, url) + MORE
    while left > 0:
        messages = redrive.receive(sqs, url, HIDE_SECONDS)
        fresh = [message for message in messages if message["MessageId"] not in sent]
        _show(sqs, url, [message for message in messages if message not in fresh])
        if not fresh:
            break
        for message in fresh:
            rest = without(message["Body"], scope)
            body = message["Body"] if rest is None else rest
            if body:
                attributes = message.get("MessageAttributes", {})
                made = sqs.send_message(
                    QueueUrl=url, MessageBody=body, MessageAttributes=attributes
                )
                sent.add(made["MessageId"])
            receipts.delete(sqs, url, message["ReceiptHandle"])
            removed += rest is not None
        left -= len(fresh)
    return removed


def _wait_until_visible(sqs: "SQSClient", url: str, seconds: float | None = None) -> int:
    """Wait until no message is hidden; return how many still are when the time is over.

    Messages sent with a delay are hidden too, until it is over. By default the wait is as long as
    the function, or a killed command like this one, can hide a message.
    """
    started = time.monotonic()
    while True:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        hidden = int(found["ApproximateNumberOfMessagesNotVisible"])
        hidden += int(found.get("ApproximateNumberOfMessagesDelayed", 0))
        most = max(int(found["VisibilityTimeout"]), HIDE_SECONDS) if seconds is None else seconds
        if not hidden or time.monotonic() - started > most:
            return hidden
        time.sleep(LOOK_SECONDS)


def _show(sqs: "SQSClient", url: str, messages: "Iterable[MessageTypeDef]") -> None:
    receipts.give_back(sqs, url, (message["ReceiptHandle"] for message in messages))
