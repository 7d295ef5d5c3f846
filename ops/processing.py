"""Shows how the queue of backfills empties after messages were sent to it."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from ops.backfill_queue import BackfillQueue
from ops.pace import Pace
from terminal import progress


@contextmanager
def processed(queue: BackfillQueue | None) -> Generator[None]:
    """Have the queue of backfills polled during the block, and then until it is empty.

    ``None``: the block sends nothing to it, or the stack has none.
    """
    if queue is None:
        yield
        return
    with queue.polled():
        yield
        looks = queue.drain()
        total = next(looks)
        pace, done = Pace(total=total, started=time.monotonic()), 0
        with progress("Processing", total) as advance:
            for left in looks:
                more = max(0, total - left - done)
                done += more
                told = pace.describe(done, time.monotonic(), datetime.now(UTC).astimezone())
                advance(more, name=told if left else "empty; it has to stay so for a minute")
