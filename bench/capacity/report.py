"""A plan for people: tables, and a page with the burst's course."""

from collections.abc import Iterator

import yaml
from rich.table import Table

from bench import charts, pages, reports
from bench.capacity import limits, scaling
from bench.capacity.plan import Result
from terminal import counted

_SHOWN_USD = 0.005


def tables(result: Result) -> Iterator[Table]:
    """Yield what is needed of each limit, and the cost by line."""
    yield reports.table("Use of AWS quotas", _head(result), _rows(result), left=("to do",))
    yield reports.table("USD, before any free tier", _COST_HEAD, _costs(result))


_COST_HEAD = ("", "month", "burst")


def _head(result: Result) -> list[str]:
    return ["", *(way.name for way in result.ways), "limit", "to do"]


def _rows(result: Result) -> Iterator[list[str]]:
    by_way = [{need.limit.name: need for need in way.needs} for way in result.ways]
    for name, need in by_way[-1].items():
        needed = [f"{each[name].needed:,.0f}" if name in each else "" for each in by_way]
        limit = f"{need.limit.value:,.0f} {need.limit.unit}"
        yield [name, *needed, limit, need.to_do]


def _costs(result: Result) -> Iterator[list[str]]:
    month, burst = result.month, result.burst
    for line in sorted(month.lines, key=lambda line: -month.lines[line]):
        if max(month.lines[line], burst[line]) >= _SHOWN_USD:
            yield [line.replace("_", " "), f"{month.lines[line]:,.2f}", f"{burst[line]:,.2f}"]
    yield ["total", f"{month.total_usd:,.2f}", f"{result.burst_usd:,.2f}"]


def page(result: Result) -> str:
    """Return the plan as a page."""
    load = result.load
    sources = "\n".join(
        f"{need.limit.name}: {need.limit.value:,.0f} {need.limit.unit}. {need.limit.source}."
        + (f" In Service Quotas: {need.limit.quota}." if need.limit.quota else "")
        for need in result.ways[-1].needs
    )
    machine = yaml.safe_dump(vars(result.machine), sort_keys=False)
    images = counted(round(load.images), "image")
    return pages.render(
        "capacity/page.html",
        title=f"Capacity for {images} a month and {load.burst:,.0f} at once",
        verdict=result.words,
        charts=_charts(result),
        head=_head(result),
        rows=list(_rows(result)),
        cost_head=_COST_HEAD,
        costs=list(_costs(result)),
        how=f"{load}\n\n{limits.__doc__}\n{sources}\n\n{scaling.__doc__}\n{machine}",
    )


def _charts(result: Result) -> list[charts.Chart | None]:
    courses = {
        way.case.setting + (", alone" if way.case.is_alone else ""): list(way.case.outcome.moments)
        for way in result.ways
    }
    x = "s since the burst began"
    waiting = {name: [(m.second, m.waiting) for m in moments] for name, moments in courses.items()}
    at_once = {
        name: [(m.second, m.concurrency) for m in moments] for name, moments in courses.items()
    }
    return [
        charts.decline(waiting, x=x, y="Uploads waiting"),
        charts.decline(at_once, x=x, y="Concurrency of the burst"),
    ]
