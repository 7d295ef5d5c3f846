"""``python -m bench cost``: the whole monthly bill by line, and which line dominates where."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from cyclopts import Parameter
from cyclopts.types import NonNegativeFloat, PositiveFloat, PositiveInt

from bench.cost import bill, report
from bench.cost.bill import Usage
from bench.cost.results import Result, Scale, scale
from bench.reports import write_json
from terminal import console

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
        json: Write the figures to this file.
        html: Write a page with plots to this file.
    """

    images: PositiveFloat = 100_000
    memory: PositiveInt = 1024
    ms: PositiveFloat = 700
    views: NonNegativeFloat = 0
    region: str = "us-east-1"
    architecture: Literal["arm64", "x86_64"] = "arm64"
    free_tier: bool = False
    json: Path | None = None
    html: Path | None = None


_DEFAULTS: Final = Options()


def cost(*, options: Options = _DEFAULTS) -> None:
    """Print the bill; write the files that were asked for."""
    result = calculate(options)
    out = console()
    out.print(report.table(result))
    for sentence in result.words:
        out.print(sentence, soft_wrap=True)
    write_json(options.json, result)
    if options.html:
        options.html.write_text(report.page(result), encoding="utf-8")


def calculate(options: Options) -> Result:
    """Return the bill for the images asked for, and for each of SCALES."""
    prices = bill.load(options.region)
    usage = Usage(memory_mb=options.memory, billed_ms=options.ms, views=options.views)

    def at(images: float, *, free_tier: bool = options.free_tier) -> Scale:
        architecture = options.architecture
        return scale(
            images,
            bill.bill(images, usage, prices, architecture=architecture, free_tier=free_tier),
        )

    asked, scales = at(options.images), [at(images) for images in SCALES]
    return Result(
        **vars(asked),
        architecture=options.architecture,
        free_tier=options.free_tier,
        region=options.region,
        prices_date=str(prices["date"]),
        usage=usage,
        usd_per_1000=asked.usd_per_1000_images,
        scales=scales,
        sources=_sources(prices),
        words=[
            _promise(at(1000, free_tier=False), at(1000, free_tier=True)),
            *_words(options.architecture, scales),
        ],
    )


def _sources(prices: dict[str, Any]) -> dict[str, str]:
    return {name: line["source"] for name, line in prices["lines"].items()}


def _promise(full: Scale, free: Scale) -> str:
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


def _words(architecture: str, scales: list[Scale]) -> Iterator[str]:
    yield _dominance(scales)
    if architecture == "arm64":
        yield (
            "ASSUMPTION: arm64 prices beside a duration that was measured on x86_64. No arm64 "
            "machine was measured; --architecture x86_64 bills what was, or give --ms of your own."
        )


def _dominance(scales: list[Scale]) -> str:
    """Return which line costs most, from which number of images on."""
    parts: list[str] = []
    last = ""
    for at in scales:
        name = report.largest(at)
        if name != last:
            parts.append(f"{name} from {at.images:,} images")
        last = name
    return f"Largest line: {', then '.join(parts)}."
