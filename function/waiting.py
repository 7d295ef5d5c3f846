"""How many uploads wait for a moderator, and for how long the oldest does.

The stack sends itself a message every half hour. So the waiting time is known for any kind of
moderator, and also when nothing happens at all: a decision that nobody makes causes no event.
"""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from function.contract import MOST_HELD, HeldMetric
from function.contract.keys import HELD
from function.contract.messages import MEASURE_HELD
from function.engine.record import Record
from function.metrics import embed, log_fields
from function.storage.bucket import Bucket

_logger = logging.getLogger(__name__)


def asks_to_measure(body: str) -> bool:
    """Return True for the message that asks for it."""
    try:
        return json.loads(body) == json.loads(MEASURE_HELD)
    except ValueError:
        return False


class Waiting(Record):
    """Measures what waits in a destination bucket."""

    destination: Bucket
    function_name: str  # dimension of the metrics
    publishes_metrics: bool  # False: the figures are in the log alone
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def measure(self) -> None:
        """Log the number of uploads that wait, and the seconds that the oldest has waited.

        Of more than ``MOST_HELD`` objects the figures are those of the first ones, in the order of
        the alphabet: there are at least as many, and one waits at least as long. A backfill, which
        asks the moderator again, starts the time of an upload anew.

        Raises:
            Exception: S3 did not list them.
        """
        found = self.destination.times(HELD, MOST_HELD)
        times = [at for key, at in found if key.endswith(".json")]
        oldest = (self.now() - min(times)).total_seconds() if times else 0
        values = {
            HeldMetric.WAITING: len(times),
            HeldMetric.OLDEST_WAITING: max(0, round(oldest)),
        }
        extra: dict[str, Any] = {"is_all": len(found) < MOST_HELD}
        if self.publishes_metrics:
            extra |= embed(self.function_name, values)
        else:
            extra |= log_fields(values)
        _logger.info("waiting", extra=extra)
