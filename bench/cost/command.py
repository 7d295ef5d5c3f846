"""``python -m bench cost``: the whole monthly bill by line, and which line dominates where."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from cyclopts import Parameter
from cyclopts.types import NonNegativeFloat, PositiveFloat, PositiveInt

from bench.cost import bill, report
from bench.cost.bill import Bill, Usage
from bench.cost.report import Result
from bench.reports import NO_FILES, Files, publish

SCALES: Final = tuple(10**n for n in range(3, 9))
"""Images a month at which the bill is shown besides."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of ``cost``.

    Attributes:
        images: Images a month.
        memory: Lambda memory in MB.
        ms: Billed milliseconds of an image (see bench tune).
        views: CDN fetches of each image.
        region: The region whose prices are used.
        architecture: Of the function.
        free_tier: Take off what is always free.
    """

    images: PositiveFloat = 100_000
    memory: PositiveInt = 1024
    ms: PositiveFloat = 700
    views: NonNegativeFloat = 0
    region: str = "us-east-1"
    architecture: Literal["arm64", "x86_64"] = "arm64"
    free_tier: bool = False


_DEFAULTS: Final = Options()


def cost(*, options: Options = _DEFAULTS, files: Files = NO_FILES) -> None:
    """Print the bill; write the files that were asked for."""
    result = calculate(options)
    publish(result, [report.table(result)], result.words, lambda: report.page(result), files)


def calculate(options: Options) -> Result:
    """Return the bill for the images asked for, and for each of SCALES."""
    prices, architecture = bill.load(options.region), options.architecture
    usage = Usage(memory_mb=options.memory, billed_ms=options.ms, views=options.views)

    def at(images: float, *, free_tier: bool = options.free_tier) -> Bill:
        return bill.bill(images, usage, prices, architecture=architecture, free_tier=free_tier)

    asked, scales = at(options.images), [at(images) for images in SCALES]
    return Result(
        **vars(asked),
        architecture=architecture,
        free_tier=options.free_tier,
        region=options.region,
        prices_date=str(prices.date),
        usage=usage,
        usd_per_1000=asked.usd_per_1000_images,
        scales=scales,
        sources={name: line.source for name, line in prices.lines.items()},
        words=[
            _promise(at(1000, free_tier=False), at(1000, free_tier=True)),
            *_words(architecture, scales),
        ],
    )


def _promise(full: Bill, free: Bill) -> str:
    """Return what the promise covers, and what it does not, at the 1,000 images it is about."""
    paid = full.subtotals
    word = "kept" if paid["processing"] + paid["storage"] < bill.PROMISED_USD else "MISSED"
    return (
        f"Below ${bill.PROMISED_USD:.2f} for 1,000 images a month: {word} for what the promise is "
        f"about, processing ${paid['processing']:.2f} and storing ${paid['storage']:.2f}, before "
        f"any free tier. Monitoring is ${paid['monitoring']:.2f} besides, nearly the same at any "
        f"number of images. With AWS's always-free tier all of it together is "
        f"${free.total_usd:.2f}, of which monitoring ${free.subtotals['monitoring']:.2f}."
    )


def _words(architecture: str, scales: list[Bill]) -> Iterator[str]:
    firsts = [next(same) for _, same in groupby(scales, key=lambda at: at.largest)]
    parts = (f"{report.words(at.largest)} from {at.images:,} images" for at in firsts)
    yield f"Largest line: {', then '.join(parts)}."
    if architecture == "arm64":
        yield (
            "ASSUMPTION: arm64 prices beside a duration that was measured on x86_64. No arm64 "
            "machine was measured; --architecture x86_64 bills what was, or give --ms of your own."
        )
