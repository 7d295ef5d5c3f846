"""The time that a burst takes to drain under some settings, on top of a month's uploads."""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from bench.capacity import limits, scaling
from bench.capacity.scaling import Outcome, Storm
from bench.cost.bill import MONTH_S
from bench.mapping import GROWTH_A_MINUTE, MAPPING_LIMIT, START
from pipeline.pollers import Pollers
from pipeline.settings import Settings

POLLER_INVOCATIONS: Final = 10
POLLER_GROWTH_A_MINUTE: Final = 1000
"""Invocations at once for each provisioned poller, and how many more a minute in all (AWS Lambda
Developer Guide, "Configuring scaling behavior for SQS event source mappings", read 2026-11-27)."""

_FEWEST_POLLERS: Final = 2
_MOST_POLLERS: Final = 2000
"""The limits of the setting ``pollers``, which ``pipeline/settings.py`` checks."""

_STEP: Final = 10
"""Recommended figures are multiples of it, because the simulation is not more exact."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """The uploads to plan for, and the time that one takes."""

    images: float  # uploads a month
    burst: float  # uploads that come at once, on top of them
    over_s: float  # seconds in which the burst arrives
    peak: float  # uploads of the busiest hour over those of a mean one
    within_s: float  # seconds from its last upload until the burst must be processed
    image_s: float  # seconds of function time of one image
    init_s: float  # initialisation of a new environment
    account: float  # concurrency of the account

    @property
    def mean(self) -> float:
        """Uploads a second of the month."""
        return self.images / MONTH_S

    @property
    def busiest(self) -> float:
        """Uploads a second of the busiest hour."""
        return self.mean * self.peak


@dataclass(frozen=True, kw_only=True)
class Case:
    """The burst under one kind of settings.

    The outcome is that of the burst beside the month's uploads, or alone if those take more than
    there is.
    """

    setting: str  # as people write it, e.g. ``maxConcurrency 10``
    concurrency: float  # most images at once
    per_second: float  # images a second at that concurrency
    arrival_s: float  # seconds in which the burst arrives, once the signer has let it
    outcome: Outcome  # the burst, in what the month's uploads leave of the concurrency
    is_alone: bool  # whether the month's uploads leave nothing, and are not in it
    keeps_up: bool  # whether the busiest hour's uploads are processed as they come
    lost: float  # uploads of the burst whose messages SQS deletes first, at least


def case(load: Load, settings: Settings) -> Case:
    """Return the burst's course under a stack's settings.

    The month's uploads keep some of the concurrency busy all the time; the burst gets the rest.
    """
    start, growth, ceiling = _mapping(settings)
    account = load.account - reserved(settings)
    concurrency = min(ceiling, account)
    arrival_s = load.over_s
    if settings.uploads == "presigned":
        arrival_s = max(load.over_s, load.burst / limits.SIGNER.value)
    busy = load.mean * load.image_s
    is_alone = concurrency <= busy
    taken = 0 if is_alone else busy
    outcome = scaling.simulate(
        Storm(
            per_second=load.burst / arrival_s,
            seconds=arrival_s,
            image_s=load.image_s,
            init_s=load.init_s,
            max_concurrency=ceiling - taken,
            account=account - taken,
            start=start,
            growth=growth,
        )
    )
    return Case(
        setting=_describe(settings),
        concurrency=concurrency,
        per_second=concurrency / load.image_s,
        arrival_s=arrival_s,
        outcome=outcome,
        is_alone=is_alone,
        keeps_up=load.busiest * load.image_s <= concurrency,
        lost=_lost(outcome),
    )


def recommend(load: Load, settings: Settings) -> Settings:
    """Return the settings with the least concurrency that drains the burst in time and keeps up.

    Maximum concurrency up to what a mapping takes, then provisioned pollers. If nothing is enough,
    the least that is within a hundredth as fast as the most pollers. The account is assumed to have
    the concurrency that they need.
    """
    plenty = replace(load, account=float("inf"))
    candidates = list(_candidates(settings))

    def least(is_good: Callable[[Case], bool]) -> int:
        return bisect_left(candidates, 1, key=lambda each: int(is_good(case(plenty, each))))

    place = least(lambda found: is_enough(plenty, found))
    if place == len(candidates):
        fastest = case(plenty, candidates[-1]).outcome.drained_s
        place = least(lambda found: found.keeps_up and found.outcome.drained_s <= 1.01 * fastest)
    return candidates[min(place, len(candidates) - 1)]


def is_enough(load: Load, found: Case) -> bool:
    """Return whether the burst drains in time while the busiest hour is kept up with."""
    in_time = found.outcome.drained_s <= load.within_s and not found.lost
    return in_time and found.keeps_up and not found.is_alone


def _candidates(settings: Settings) -> Iterator[Settings]:
    for ceiling in range(_STEP, MAPPING_LIMIT + 1, _STEP):
        yield replace(settings, pollers=None, max_concurrency=ceiling)
    first = MAPPING_LIMIT // POLLER_INVOCATIONS + _STEP
    for ceiling in range(first, _MOST_POLLERS + 1, _STEP):
        pollers = Pollers(min=_FEWEST_POLLERS, max=ceiling)
        yield replace(settings, max_concurrency=0, pollers=pollers)


def reserved(settings: Settings) -> int:
    """Return the account's concurrency that the other functions of the stack reserve."""
    signer = limits.SIGNER_CONCURRENCY if settings.uploads == "presigned" else 0
    views = settings.view_concurrency if settings.has_lazy else 0
    return signer + views + settings.batch_operations_concurrency


def most(settings: Settings) -> float:
    """Return the most images at once that a stack's settings let the function process."""
    return _mapping(settings)[2]


def _mapping(settings: Settings) -> tuple[float, float, float]:
    """Return the batches at once to begin with, how many more a minute, and the most."""
    if settings.pollers:
        start = settings.pollers.min * POLLER_INVOCATIONS
        return start, POLLER_GROWTH_A_MINUTE, settings.pollers.max * POLLER_INVOCATIONS
    return START, GROWTH_A_MINUTE, settings.max_concurrency or MAPPING_LIMIT


def _describe(settings: Settings) -> str:
    if settings.pollers:
        return f"pollers {settings.pollers.min} to {settings.pollers.max}"
    return f"maxConcurrency {settings.max_concurrency}"


def _lost(outcome: Outcome) -> float:
    """Return how many uploads still wait when SQS deletes the message of the burst's last one."""
    if outcome.drained_s <= limits.RETENTION_S:
        return 0.0
    end = outcome.storm.seconds + limits.RETENTION_S
    return next(moment.waiting for moment in outcome.moments if moment.second >= end)
