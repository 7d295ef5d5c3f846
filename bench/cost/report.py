"""The bill as ``--json`` writes it, and for people: tables by line, and a page with plots."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

from bench import charts, pages, reports
from bench.cost import bill
from bench.cost.backfill import Backfill
from bench.cost.bill import Bill, Usage
from bench.cost.prices import free_tier_source
from terminal import counted

ALL: Final = "all"
"""Heading of what the stacks cost together."""

_SMALL_USD: Final = 100
_TIERS: Final = {False: "without any free tier", True: "with the free tier"}


@dataclass(frozen=True, kw_only=True)
class Month(Bill):
    """A bill, and whether what is always free was taken off."""

    free_tier: bool

    @classmethod
    def at(cls, of: Bill, *, free_tier: bool) -> "Month":
        """Return a bill as one of a series."""
        return cls(**vars(of), free_tier=free_tier)


@dataclass(frozen=True, kw_only=True)
class StackCost:
    """A stack's bills by number of images, and what they rest on.

    ``usage`` is the work of one image.
    """

    name: str
    region: str
    architecture: str
    prices_date: str
    usage: Usage
    months: list[Month]

    def month(self, images: float, *, free_tier: bool = False) -> Month:
        """Return the bill of a number of images that ``months`` has."""
        found = (m for m in self.months if (m.images, m.free_tier) == (images, free_tier))
        return next(found)


@dataclass(frozen=True, kw_only=True)
class Result(Bill):
    """The bill of all stacks together at ``each`` images in each, and other numbers of images.

    ``account`` has their bills together in the order of each stack's ``months``. ``sources`` says
    by region where each price comes from, and ``words`` are sentences for people. ``backfills`` has
    what one costs each stack, each way, if it was asked for.
    """

    schema: int = 2
    each: float
    free_tier: bool
    usd_per_1000: float
    stacks: list[StackCost]
    account: list[Month]
    scales: list[Bill]
    backfills: dict[str, list[Backfill]]
    sources: dict[str, dict[str, str]]
    words: list[str]


@dataclass(frozen=True, kw_only=True)
class _Grid:
    """A table of bills: each column is one, with its heading."""

    title: str
    bills: dict[str, Bill]

    @property
    def head(self) -> list[str]:
        return ["USD a month", *self.bills]

    def rows(self) -> Iterator[list[str]]:
        """Yield the lines that cost something, by group and the largest first; then the whole."""
        columns = list(self.bills.values())
        for group, names in bill.GROUPS.items():
            some = [name for name in names if any(column.lines[name] for column in columns)]
            for name in sorted(some, key=lambda name: -columns[-1].lines[name]):
                yield [line_name(name), *(dollars(column.lines[name]) for column in columns)]
            yield [f"{group}, together", *(dollars(c.subtotals[group]) for c in columns)]
        yield ["total", *(dollars(column.total_usd) for column in columns)]
        each = (dollars(c.usd_per_1000_images) if c.images else "" for c in columns)
        yield ["per 1,000 images", *each]


def tables(result: Result) -> list[Table]:
    """Return what a terminal shows: of one stack all numbers of images, of several those asked."""
    if len(result.stacks) == 1:
        grids = [_of_stack(result.stacks[0], free_tier=free) for free in _TIERS]
        alone = [reports.table(grid.title, grid.head, grid.rows()) for grid in grids]
        return [*alone, *_backfills(result)]
    names, rows = _totals(result)
    grids = [_side_by_side(result, result.each, free_tier=free) for free in _TIERS]
    return [
        reports.table("USD a month in all", names, rows),
        *(reports.table(grid.title, grid.head, grid.rows()) for grid in grids),
        *_backfills(result),
    ]


def _backfills(result: Result) -> Iterator[Table]:
    """Yield a table for each stack: a column for each way, a row for each line."""
    for name, ways in result.backfills.items():
        lines = dict.fromkeys(line for way in ways for line in way.lines)
        rows = [
            [line_name(line), *(dollars(way.lines.get(line, 0)) for way in ways)] for line in lines
        ]
        rows.append(["total", *(dollars(way.total_usd) for way in ways)])
        images = counted(round(ways[0].images), "image")
        title = f"One backfill of {images} of {name}, {_TIERS[False]}"
        yield reports.table(title, ["USD", *(way.way for way in ways)], rows)


def _of_stack(stack: StackCost, *, free_tier: bool) -> _Grid:
    where = f"{stack.region}, {stack.architecture}, prices of {stack.prices_date}"
    return _Grid(
        title=f"{stack.name}, {_TIERS[free_tier]} ({where})",
        bills={count(m.images): m for m in stack.months if m.free_tier == free_tier},
    )


def _side_by_side(result: Result, images: float, *, free_tier: bool) -> _Grid:
    found = {stack.name: stack.month(images, free_tier=free_tier) for stack in result.stacks}
    said = f"{counted(round(images), 'image')} a month" if images else "idle"
    return _Grid(
        title=f"{said} in each stack, {_TIERS[free_tier]}",
        bills={**found, ALL: bill.total(list(found.values()))},
    )


def _totals(result: Result) -> tuple[list[str], list[list[str]]]:
    """Return the whole bills: a column for each stack, a row for each number of images."""
    rows = [
        [
            f"{count(stack_months[0].images)}, {_TIERS[both.free_tier]}",
            *(dollars(month.total_usd) for month in (*stack_months, both)),
        ]
        for both, *stack_months in zip(
            result.account, *(stack.months for stack in result.stacks), strict=True
        )
    ]
    return ["images in each", *(stack.name for stack in result.stacks), ALL], rows


def page(result: Result) -> str:
    """Return the bill as a page."""
    several = len(result.stacks) > 1
    grids = [_of_stack(stack, free_tier=free) for stack in result.stacks for free in _TIERS]
    if several:
        shown = dict.fromkeys(month.images for month in result.stacks[0].months)
        grids += [
            _side_by_side(result, images, free_tier=free) for images in shown for free in _TIERS
        ]
    names, rows = _totals(result)
    usages = "\n".join(f"{stack.name}: {stack.usage}" for stack in result.stacks)
    sources = "\n".join(
        f"{region} {name}: {source}"
        for region, lines in result.sources.items()
        for name, source in lines.items()
    )
    asked = counted(round(result.each), "image") + (" in each stack" if several else "")
    return pages.render(
        "cost/page.html",
        title="The cost of a month",
        verdict=[f"{asked}: ${result.total_usd:,.2f} a month.", *result.words],
        charts=_charts(result),
        heading="In all" if several else "",
        total_head=names,
        totals=rows,
        scale_head=(_x(result), "USD", "USD per 1,000", "largest line"),
        scales=[_row(at) for at in result.scales],
        grids=[(grid.title, grid.head, list(grid.rows())) for grid in grids],
        how=(
            f"The plots by purpose and the table of numbers of images are "
            f"{_TIERS[result.free_tier]}. Storage is one month of the "
            f"images of {result.stacks[0].usage.months:g} months.\n\n"
            f"{usages}\n\n{free_tier_source()}\n\n{sources}"
        ),
    )


def _charts(result: Result) -> list[charts.Chart | None]:
    scales, x = result.scales, _x(result)
    by_group = {group: [(at.images, at.subtotals[group]) for at in scales] for group in bill.GROUPS}
    whole = {"total": [(at.images, at.total_usd) for at in scales]}
    tier = _TIERS[result.free_tier]
    drawn = [charts.lines(by_group | whole, x=x, y=f"USD a month by purpose, {tier}")]
    for free, words_of in _TIERS.items():
        months = [m for m in result.account if m.images and m.free_tier == free]
        y = f"USD a month by line, {words_of}"
        drawn.append(charts.lines(_by_line(months), x=x, y=y))
        if len(result.stacks) > 1:
            by_stack = {
                stack.name: [
                    (m.images, m.total_usd)
                    for m in stack.months
                    if m.images and m.free_tier == free
                ]
                for stack in result.stacks
            }
            y = f"USD a month by stack, {words_of}"
            drawn.append(charts.lines(by_stack, x="images a month in each", y=y))
    return drawn


def _x(result: Result) -> str:
    """Return what is counted along the x axis."""
    return "images a month" + (" in all stacks" if len(result.stacks) > 1 else "")


def _by_line(months: Sequence[Month]) -> charts.Series:
    """Return the lines that are the largest part of a bill somewhere, as many as have colours."""
    shares = {
        line: max(month.lines[line] / month.total_usd for month in months)
        for line in months[0].lines
    }
    most = sorted(shares, key=lambda line: -shares[line])[: len(charts.COLOURS)]
    return {
        line_name(line): [(month.images, month.lines[line]) for month in months] for line in most
    }


def _row(at: Bill) -> tuple[str, ...]:
    each = f"{at.usd_per_1000_images:,.3f}"
    return f"{at.images:,}", f"{at.total_usd:,.2f}", each, line_name(at.largest)


def count(images: float) -> str:
    """Return a number of images in words."""
    return f"{images:,.0f}" if images else "idle"


def dollars(usd: float) -> str:
    """Return an amount, in hundredths of a cent while it is small."""
    return f"{usd:,.4f}" if usd < _SMALL_USD else f"{usd:,.2f}"


def line_name(name: str) -> str:
    """Return the name of a line in words."""
    return name.replace("_", " ")
