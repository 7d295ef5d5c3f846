"""A sweep as a page: the verdict, the table, plots over memory, every run, how it was measured."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import yaml

from bench import charts, pages
from bench.tune.advice import Row
from bench.tune.results import Result, Samples

_PLOTTED: Final = (("p95_ms", "p95, ms"), ("usd_per_1000", "Lambda, USD per 1,000 images"))
_HOW: Final = ("machine", "bundle", "sandbox", "self_check")
_X: Final = "memory, MB"


@dataclass(frozen=True)
class Link:
    """A sentence that ends in an address."""

    text: str
    url: str


def render(result: Result, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return the page; sizes that did not work are in the table and in no plot.

    Args:
        result: of the sweep.
        head: names of the table's columns.
        rows: its rows.
    """
    how = {name: value for name, value in asdict(result).items() if name in _HOW}
    return pages.render(
        "tune/page.html",
        title="Latency, memory and cost at each memory size",
        verdict=[line for line in result.words if "http" not in line],
        head=head,
        rows=rows,
        links=[Link(*line.rsplit(": ", 1)) for line in result.words if "http" in line],
        charts=_charts(result),
        how=yaml.safe_dump(how, sort_keys=False),
    )


def _charts(result: Result) -> list[charts.Chart]:
    able = [row for row in result.summary if row.outcome == "ok"]
    names = dict.fromkeys(row.workload for row in able)
    all_there_is = {"all there is": [(row.memory_mb, row.memory_mb) for row in able]}
    drawn = [
        *(charts.lines(_over_memory(able, field), x=_X, y=y) for field, y in _PLOTTED),
        *(
            charts.strips(
                _warm(result.samples, name), x=_X, y=f"Each warm run of {name} and their median, ms"
            )
            for name in names
        ),
        charts.lines(_over_memory(able, "peak_mb") | all_there_is, x=_X, y="Peak memory, MB"),
    ]
    return [chart for chart in drawn if chart]


def _over_memory(rows: list[Row], field: str) -> dict[str, list[tuple[float, float]]]:
    return {
        name: [(row.memory_mb, getattr(row, field)) for row in rows if row.workload == name]
        for name in dict.fromkeys(row.workload for row in rows)
    }


def _warm(samples: list[Samples], name: str) -> dict[str, list[float]]:
    """Return the duration of each warm run by memory size."""
    return {
        str(case.memory_mb): [report.duration_ms for report in case.reports[1:]]
        for case in samples
        if case.workload == name
    }
