"""``python -m bench cost``: the whole monthly bill by line, and which line dominates where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from bench.cost import bill, refresh, report
from bench.cost.backfill import backfills
from bench.cost.bill import Bill, Stack, Usage
from bench.cost.prices import load
from bench.cost.report import Month, Result, StackCost
from bench.cost.stacks import UNNAMED, read
from bench.mapping import GROWTH_A_MINUTE, MAPPING_LIMIT
from bench.memory_sizes import MemorySize
from bench.ranges import Images, Milliseconds, Months, Share, Views
from bench.reports import NO_FILES, Files, publish
from pipeline.settings import Settings
from terminal import console

SCALES: Final = tuple(10**n for n in range(3, 9))
"""Images a month at which the bill is plotted."""

SHOWN: Final = (0, 1000, 100_000, 10_000_000)
"""Images a month at which the bill is shown line by line; 0 is an idle stack."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of ``cost``.

    Attributes:
        stack: Stacks of one account, whose settings count; otherwise the default settings.
        images: Images a month, in each stack.
        memory: Lambda memory in MB, in place of the settings'.
        ms: Billed milliseconds of an image (see bench tune).
        views: CDN fetches of each image.
        viewed: Share of a stack's lazy renditions and formats that are ever viewed, 0 to 1.
        first_view_ms: Billed milliseconds of one first view (see bench tune --first-view).
        months: Months of images that are stored; 1 counts this month's alone.
        region: The region whose prices are used, in place of the stack's.
        architecture: Of the function, in place of the settings'.
        free_tier: Take off what is always free, in the figures of --images.
        backfill: Bill one backfill of so many images in each stack as well, both ways.
        refresh: First write the regions' price files anew from AWS's price list.
    """

    stack: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    images: Images = 100_000
    memory: MemorySize | None = None
    ms: Milliseconds = 700
    views: Views = 0
    viewed: Share = 1
    first_view_ms: Milliseconds = 340
    months: Months = 1
    region: str | None = None
    architecture: Literal["arm64", "x86_64"] | None = None
    free_tier: bool = False
    backfill: Images | None = None
    refresh: bool = False


_DEFAULTS: Final = Options()


def cost(*, options: Options = _DEFAULTS, files: Files = NO_FILES) -> None:
    """Print the bill; write the files that were asked for."""
    if options.refresh:
        _refresh({region for _, region, _ in _chosen(options)})
    result = calculate(options)
    publish(result, report.tables(result), result.words, lambda: report.page(result), files)


def _refresh(regions: set[str]) -> None:
    pricing = refresh.client()
    for region in sorted(regions):
        missing = refresh.refresh(region, pricing)
        console().print(f"bench/cost/prices/{region}.yaml is written.", soft_wrap=True)
        if missing:
            console(stderr=True).print(
                f"AWS's price list does not tell one price of {', '.join(missing)} in {region}; "
                "add it by hand, with its source, if a bill asks for it.",
                soft_wrap=True,
            )


def calculate(options: Options) -> Result:
    """Return the bills of the stacks asked for, each alone and all together."""
    stacks = {name: _stack(region, of, options) for name, region, of in _chosen(options)}
    shown = sorted({*SHOWN, options.images})
    months = {
        (images, free): bill.bills(list(stacks.values()), images, free_tier=free)
        for images in shown
        for free in (False, True)
    }
    costs = [
        StackCost(
            name=name,
            region=stack.prices.region,
            architecture=stack.settings.architecture,
            prices_date=str(stack.prices.date),
            usage=stack.usage,
            months=[Month.at(each[place], free_tier=free) for (_, free), each in months.items()],
        )
        for place, (name, stack) in enumerate(stacks.items())
    ]
    asked = bill.total(months[options.images, options.free_tier])
    scales = [
        bill.total(bill.bills(list(stacks.values()), images, free_tier=options.free_tier))
        for images in SCALES
    ]
    return Result(
        **vars(asked),
        each=options.images,
        free_tier=options.free_tier,
        usd_per_1000=asked.usd_per_1000_images,
        stacks=costs,
        account=[Month.at(bill.total(each), free_tier=free) for (_, free), each in months.items()],
        scales=scales,
        backfills={name: backfills(stack, options.backfill) for name, stack in stacks.items()}
        if options.backfill
        else {},
        sources={
            stack.prices.region: {name: line.source for name, line in stack.prices.lines.items()}
            for stack in stacks.values()
        },
        words=[
            *(_promise(each) for each in costs if options.months == 1),
            _largest(scales, len(stacks)),
            *_assumptions(options, stacks),
        ],
    )


def _chosen(options: Options) -> Iterator[tuple[str, str, Settings]]:
    """Yield the name, region and settings of each stack, with what the options set of them."""
    for name in dict.fromkeys(options.stack) or (None,):
        region, settings = read(name, options.region)
        if options.architecture:
            settings = replace(settings, architecture=options.architecture)
        yield name or UNNAMED, region, settings


def _stack(region: str, settings: Settings, options: Options) -> Stack:
    usage = Usage(
        billed_ms=options.ms,
        views=options.views,
        viewed=options.viewed,
        first_view_ms=options.first_view_ms,
        months=options.months,
    ).of(settings)
    if options.memory:
        usage = replace(usage, memory_mb=options.memory)
    return Stack(prices=load(region), usage=usage, settings=settings)


def _promise(stack: StackCost) -> str:
    """Return what a stack costs idle and at the 1,000 images that the promise is about."""
    idle, full, free = stack.month(0), stack.month(1000), stack.month(1000, free_tier=True)
    paid = full.subtotals
    kept = paid["processing"] + paid["storage"] < bill.PROMISED_USD
    if full.total_usd < bill.PROMISED_USD:
        promise = "kept in all"
    elif kept:
        promise = "kept for processing and storage, which the promise covers"
    else:
        promise = "MISSED"
    return (
        f"{stack.name}, without any free tier: ${idle.total_usd:.2f} a month idle, "
        f"${full.total_usd:.2f} for 1,000 images, of which processing ${paid['processing']:.2f}, "
        f"storing ${paid['storage']:.2f} and monitoring ${paid['monitoring']:.2f}. "
        f"Below ${bill.PROMISED_USD:.2f} for 1,000 images a month: {promise}. "
        f"With AWS's always-free tier all of it together is ${free.total_usd:.2f}, of which "
        f"monitoring ${free.subtotals['monitoring']:.2f}."
    )


def _largest(scales: list[Bill], stacks: int) -> str:
    firsts = [next(same) for _, same in groupby(scales, key=lambda at: at.largest)]
    parts = (
        f"{report.line_name(at.largest)} from {at.images / stacks:,.0f} images" for at in firsts
    )
    return f"Largest line: {', then '.join(parts)}."


def _assumptions(options: Options, stacks: dict[str, Stack]) -> Iterator[str]:
    if any(stack.settings.architecture == "arm64" for stack in stacks.values()):
        yield (
            "ASSUMPTION: arm64 prices beside a duration that was measured on x86_64. No arm64 "
            "machine was measured; --architecture x86_64 bills what was, or give your own --ms."
        )
    others = [name for name, stack in stacks.items() if _differs(stack)]
    if others and options.ms == _DEFAULTS.ms:
        yield (
            f"ASSUMPTION: {options.ms:g} ms an image were measured at {bill.DEFAULTS.memory} MB "
            f"for the default renditions, which are not those of {_listed(others)}; give "
            "your own --ms."
        )
    for name, stack in stacks.items():
        most = stack.usage.lazy + bill.FORMAT_PUTS * stack.usage.lazy_formats
        if most:
            puts = stack.usage.puts + most * stack.usage.viewed
            usd = stack.prices.price("s3_puts").charge(puts * 1000)
            yield (
                f"{name} writes {puts:g} objects an image where {options.viewed:.0%} of its lazy "
                f"renditions are viewed: ${usd:.3f} of PUTs for 1,000 images. If all are viewed, "
                f"it writes {stack.usage.puts + most:g} at most."
            )
    usages = [stack.usage for stack in stacks.values()]
    yield from _first_views(options, any(use.lazy or use.lazy_formats for use in usages))
    if any(use.lazy_formats for use in usages):
        yield (
            f"ASSUMPTION: {Usage.format_ms:g} ms a lazy format and "
            f"{Usage.stand_in_ms:g} ms a view that stands in for one."
        )
    if any(stack.settings.pollers for stack in stacks.values()):
        rate = MAPPING_LIMIT * 1000 / options.ms
        yield (
            "Poller hours are those of the fewest pollers; more are paid while they poll. They "
            f"save no other line: they pay from {rate:,.0f} images a second on, which is what the "
            f"{MAPPING_LIMIT:,} batches at once of a mapping without them process at "
            f"{options.ms:g} ms an image, or where a burst cannot wait while Lambda adds "
            f"{GROWTH_A_MINUTE} batches a minute (see bench load)."
        )
    if len(stacks) > 1:
        yield f"The free tier is counted once for {_listed(list(stacks))}, as of one account."


def _first_views(options: Options, has_lazy: bool) -> Iterator[str]:  # noqa: FBT001
    asked = (options.viewed, options.first_view_ms)
    if not has_lazy and asked != (_DEFAULTS.viewed, _DEFAULTS.first_view_ms):
        yield "--viewed and --first-view-ms change nothing here: no stack has lazy renditions."
    if has_lazy and options.first_view_ms == _DEFAULTS.first_view_ms:
        yield (
            f"A first view is billed as {options.first_view_ms:g} ms, the mean of the default "
            "renditions' files at 1024 MB in the sandbox; `bench tune --first-view` measures "
            "yours, for --first-view-ms."
        )


def _differs(stack: Stack) -> bool:
    default = Usage().of(bill.DEFAULTS)
    found, usual = (
        (usage.memory_mb, usage.puts, usage.lazy, usage.lazy_formats)
        for usage in (stack.usage, default)
    )
    return found != usual


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
