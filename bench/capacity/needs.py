"""A case's peak demand on each service, compared with AWS's limit."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bench.capacity import limits
from bench.capacity.drain import Case, Load, most, reserved
from bench.capacity.limits import Limit
from bench.cost.bill import INDEX, Usage
from function.contract import DuplicateSearch
from pipeline.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Need:
    """Demand on a limit, and advice for when the demand exceeds it."""

    limit: Limit
    needed: float
    advice: str  # for more than the limit, where nobody raises it

    @property
    def is_met(self) -> bool:
        """Return whether the default is enough."""
        return self.needed <= self.limit.value

    @property
    def to_do(self) -> str:
        """Advice for the operator."""
        if self.is_met:
            return "enough"
        if self.limit.quota:
            return f"ask for {rounded_up(self.needed):,}"
        return self.advice


def rounded_up(needed: float) -> int:
    """Return a figure to ask for: the next one of two digits and zeros."""
    step = 10 ** max(0, math.floor(math.log10(needed)) - 1)
    return math.ceil(needed / step) * step


def needs(load: Load, found: Case, settings: Settings, usage: Usage, region: str) -> list[Need]:
    """Return a case's demand on each limit: while the burst arrives, and at full concurrency."""
    return [
        *_of_lambda(load, found, settings),
        *_of_storage(load, found, settings, usage),
        *_of_duplicates(found, settings),
        *_of_the_rest(load, found, settings, usage, region),
    ]


def arrivals(load: Load, found: Case) -> float:
    """Return the uploads a second while the burst arrives."""
    return load.mean + load.burst / found.arrival_s


def _of_lambda(load: Load, found: Case, settings: Settings) -> Iterator[Need]:
    storm = found.outcome.storm
    # The account's own value: a new account may have the default of ten.
    limit = replace(limits.CONCURRENCY, value=load.account)
    yield Need(limit=limit, needed=most(settings) + reserved(settings), advice="")
    grown = min(found.concurrency, max(storm.start, storm.growth / 6))
    yield Need(limit=limits.SCALING, needed=grown, advice="throttled for some seconds")
    batches = found.concurrency * settings.batch_size
    yield Need(limit=limits.IN_FLIGHT, needed=batches, advice="")
    if settings.uploads == "presigned":
        forms = load.mean + load.burst / load.over_s
        advice = f"429 beyond it; {math.ceil(forms / limits.INVOCATIONS_EACH):,} reserved would do"
        yield Need(limit=limits.SIGNER, needed=forms, advice=advice)


def _of_storage(load: Load, found: Case, settings: Settings, usage: Usage) -> Iterator[Need]:
    has_duplicates = settings.duplicates != DuplicateSearch.OFF
    for limit, needed in (
        (limits.S3_WRITES, arrivals(load, found)),
        (limits.S3_OUTPUTS, found.per_second * (usage.puts - 1)),
        (limits.S3_READS, found.per_second * (usage.gets + has_duplicates)),
    ):
        partitions = math.ceil(needed / limit.value)
        advice = f"{partitions} partitions; 503 until S3 has split the keys"
        yield Need(limit=limit, needed=needed, advice=advice)


def _of_duplicates(found: Case, settings: Settings) -> Iterator[Need]:
    if settings.duplicates == DuplicateSearch.OFF:
        return
    reads, writes, _ = (found.per_second * each for each in INDEX[settings.duplicates])
    advice = "warm the table before the burst"
    yield Need(limit=limits.NEW_TABLE_READS, needed=reads, advice=advice)
    yield Need(limit=limits.NEW_TABLE_WRITES, needed=writes, advice=advice)
    yield Need(limit=limits.TABLE_READS, needed=reads, advice="")
    yield Need(limit=limits.TABLE_WRITES, needed=writes, advice="")


def _of_the_rest(
    load: Load, found: Case, settings: Settings, usage: Usage, region: str
) -> Iterator[Need]:
    invocations = found.per_second / settings.batch_size
    yield Need(limit=limits.LOGS, needed=invocations, advice="")
    if settings.encryption == "kms":
        uses = arrivals(load, found) + found.per_second * (usage.puts - 1 + usage.gets)
        yield Need(limit=limits.kms(region), needed=uses, advice="")
    if settings.delivery == "cdn" and usage.views:
        yield Need(limit=limits.CDN, needed=load.busiest * usage.views, advice="")
