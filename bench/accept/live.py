"""A deployed clone, as the checks see it."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from bench.accept.clone import Clone
from bench.accept.steps import StepFailed
from bench.cost import bill
from bench.cost.prices import Prices
from function.contract import StackOutput
from local.uploader import Result
from ops.backfill_queue import count
from ops.stack import Stack
from pipeline.settings import Settings
from terminal import counted

DRAIN_SECONDS: Final = 60
"""How long the queue may take to be empty after the last manifest; its figures lag (SQS developer
guide, "Available CloudWatch metrics for Amazon SQS": about a minute)."""


@dataclass(frozen=True, kw_only=True)
class Live:
    """A deployed clone, and what its uploads cost."""

    clone: Clone
    settings: Settings  # the clone's, as the program reads them
    stack: Stack
    prices: Prices | None  # the region's price file; None if there is none

    @property
    def doors(self) -> tuple[str, str, str]:
        """The URLs at which anyone uploads, and at which anyone reads; and the keys' prefix."""
        outputs = self.stack.outputs
        urls = outputs[StackOutput.UPLOAD_ENDPOINT], outputs[StackOutput.DELIVERY_URL]
        return (*urls, self.settings.prefix)

    @property
    def is_presigned(self) -> bool:
        """True if uploads go by the signer's forms."""
        return self.settings.uploads == "presigned"

    def cost(self, results: Iterable[Result]) -> float | None:
        """Return the cost of uploads in USD: Lambda, SQS and S3 requests, before any free tier.

        Cold starts, storage for minutes, logs and transfer are left out, and what is made later.
        """
        done = list(results)
        if self.prices is None or not done:
            return None
        usage = bill.Usage(
            memory_mb=self.settings.memory,
            billed_ms=fmean(result.worked_ms for result in done),
            cold_share=0,
            puts=2 + fmean(_stored(result) for result in done),  # upload and manifest
        )
        lines = bill.bill(len(done), usage, self.prices, self.settings).lines
        return sum(lines[name] for name in {*bill.GROUPS["processing"]} - bill.STANDING)

    def check_queues(self) -> None:
        """Raise ``StepFailed`` unless the queues empty in a minute, without a dead letter."""
        deadline = time.monotonic() + DRAIN_SECONDS
        formats = [StackOutput.FORMAT_QUEUE_URL] * self.settings.has_lazy_formats
        for queue in (StackOutput.QUEUE_URL, *formats):
            while (left := self._messages(queue)) and time.monotonic() < deadline:
                time.sleep(0.5)
            if left:
                raise StepFailed(
                    f"The queue holds {counted(left, 'message')} after {DRAIN_SECONDS} s."
                )
        if dead := self._messages(StackOutput.DEAD_LETTER_QUEUE_URL):
            raise StepFailed(f"The dead-letter queue holds {counted(dead, 'message')}.")

    def _messages(self, output: StackOutput) -> int:
        return count(self.stack.client("sqs"), self.stack.outputs[output])


def _stored(result: Result) -> int:
    """Return how many renditions of an upload were made at once."""
    return sum(not rendition.lazy for rendition in result.renditions)
