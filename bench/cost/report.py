"""The bill as ``--json`` writes it, and for people: a table by group, and a page with plots."""

from dataclasses import dataclass
from typing import Final

from rich.table import Table

from bench import charts, pages
from bench.cost import bill
from bench.cost.bill import Bill, Usage

PLOTTED: Final = (
    *("compute", "s3_puts", "s3_gb_month", "sqs_idle_polling", "sqs_requests"),
    *("metrics", "logs_gb"),
)
"""Lines of the plot by line; the others are small, or fixed."""

_X: Final = "images a month"


@dataclass(frozen=True, kw_only=True)
class Result(Bill):
    """The bill of the images that were asked for, what it rests on, and other numbers of images.

    ``usage`` is the work of one image, ``sources`` where each price comes from, and ``words`` are
    sentences for people.
    """

    schema: int = 1
    architecture: str
    free_tier: bool
    region: str
    prices_date: str
    usage: Usage
    usd_per_1000: float
    scales: list[Bill]
    sources: dict[str, str]
    words: list[str]


def table(result: Result) -> Table:
    """Return the lines by group, the largest first."""
    title = f"{result.images:,.0f} images a month, {result.region}, {result.architecture}"
    made = Table("line", title=title, title_justify="left")
    made.add_column("USD a month", justify="right")
    for group, names in bill.GROUPS.items():
        for name in sorted(names, key=lambda name: -result.lines[name]):
            made.add_row(f"  {words(name)}", f"{result.lines[name]:,.4f}")
        made.add_row(f"[bold]{group}[/]", f"[bold]{result.subtotals[group]:,.4f}[/]")
        made.add_section()
    made.add_row("total", f"{result.total_usd:,.4f}")
    made.add_row("per 1,000 images", f"{result.usd_per_1000:,.4f}")
    return made


def page(result: Result) -> str:
    """Return the bill as a page."""
    rows: list[tuple[str, str]] = []
    for group, names in bill.GROUPS.items():
        rows += [(words(name), f"{result.lines[name]:,.4f}") for name in names]
        rows += [(f"{group}, together", f"{result.subtotals[group]:,.4f}")]
    rows += [("total", f"{result.total_usd:,.4f}")]
    images = f"{result.images:,.0f} images"
    sources = "\n".join(f"{name}: {source}" for name, source in result.sources.items())
    return pages.render(
        "cost/page.html",
        title="What a month costs",
        verdict=[f"{images}: ${result.total_usd:,.2f} a month.", *result.words],
        charts=_charts(result.scales),
        scale_head=(_X, "USD", "USD per 1,000", "largest line"),
        scales=[_row(at) for at in result.scales],
        heading=f"{images} a month",
        head=("line", "USD"),
        rows=rows,
        how=(
            f"Prices of {result.prices_date}, free tier {'on' if result.free_tier else 'off'}. "
            f"Storage is one month of one month's images. Usage: {result.usage}\n\n{sources}"
        ),
    )


def _charts(scales: list[Bill]) -> list[charts.Chart | None]:
    by_group = {group: [(at.images, at.subtotals[group]) for at in scales] for group in bill.GROUPS}
    total = {"total": [(at.images, at.total_usd) for at in scales]}
    by_line = {words(name): [(at.images, at.lines[name]) for at in scales] for name in PLOTTED}
    return [
        charts.lines(by_group | total, x=_X, y="USD a month by purpose"),
        charts.lines(by_line, x=_X, y="USD a month by line"),
    ]


def _row(at: Bill) -> tuple[str, ...]:
    each = f"{at.usd_per_1000_images:,.3f}"
    return f"{at.images:,}", f"{at.total_usd:,.2f}", each, words(at.largest)


def words(name: str) -> str:
    """Return the name of a line in words."""
    return name.replace("_", " ")
