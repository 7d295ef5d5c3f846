"""``python -m bench cost``: the whole monthly bill by line, and which line dominates where."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from bench import bill, plot
from bench.machine import UsageError
from local.console import console

SCALES: Final = tuple(10**n for n in range(3, 9))


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
    console().print(_dominance(result))
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    if options.html:
        options.html.write_text(_html(result))
    return 0


def calculate(options: argparse.Namespace) -> dict[str, Any]:
    """The bill for the images asked for, and for each of SCALES."""
    prices = bill.load(options.region)
    usage = bill.Usage(memory_mb=options.memory, billed_ms=options.ms, views=options.views)
    choice = {"architecture": options.architecture, "free_tier": options.free_tier}
    lines = bill.bill(options.images, usage, prices, **choice)
    scales = {n: bill.bill(n, usage, prices, **choice) for n in SCALES}
    return {
        "schema": 1,
        "images": options.images,
        **choice,
        "region": options.region,
        "prices_date": str(prices["date"]),
        "usage": asdict(usage),
        "lines": lines,
        "total_usd": sum(lines.values()),
        "usd_per_1000": sum(lines.values()) / options.images * 1000,
        "scales": [
            {"images": n, "lines": at, "total_usd": sum(at.values())} for n, at in scales.items()
        ],
        "sources": {name: line["source"] for name, line in prices["lines"].items()},
    }


def _table(result: dict[str, Any]) -> Table:
    title = f"{result['images']:,.0f} images a month, {result['region']} {result['architecture']}"
    table = Table("line", title=title, title_justify="left")
    table.add_column("USD a month", justify="right")
    for name, usd in sorted(result["lines"].items(), key=lambda item: -item[1]):
        table.add_row(name.replace("_", " "), f"{usd:,.4f}")
    table.add_section()
    table.add_row("total", f"{result['total_usd']:,.4f}")
    table.add_row("per 1,000 images", f"{result['usd_per_1000']:,.4f}")
    return table


def _dominance(result: dict[str, Any]) -> str:
    return "Largest line: " + "; ".join(
        f"{at['images']:,} images {bill.dominant(at['lines']).replace('_', ' ')}"
        for at in result["scales"]
    )


def _html(result: dict[str, Any]) -> str:
    rows = [(name.replace("_", " "), f"{usd:,.4f}") for name, usd in result["lines"].items()]
    rows += [("total", f"{result['total_usd']:,.4f}")]
    series = {
        name.replace("_", " "): [(at["images"], at["lines"][name]) for at in result["scales"]]
        for name in (
            "compute",
            "s3_puts",
            "s3_gb_month",
            "sqs_idle_polling",
            "dashboards",
            "logs_gb",
        )
    }
    series["total"] = [(at["images"], at["total_usd"]) for at in result["scales"]]
    return plot.page(
        "What a month costs",
        [
            f"{result['images']:,.0f} images: ${result['total_usd']:,.2f} a month.",
            f"{_dominance(result)}.",
        ],
        plot.lines(series, x="images a month", y="USD a month"),
        plot.table(("line", "USD"), rows),
        f"Prices of {result['prices_date']}, free tier {'on' if result['free_tier'] else 'off'}. "
        f"Storage is one month of one month's images. Usage: {result['usage']}",
    )
