"""``python -m bench cost``: the whole monthly bill by line, and which line dominates where."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from bench import bill, plot
from bench.machine import UsageError
from terminal import console

SCALES: Final = tuple(10**n for n in range(3, 9))
PLOTTED: Final = (
    *("compute", "s3_puts", "s3_gb_month", "sqs_idle_polling", "sqs_requests"),
    *("metrics", "logs_gb"),
)


def register(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("cost", help="the monthly bill by line", description=__doc__)
    parser.add_argument("--images", type=float, default=100_000, help="images a month")
    parser.add_argument("--memory", type=int, default=1024, help="Lambda memory in MB")
    parser.add_argument("--ms", type=float, default=700, help="billed ms an image (see bench tune)")
    parser.add_argument("--views", type=float, default=0, help="CDN fetches of each image")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), default="arm64")
    parser.add_argument("--free-tier", action="store_true", help="take off what is always free")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--html", type=Path, help="write a page with a plot to this file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the bill; write the files that were asked for."""
    if options.images <= 0 or options.ms <= 0 or options.memory <= 0 or options.views < 0:
        raise UsageError("--images, --ms and --memory must be above 0, and --views not below.")
    result = calculate(options)
    console().print(_table(result))
    for line in result["words"]:
        console().print(line, soft_wrap=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if options.html:
        options.html.write_text(_html(result), encoding="utf-8")
    return 0


def calculate(options: argparse.Namespace) -> dict[str, Any]:
    """The bill for the images asked for, and for each of SCALES."""
    prices = bill.load(options.region)
    usage = bill.Usage(memory_mb=options.memory, billed_ms=options.ms, views=options.views)
    choice = {"architecture": options.architecture, "free_tier": options.free_tier}
    lines = bill.bill(options.images, usage, prices, **choice)
    scales = {n: bill.bill(n, usage, prices, **choice) for n in SCALES}
    result: dict[str, Any] = {
        "schema": 1,
        "images": options.images,
        **choice,
        "region": options.region,
        "prices_date": str(prices["date"]),
        "usage": asdict(usage),
        "lines": lines,
        "subtotals": bill.subtotals(lines),
        "total_usd": sum(lines.values()),
        "usd_per_1000": sum(lines.values()) / options.images * 1000,
        "scales": [
            {
                "images": n,
                "lines": at,
                "subtotals": bill.subtotals(at),
                "total_usd": sum(at.values()),
            }
            for n, at in scales.items()
        ],
        "sources": {name: line["source"] for name, line in prices["lines"].items()},
    }
    return {**result, "words": [_promise(usage, prices, choice), *_words(result)]}


def _promise(usage: bill.Usage, prices: dict[str, Any], choice: dict[str, Any]) -> str:
    """What the promise covers, and what it does not, at the 1,000 images that it is about."""
    architecture = choice["architecture"]
    full, free = (
        bill.subtotals(
            bill.bill(1000, usage, prices, architecture=architecture, free_tier=free_tier)
        )
        for free_tier in (False, True)
    )
    covered = full["processing"] + full["storage"]
    word = "kept" if covered < bill.PROMISED_USD else "MISSED"
    return (
        f"Below ${bill.PROMISED_USD:.2f} for 1,000 images a month: {word} for what the promise is "
        f"about, processing ${full['processing']:.2f} and storing ${full['storage']:.2f}, before "
        f"any free tier. Monitoring is ${full['monitoring']:.2f} besides, nearly the same at any "
        f"number of images. With AWS's always-free tier all of it together is "
        f"${sum(free.values()):.2f}, of which monitoring ${free['monitoring']:.2f}."
    )


def _words(result: dict[str, Any]) -> Iterator[str]:
    yield _dominance(result)
    if result["architecture"] == "arm64":
        yield (
            "ASSUMPTION: arm64 prices beside a duration that was measured on x86_64. No arm64 "
            "machine was measured; --architecture x86_64 bills what was, or give --ms of your own."
        )


def _table(result: dict[str, Any]) -> Table:
    title = f"{result['images']:,.0f} images a month, {result['region']}, {result['architecture']}"
    table = Table("line", title=title, title_justify="left")
    table.add_column("USD a month", justify="right")
    for group, names in bill.GROUPS.items():
        for name in sorted(names, key=lambda name: -result["lines"][name]):
            table.add_row(f"  {name.replace('_', ' ')}", f"{result['lines'][name]:,.4f}")
        table.add_row(f"[bold]{group}[/]", f"[bold]{result['subtotals'][group]:,.4f}[/]")
        table.add_section()
    table.add_row("total", f"{result['total_usd']:,.4f}")
    table.add_row("per 1,000 images", f"{result['usd_per_1000']:,.4f}")
    return table


def _dominance(result: dict[str, Any]) -> str:
    """Which line costs most, from which number of images on."""
    parts: list[str] = []
    last = ""
    for at in result["scales"]:
        name = bill.dominant(at["lines"]).replace("_", " ")
        if name != last:
            parts.append(f"{name} from {at['images']:,} images")
        last = name
    return f"Largest line: {', then '.join(parts)}."


def _html(result: dict[str, Any]) -> str:
    rows: list[tuple[str, str]] = []
    for group, names in bill.GROUPS.items():
        rows += [(name.replace("_", " "), f"{result['lines'][name]:,.4f}") for name in names]
        rows += [(f"{group}, together", f"{result['subtotals'][group]:,.4f}")]
    rows += [("total", f"{result['total_usd']:,.4f}")]
    by_group = {
        group: [(at["images"], at["subtotals"][group]) for at in result["scales"]]
        for group in bill.GROUPS
    }
    total = {"total": [(at["images"], at["total_usd"]) for at in result["scales"]]}
    by_line = {
        name.replace("_", " "): [(at["images"], at["lines"][name]) for at in result["scales"]]
        for name in PLOTTED
    }
    largest = [_scale_row(at) for at in result["scales"]]
    return plot.page(
        "What a month costs",
        [f"{result['images']:,.0f} images: ${result['total_usd']:,.2f} a month.", *result["words"]],
        plot.lines({**by_group, **total}, x="images a month", y="USD a month by purpose"),
        plot.lines(by_line, x="images a month", y="USD a month by line"),
        plot.table(("images a month", "USD", "USD per 1,000", "largest line"), largest),
        f"<h2>{result['images']:,.0f} images a month</h2>",
        plot.table(("line", "USD"), rows),
        f"Prices of {result['prices_date']}, free tier {'on' if result['free_tier'] else 'off'}. "
        f"Storage is one month of one month's images. Usage: {result['usage']}\n\n"
        + "\n".join(f"{name}: {source}" for name, source in result["sources"].items()),
    )


def _scale_row(at: dict[str, Any]) -> tuple[str, ...]:
    usd = at["total_usd"]
    each = f"{usd / at['images'] * 1000:,.3f}"
    return f"{at['images']:,}", f"{usd:,.2f}", each, bill.dominant(at["lines"]).replace("_", " ")
