"""How SQS and Lambda scale under a storm of uploads: a fluid simulation, as pure arithmetic.

Assumptions, each with its source:

- A mapping starts with five batches at a time and adds up to 300 more instances a minute while
  messages are left, to at most 1,000 batches at once, or to its maximum concurrency (AWS Lambda
  Developer Guide, "Configuring scaling behavior for SQS event source mappings"; newer versions of
  that page say 1,250: the smaller is taken).
- With provisioned pollers it starts with ten invocations for each of the fewest pollers, and adds
  up to 1,000 a minute, to ten for each of the most (the same page). A poller's 1 MB and ten
  receives a second are not reached while a batch takes a second or more.
- Invocations beyond the account's concurrency (1,000 by default, 10 in new accounts) are throttled:
  the message stays hidden for the visibility timeout and comes back, one receive nearer to the
  dead-letter queue (same guide, "Configuring maximum concurrency").
- A function's own scaling, 1,000 environments every 10 s (same guide, "Lambda scaling behavior"),
  is never reached by 300 or 1,000 a minute. SQS's 120,000 messages in flight are not in it either.
- Images of a batch are processed one after another, as the handler does; first in, first out,
  which a standard queue only roughly is. A new environment costs its initialisation once.
- Not in it: the time from PUT to the queue, retries, and S3's 3,500 writes a second and prefix
  (Amazon S3 User Guide, "Best practices design patterns"), which ``notes`` says when reached.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.mapping import GROWTH_A_MINUTE, MAPPING_LIMIT, START
from bench.stats import percentile

S3_WRITES_A_SECOND: Final = 3500
"""At least, for each partitioned prefix (Amazon S3 User Guide, "Best practices design patterns:
optimizing Amazon S3 performance", as AWS's knowledge centre quotes it, read 2026-11-27)."""
_MOST_STEPS: Final = 36_000
"""Steps of a simulation, or a few more: those of an hour in tenths of a second."""
_POINTS: Final = 200
_NOTHING: Final = 0.5
"""Uploads: fewer than this are none, for a fluid never quite drains."""


@dataclass(frozen=True, kw_only=True)
class Storm:
    """Uploads that arrive, and the capacity that meets them."""

    per_second: float  # uploads a second
    seconds: float  # how long they come
    image_s: float  # seconds of function time that one image takes
    init_s: float = 0.0  # initialisation of a new environment
    max_concurrency: float = MAPPING_LIMIT  # of the mapping, or what is left of it
    # Concurrency that the account has left for this function: all of a default quota (AWS Lambda
    # Developer Guide, "Lambda quotas", read 2026-11-27).
    account: float = 1000
    start: float = START  # batches at once when the storm begins
    growth: float = GROWTH_A_MINUTE  # more of them a minute
    writes: int = 6  # S3 writes of one image under its prefix: five renditions, the manifest


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The state at one time: uploads not yet done, invocations at once, images done so far."""

    second: float
    waiting: float
    concurrency: float
    done: float


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A storm, the course that it takes, and its figures."""

    storm: Storm  # as it was simulated
    moments: Sequence[Moment]  # the course, every 0.1 s, or 1 s, 10 s ... of a storm of hours
    peak_waiting: float  # most uploads not yet done at once
    peak_concurrency: float  # most invocations at once
    drained_s: float  # seconds from the last upload until nothing waits
    p50_s: float  # median time from upload to done
    p99_s: float  # 99th percentile of it
    throttled: float  # share of the time-weighted concurrency that was wanted and refused
    notes: tuple[str, ...]  # sentences about limits that the storm meets


def simulate(storm: Storm) -> Outcome:
    """Run a storm until nothing waits."""
    step = _step(storm)
    moments: list[Moment] = []
    wanted = float(min(storm.start, storm.max_concurrency))
    most_given = arrived = done = owed = wanted_total = refused_total = 0.0
    second = 0.0
    while second <= storm.seconds or arrived - done >= _NOTHING:
        arrived += storm.per_second * min(step, max(0.0, storm.seconds - second))
        busy = min(wanted, arrived - done)
        given = min(busy, storm.account)
        owed += max(0.0, given - most_given) * storm.init_s  # seconds that starting takes
        most_given = max(most_given, given)
        starting = min(owed, given * step)
        owed -= starting
        done = min(arrived, done + (given * step - starting) / storm.image_s)
        wanted_total, refused_total = wanted_total + busy, refused_total + busy - given
        if arrived - done > wanted:
            wanted = min(storm.max_concurrency, wanted + storm.growth / 60 * step)
        second = round(second + step, 1)
        moments.append(Moment(second=second, waiting=arrived - done, concurrency=given, done=done))
    latencies = _latencies(storm, moments)
    return Outcome(
        storm=storm,
        moments=moments,
        peak_waiting=max(moment.waiting for moment in moments),
        peak_concurrency=max(moment.concurrency for moment in moments),
        drained_s=max(0.0, second - storm.seconds),
        p50_s=percentile(latencies, 50),
        p99_s=percentile(latencies, 99),
        throttled=refused_total / wanted_total if wanted_total else 0.0,
        notes=tuple(_notes(storm, refused=refused_total > 0)),
    )


def _step(storm: Storm) -> float:
    """Return the seconds of one step: a power of ten, short except for storms of hours."""
    least = storm.per_second * storm.seconds * storm.image_s / _capacity(storm)
    return max(0.1, 10.0 ** math.ceil(math.log10(least / _MOST_STEPS)))


def _capacity(storm: Storm) -> float:
    return min(storm.max_concurrency, storm.account)


def thin(outcome: Outcome) -> Outcome:
    """Return a simulated storm with 200 moments at most, close together at first."""
    last = len(outcome.moments) - 1
    places = sorted({round(last ** (n / (_POINTS - 1))) for n in range(_POINTS)} | {0})
    return replace(outcome, moments=[outcome.moments[min(place, last)] for place in places])


def _latencies(storm: Storm, moments: Sequence[Moment]) -> list[float]:
    """Return the seconds from upload to done of each percent of the uploads, first in first out."""
    done = [moment.done for moment in moments]
    latencies: list[float] = []
    for percent in range(1, 101):
        number = done[-1] * percent / 100
        moment = moments[bisect_left(done, number - _NOTHING / 100)]
        latencies.append(max(moment.second - number / storm.per_second, storm.image_s))
    return latencies


def _notes(storm: Storm, *, refused: bool) -> Iterator[str]:
    if refused:
        yield (
            "The account's concurrency is below what the mapping asks for: messages come back "
            "throttled, each time one receive nearer to the dead-letter queue; lower "
            "maxConcurrency, or have the quota raised."
        )
    if storm.per_second > S3_WRITES_A_SECOND:
        yield (
            f"{storm.per_second:,.0f} uploads a second are more than the {S3_WRITES_A_SECOND:,} "
            "writes that one S3 prefix takes at first; S3 answers 503 until it has split it."
        )
    capacity = _capacity(storm) / storm.image_s
    if capacity * storm.writes > S3_WRITES_A_SECOND:
        yield (
            f"{capacity:,.0f} images a second write {capacity * storm.writes:,.0f} objects, which "
            "S3 takes because each upload has its own prefix, once it has split them."
        )
