"""The sweep as one self-contained page: curves, distributions, the table, how it was measured."""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import yaml

from bench import plot
from bench.tune.advice import Row

_CURVES: Final = (("p95_ms", "p95, ms"), ("usd_per_1000", "Lambda, USD per 1,000 images"))


def page(
    result: dict[str, Any], rows: list[Row], table: tuple[Sequence[str], Sequence[Sequence[str]]]
) -> str:
    """HTML of a result; sizes that did not work are in the table and in no plot."""
    able = [row for row in rows if row.outcome == "ok"]
    names = list(dict.fromkeys(row.workload for row in able))
    drawn: list[str] = []
    if able:
        drawn += [
            plot.lines(_over_memory(able, field), x="memory, MB", y=y) for field, y in _CURVES
        ]
        drawn += [
            plot.strips(
                _warm(result, name),
                x="memory, MB",
                y=f"Each warm run of {name} and their median, ms",
            )
            for name in names
        ]
        limit = {"all there is": [(row.memory_mb, float(row.memory_mb)) for row in able]}
        peaks = {**_over_memory(able, "peak_mb"), **limit}
        drawn.append(plot.lines(peaks, x="memory, MB", y="Peak memory, MB"))
    facts = ("machine", "bundle", "sandbox", "self_check")
    how = yaml.safe_dump({key: result[key] for key in facts if key in result}, sort_keys=False)
    return plot.page(
        "Latency, memory and cost at each memory size",
        [line for line in result["words"] if "http" not in line],
        plot.table(*table),
        *_links(result["words"]),
        *drawn,
        how,
    )


def _links(words: Sequence[str]) -> list[str]:
    """Lines that end in an address, as links."""
    ends = [line.rsplit(": ", 1) for line in words if "http" in line]
    return [f'<p><a href="{escape(url)}">{escape(text)}</a></p>' for text, url in ends]


def _over_memory(rows: list[Row], field: str) -> plot.Series:
    return {
        name: [(row.memory_mb, getattr(row, field)) for row in rows if row.workload == name]
        for name in dict.fromkeys(row.workload for row in rows)
    }


def _warm(result: dict[str, Any], name: str) -> dict[str, list[float]]:
    """Memory size -> duration of each warm run; the first run of a size is its cold start."""
    return {
        str(case["memory_mb"]): [report["duration_ms"] for report in case["reports"][1:]]
        for case in result["samples"]
        if case["workload"] == name
    }
