"""A sweep's result for people: the table, the sentences, and the files that were asked for."""

from collections.abc import Sequence
from typing import Final

from bench.reports import table, write_json
from bench.tune import page
from bench.tune.advice import Row
from bench.tune.choice import Choice
from bench.tune.results import Result
from terminal import console

HEAD: Final = (
    *("workload", "MB", "p50", "p90", "p95", "p99", "init", "cold", "peak MB", "headroom"),
    *("USD/1,000", "runs", "outcome"),
)


def show(result: Result, choice: Choice) -> None:
    """Print the table and the sentences; write the files."""
    rows = [_cells(row) for row in result.summary]
    console().print(table("Warm ms, cold start apart", HEAD, rows))
    for sentence in result.words:
        console().print(sentence, soft_wrap=True)
    write_json(choice.json, result)
    if choice.html:
        choice.html.write_text(page.render(result, HEAD, rows), encoding="utf-8")


def _cells(row: Row) -> Sequence[str]:
    times = (row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.init_ms, row.cold_ms, row.peak_mb)
    rounded = (f"{value:.0f}" for value in times)
    last = (f"{row.headroom:.0%}", f"{row.usd_per_1000:.4f}", str(row.samples), row.outcome)
    return (row.workload, str(row.memory_mb), *rounded, *last)
