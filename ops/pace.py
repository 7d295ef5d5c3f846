"""How fast a long run goes, and when it ends."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The speed of a run since it began; ``total`` None if the number of steps is not known."""

    total: int | None
    started: float  # by ``time.monotonic``, which never goes back

    def describe(self, done: int, clock: float, now: datetime) -> str:
        """Return the rate, and the day and minute at which the run ends if it stays the same."""
        rate = done / max(clock - self.started, 1e-9)
        told = f"{rate:.1f} a second"
        if self.total is None or not rate:
            return told
        try:
            end = now + timedelta(seconds=max(0, self.total - done) / rate)
        except OverflowError:  # after the year 9999: the first of very many took long
            return told
        return f"{told}, done about {end:%Y-%m-%d %H:%M}"
