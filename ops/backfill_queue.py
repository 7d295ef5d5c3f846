"""The queue of backfills, which Lambda polls only while there is something to process.

An event source mapping polls its queue for as long as it is enabled, and SQS bills each poll: about
$0.26 a month (`bench cost`). A deployment therefore leaves it disabled.
"""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from function.contract import StackOutput
from ops import mappings
from ops.console import print_note
from ops.finding import DEPLOY
from ops.stack import Stack
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_sqs import SQSClient

MOST_WAITING: Final = 10_000
"""Most messages that may wait; more are sent only once fewer do. SQS deletes a message after four
days (``pipeline/queues.py``). Two invocations at a time that take 10 s for each upload clear these
in 14 hours."""

LOOK_EVERY: Final = 1000
"""How many uploads are sent before the waiting messages are counted again."""

LOOK_SECONDS: Final = 5.0

QUIET_SECONDS: Final = 60.0
"""How long the queue has to look empty, because its counts "may not achieve consistency until at
least 1 minute after the producers stop sending messages" (SQS API reference,
GetQueueAttributes)."""

COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)

Upload = TypeVar("Upload")


@dataclass(frozen=True, kw_only=True)
class BackfillQueue:
    """A stack's queue of backfills, and the event source mapping that polls it."""

    url: str
    uuid: str  # of the mapping
    sqs: "SQSClient"
    lambda_: "LambdaClient"

    @contextmanager
    def polled(self) -> Generator[None]:
        """Enable the mapping for as long as the block runs.

        If the block fails, the mapping stays enabled: messages of a queue that nobody polls are
        lost after four days. One sentence on stderr says so, also if it is being switched, which
        takes up to a minute.
        """
        stays = "may stay enabled"
        try:
            mappings.switch(self.lambda_, self.uuid, enabled=True)
            stays = "stays enabled, so that what was sent is processed"
            yield
            stays = "may stay enabled"
            mappings.switch(self.lambda_, self.uuid, enabled=False)
        except BaseException:
            print_note(
                f"The event source mapping {self.uuid} {stays}; a backfill disables it at its end: "
                "run it again, with --state to go on from there. After `ops redrive`, "
                "`ops doctor` says how to disable it once the queue is empty."
            )
            raise

    def limit(self, uploads: Iterable[Upload]) -> Iterator[Upload]:
        """Yield uploads to send, and pause while ``MOST_WAITING`` messages wait."""
        for number, upload in enumerate(uploads):
            if number % LOOK_EVERY == 0:
                while self._look() > MOST_WAITING:
                    time.sleep(LOOK_SECONDS)
            yield upload

    def drain(self) -> Iterator[int]:
        """Yield how many messages are left, every few seconds until none was left for a minute."""
        empty_since: float | None = None
        while empty_since is None or time.monotonic() - empty_since < QUIET_SECONDS:
            left = self._look()
            yield left
            if left:
                empty_since = None
            elif empty_since is None:
                empty_since = time.monotonic()
            time.sleep(LOOK_SECONDS)

    def _look(self) -> int:
        """Return how many messages wait or are being processed.

        If the mapping is disabled although messages are left, it is enabled again: another backfill
        may have ended just before these were sent.
        """
        left = count(self.sqs, self.url)
        if left:
            mappings.switch(self.lambda_, self.uuid, enabled=True)
        return left


def find(stack: Stack) -> BackfillQueue | None:
    """Return the stack's queue of backfills; None if it was deployed by a release without one.

    Raises:
        Failure: nothing polls the queue.
    """
    url = stack.outputs.get(StackOutput.BACKFILL_QUEUE_URL)
    if not url:
        return None
    found = mappings.find(stack, StackOutput.BACKFILL_QUEUE_URL)
    if not found:
        raise Failure(f"No event source mapping polls {url}; {DEPLOY}.")
    sqs, lambda_ = stack.client("sqs"), stack.client("lambda")
    return BackfillQueue(url=url, uuid=found[0]["UUID"], sqs=sqs, lambda_=lambda_)


def count(sqs: "SQSClient", url: str) -> int:
    """Return how many messages of a queue wait, are delayed or are being processed."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=COUNTS)["Attributes"]
    return sum(int(found.get(name, 0)) for name in COUNTS)
