"""A sweep for people: its table, and a page with the verdict, plots over memory and every run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final

import yaml
from rich.table import Table

from bench import charts, pages, reports
from bench.sweep.choice import by_series
from bench.sweep.results import Result, Row, Samples

_COLUMNS: Final[Mapping[str, Callable[[Row], str]]] = {
    "workload": lambda row: row.workload,
    "arch": lambda row: row.architecture,
    "MB": lambda row: str(row.memory_mb),
    "batch": lambda row: str(row.batch_size),
    "p50": lambda row: f"{row.p50_ms:.0f}",
    "p95": lambda row: f"{row.p95_ms:.0f}",
    "p99": lambda row: f"{row.p99_ms:.0f}",
    "each": lambda row: f"{row.p50_ms / row.batch_size:.0f}",
    "init": lambda row: "-" if row.init_ms is None else f"{row.init_ms:.0f}",
    "cold": lambda row: f"{row.cold_ms:.0f}",
    "peak": lambda row: f"{row.peak_mb:.0f}",
    "USD": lambda row: f"{row.usd_per_1000:.4f}",
    "with S3": lambda row: f"{row.total_usd_per_1000:.4f}",
    "runs": lambda row: str(row.samples),
    "measured on": lambda row: row.measured_on,
    "outcome": lambda row: row.outcome,
}
"""Head of a column -> its cells."""

_ONE: Final[Mapping[str, str]] = {"workload": "{}", "arch": "{}", "batch": "batches of {}"}
"""Columns that are shown where they vary, and otherwise named in the title."""

_WIDE: Final = ("each", "init", "runs")
"""Columns that only the page has room for."""

_HOW: Final = ("machine", "bundle", "sandbox", "self_check", "cold_check", "function")
_X: Final = "memory, MB"


def table(result: Result) -> Table:
    """Return a row for each case."""
    head = [name for name in _head(result) if name not in _WIDE]
    return reports.table(_title(result), head, _rows(result, head), left=("measured on", "outcome"))


def page(result: Result) -> str:
    """Return the page; sizes that did not work are in the table and in no plot."""
    how = {name: value for name, value in asdict(result).items() if name in _HOW}
    head = _head(result)
    return pages.render(
        "sweep/page.html",
        title="Latency, memory and cost at each memory size",
        verdict=[*(line for line in result.words if "http" not in line), _title(result)],
        head=head,
        rows=_rows(result, head),
        links=[line.rsplit(": ", 1) for line in result.words if "http" in line],
        charts=_charts(result),
        how=yaml.safe_dump(how, sort_keys=False),
    )


def _title(result: Result) -> str:
    """Return the table's title: its contents, and the values that all rows share."""
    same = [
        text.format(_COLUMNS[name](row))
        for row in result.summary[:1]
        for name, text in _ONE.items()
        if not _varies(result, name)
    ]
    text = f"Warm ms of an invocation, cold start apart; USD per 1,000 {_paid(result)}"
    return f"{text} ({', '.join(same)})" if same else text


def _paid(result: Result) -> str:
    return "first views" if any(row.first_view for row in result.summary) else "images"


def _head(result: Result) -> list[str]:
    """Return the heads of the columns; values that all rows share are in the title."""
    hidden = {name for name in _ONE if not _varies(result, name)}
    if "batch" in hidden:
        hidden.add("each")
    if all(row.init_ms is None for row in result.summary):
        hidden.add("init")
    return [name for name in _COLUMNS if name not in hidden]


def _varies(result: Result, name: str) -> bool:
    found = {_COLUMNS[name](row) for row in result.summary}
    if name == "arch":
        found |= {none.architecture for none in result.unmeasured}
    return len(found) > 1


def _rows(result: Result, head: Sequence[str]) -> list[list[str]]:
    rows = [[_COLUMNS[name](row) for name in head] for row in result.summary]
    for none in result.unmeasured:
        known = {"arch": none.architecture, "measured on": none.measured_on}
        rows.append([{**known, "outcome": none.outcome}.get(name, "-") for name in head])
    return rows


def _charts(result: Result) -> list[charts.Chart | None]:
    able = [row for row in result.summary if row.worked]
    all_there_is = {"all there is": [(row.memory_mb, row.memory_mb) for row in able]}
    drawn = {_name(result, series[0]): series for series in by_series(able)}
    cost = f"Lambda and queue, USD per 1,000 {_paid(result)}"
    runs = "Each warm run of {} and their median, ms"

    def over_memory(field: str) -> dict[str, list[tuple[float, float]]]:
        return {
            name: [(row.memory_mb, getattr(row, field)) for row in series]
            for name, series in drawn.items()
        }

    return [
        charts.lines(over_memory("p95_ms"), x=_X, y="p95 of an invocation, ms"),
        charts.lines(over_memory("usd_per_1000"), x=_X, y=cost),
        *(
            charts.strips(_warm(result.samples, series), x=_X, y=runs.format(name))
            for name, series in drawn.items()
        ),
        charts.lines(over_memory("peak_mb") | all_there_is, x=_X, y="Peak memory, MB"),
    ]


def _name(result: Result, row: Row) -> str:
    """Return the name of a row's series: what tells it from the others."""
    return ", ".join(_parts(result, row)) or row.workload


def _parts(result: Result, row: Row) -> Iterator[str]:
    if _varies(result, "workload"):
        yield row.workload
    if _varies(result, "arch"):
        yield row.architecture
    if _varies(result, "batch"):
        yield f"batch of {row.batch_size}"


def _warm(samples: list[Samples], series: list[Row]) -> dict[str, list[float]]:
    """Return the duration of each warm run by memory size."""
    setups = {(row.workload, row.setup) for row in series}
    return {
        str(case.setup.memory_mb): [report.duration_ms for report in case.reports[1:]]
        for case in samples
        if (case.workload, case.setup) in setups
    }
