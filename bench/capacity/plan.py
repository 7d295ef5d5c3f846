"""The plan for a month's uploads and a burst: its course, quotas to ask for, and cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bench import machine
from bench.capacity import drain, limits, scaling
from bench.capacity.drain import Case, Load
from bench.capacity.needs import Need, arrivals, needs
from bench.cost import bill
from bench.cost.bill import Bill, Stack
from bench.machine import Machine
from bench.reports import duration
from pipeline.settings import Settings
from terminal import counted


@dataclass(frozen=True, kw_only=True)
class Way:
    """Settings, the burst's course under them, and their demand on each limit."""

    name: str  # "now" or "recommended"
    case: Case
    needs: list[Need]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The plan of one stack; ``ways`` has one entry if the present settings are enough.

    ``month`` is the bill of the month's uploads, and ``burst`` what the burst adds to each line,
    both before any free tier and for the settings recommended.
    """

    schema: int = 1
    machine: Machine = field(default_factory=machine.facts)
    stack: str
    region: str
    load: Load
    ways: list[Way]
    month: Bill
    burst: dict[str, float]
    words: list[str]

    @property
    def burst_usd(self) -> float:
        """The burst's whole cost."""
        return sum(self.burst.values())


def plan(name: str, stack: Stack, load: Load) -> Result:
    """Return what a stack needs for some uploads."""
    ways = [_way("now", stack, stack.settings, load, load)]
    settings = stack.settings
    if not drain.is_enough(load, ways[0].case):
        settings = drain.recommend(load, stack.settings)
        raised = _with_account(load, settings)
        ways.append(_way("recommended", stack, settings, load, raised))
    month = bill.bill(load.images, stack.usage, stack.prices, settings)
    whole = bill.bill(load.images + load.burst, stack.usage, stack.prices, settings)
    burst = {line: whole.lines[line] - usd for line, usd in month.lines.items()}
    return Result(
        stack=name,
        region=stack.prices.region,
        load=load,
        ways=ways,
        month=month,
        burst=burst,
        words=list(_sentences(load, ways, settings, month, sum(burst.values()))),
    )


def _way(name: str, stack: Stack, settings: Settings, load: Load, raised: Load) -> Way:
    """Return a way in the account that ``raised`` has, and what it needs of that of ``load``."""
    found = drain.case(raised, settings)
    needed = needs(load, found, settings, stack.usage, stack.prices.region)
    thin = replace(found, outcome=scaling.thin(found.outcome))
    return Way(name=name, case=thin, needs=needed)


def _with_account(load: Load, settings: Settings) -> Load:
    """Return the load in an account that has the concurrency of these settings."""
    needed = drain.most(settings) + drain.reserved(settings)
    return replace(load, account=max(load.account, needed))


def _sentences(
    load: Load, ways: Sequence[Way], settings: Settings, month: Bill, burst_usd: float
) -> Iterator[str]:
    """Yield the verdict, and what it rests on."""
    best = ways[-1]
    yield from (_course(load, way) for way in ways)
    yield _quotas(best)
    yield from _limits(load, best, settings)
    images = counted(round(load.images), "image")
    yield (
        f"A month of {images} costs ${month.total_usd:,.0f}, of which "
        f"storing them for one month ${month.lines['s3_gb_month']:,.0f}; the burst costs "
        f"${burst_usd:,.0f} more; before any free tier."
    )
    yield (
        f"Reckoned, not tried on AWS: {load.image_s * 1000:g} ms an image (see bench tune), the "
        f"busiest hour {load.peak:g} times the mean, and limits as AWS documents them."
    )


def _course(load: Load, way: Way) -> str:
    """Return whether a case keeps up, and how long the burst takes to drain."""
    found = way.case
    rate = f"With {found.setting} ({way.name}) {found.per_second:,.1f} images a second"
    drained, kept = duration(found.outcome.drained_s), duration(limits.RETENTION_S)
    if found.is_alone:
        words = (
            f"{rate} are processed, fewer than the {load.mean:,.1f} of the month: the queue only "
            f"grows, and SQS deletes what has waited {kept}. The burst of {load.burst:,.0f} alone "
            f"would drain within {drained} of its last upload"
        )
    else:
        words = (
            f"{rate} are processed: a burst of {load.burst:,.0f} drains within {drained} of its "
            f"last upload, beside the {load.mean:,.1f} a second of the month"
        )
        if not found.keeps_up:
            words += f"; the busiest hour brings {load.busiest:,.1f} a second, so a queue forms"
    if found.lost:
        words += (
            f". SQS deletes what has waited {kept}: at least {found.lost:,.0f} uploads of the "
            "burst are not processed until a backfill"
        )
    if found.outcome.throttled:
        words += (
            f". The account leaves the function {found.concurrency:,.0f} at once, so messages come "
            "back throttled, each time one receive nearer to the dead-letter queue"
        )
    if way.name == "recommended" and not drain.is_enough(load, found):
        words += f". No setting of one mapping {_lacking(load, found)}"
    return f"{words}."


def _lacking(load: Load, found: Case) -> str:
    """Return what a case that is not enough does not do, as the end of a sentence."""
    if found.is_alone:
        return "keeps up with the month"
    if found.outcome.drained_s <= load.within_s:
        return "keeps up with the busiest hour"
    return f"drains it in {duration(load.within_s)}"


def _quotas(way: Way) -> str:
    asked = [need for need in way.needs if need.limit.quota and not need.is_met]
    if not asked:
        return "No quota has to be raised, if nothing else in the account needs it."
    parts = "; ".join(f"{need.limit.quota}: {need.to_do}" for need in asked)
    return f"Quotas to ask for, plus what else the account runs: {parts}."


def _limits(load: Load, way: Way, settings: Settings) -> Iterator[str]:
    """Yield limits that no quota changes: the signer's rate, and S3's response to a rise."""
    found = way.case
    if not found.lost and not found.is_alone:
        yield (
            f"SQS keeps a message {duration(limits.RETENTION_S)}, so none of the burst is deleted "
            "before it is processed."
        )
    if found.arrival_s > load.over_s:
        yield (
            f"The signer hands out {limits.SIGNER.value:,.0f} forms a second, so the burst takes "
            f"{duration(found.arrival_s)} to arrive; CONCURRENCY in pipeline/signer.py sets that."
        )
    s3 = (limits.S3_WRITES, limits.S3_OUTPUTS, limits.S3_READS)
    split = [need for need in way.needs if need.limit in s3 and not need.is_met]
    if split:
        parts = ", ".join(f"{n.needed:,.0f} {n.limit.name.split(', ')[1]}" for n in split)
        keys = (
            "Keys begin with a random part, which S3 can split."
            if settings.uploads == "presigned"
            else f"Uploaders choose the keys: let a random part follow {settings.prefix}."
        )
        yield (
            f"S3 needs several partitions for {parts} a second, and answers 503 Slow Down until "
            f"it has split the keys, which takes minutes; the function's requests are retried, "
            f"and so is the message. {keys}"
        )
    if any(need.limit.name.startswith("DynamoDB") and not need.is_met for need in way.needs):
        yield "The table of duplicates is throttled at first: warm it before the burst."
    rate = arrivals(load, found)
    yield f"While the burst arrives, {rate:,.0f} uploads a second reach the source bucket."
