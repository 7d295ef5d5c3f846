"""A sweep for people: its table, and a page with the verdict, plots over memory and every run."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import yaml
from rich.table import Table

from bench import charts, pages, reports
from bench.tune.choice import by_workload
from bench.tune.results import Result, Row, Samples

_HEAD: Final = (
    *("workload", "MB", "p50", "p90", "p95", "p99", "init", "cold", "peak MB", "headroom"),
    *("USD/1,000", "runs", "outcome"),
)
_PLOTTED: Final = (("p95_ms", "p95, ms"), ("usd_per_1000", "Lambda, USD per 1,000 images"))
_HOW: Final = ("machine", "bundle", "sandbox", "self_check", "cold_check")
_X: Final = "memory, MB"


def table(result: Result) -> Table:
    """Return a row for each case."""
    return reports.table("Warm ms, cold start apart", _HEAD, map(_cells, result.summary))


def page(result: Result) -> str:
    """Return the page; sizes that did not work are in the table and in no plot."""
    how = {name: value for name, value in asdict(result).items() if name in _HOW}
    return pages.render(
        "tune/page.html",
        title="Latency, memory and cost at each memory size",
        verdict=[line for line in result.words if "http" not in line],
        head=_HEAD,
        rows=[_cells(row) for row in result.summary],
        links=[line.rsplit(": ", 1) for line in result.words if "http" in line],
        charts=_charts(result),
        how=yaml.safe_dump(how, sort_keys=False),
    )


def _cells(row: Row) -> Sequence[str]:
    times = (row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.init_ms, row.cold_ms, row.peak_mb)
    rounded = (f"{value:.0f}" for value in times)
    last = (f"{row.headroom:.0%}", f"{row.usd_per_1000:.4f}", str(row.samples), row.outcome)
    return (row.workload, str(row.memory_mb), *rounded, *last)


def _charts(result: Result) -> list[charts.Chart | None]:
    able = [row for row in result.summary if row.worked]
    names = dict.fromkeys(row.workload for row in able)
    all_there_is = {"all there is": [(row.memory_mb, row.memory_mb) for row in able]}
    runs = "Each warm run of {} and their median, ms"
    return [
        *(charts.lines(_over_memory(able, field), x=_X, y=y) for field, y in _PLOTTED),
        *(charts.strips(_warm(result.samples, n), x=_X, y=runs.format(n)) for n in names),
        charts.lines(_over_memory(able, "peak_mb") | all_there_is, x=_X, y="Peak memory, MB"),
    ]


def _over_memory(rows: list[Row], field: str) -> dict[str, list[tuple[float, float]]]:
    return {
        mine[0].workload: [(row.memory_mb, getattr(row, field)) for row in mine]
        for mine in by_workload(rows)
    }


def _warm(samples: list[Samples], name: str) -> dict[str, list[float]]:
    """Return the duration of each warm run by memory size."""
    return {
        str(case.memory_mb): [report.duration_ms for report in case.reports[1:]]
        for case in samples
        if case.workload == name
    }
