"""Measured and simulated storms for people: tables, sentences, and a page with plots."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

import yaml
from rich.table import Table

from bench import charts, pages, reports
from bench.capacity import scaling
from bench.capacity.scaling import Outcome, Storm
from bench.cost import bill, prices
from bench.load.results import Check, Result
from bench.load.storm import Measured
from terminal import counted

TOLERANCE: Final = 0.30
"""Largest relative error of the simulation that passes; our choice, for a shared machine."""

_HEAD: Final = (
    *("uploads/s", "at most", "reached", "waiting", "drained after"),
    *("p50", "p99", "throttled", "USD"),
)
_CHECK_HEAD: Final = ("", "measured", "simulated", "error")
_SIMULATED: Final = "Simulated on AWS: concurrency, uploads, time from upload to manifest, and cost"

_PER_IMAGE: Final = (
    *("compute", "compute_init", "lambda_requests", "sqs_requests", "s3_puts", "s3_gets"),
    *("s3_gb_month", "logs_gb"),
)


def tables(result: Result, memory_mb: int) -> Iterator[Table]:
    """Yield the measured storm beside its simulation, if there is one, and the simulated storms."""
    if result.measured:
        count = len(result.measured.uploads)
        title = f"Measured on the embedded AWS: {counted(count, 'upload')}, none lost"
        yield reports.table(title, _CHECK_HEAD, _check_rows(result))
    yield reports.table(_SIMULATED, _HEAD, [row(case, memory_mb) for case in result.simulated])


def row(case: Outcome, memory_mb: int) -> Sequence[str]:
    """Return a simulated storm's row under ``_HEAD``."""
    return (
        f"{case.storm.per_second:,.0f}",
        str(case.storm.max_concurrency),
        f"{case.peak_concurrency:,.0f}",
        f"{case.peak_waiting:,.0f}",
        *(reports.duration(seconds) for seconds in (case.drained_s, case.p50_s, case.p99_s)),
        f"{case.throttled:.0%}",
        f"{usd(case.storm, memory_mb):,.2f}",
    )


def usd(storm: Storm, memory_mb: int) -> float:
    """Return the cost of a storm's images, without what a month costs anyway."""
    usage = bill.Usage(memory_mb=memory_mb, billed_ms=storm.image_s * 1000)
    images = storm.per_second * storm.seconds
    lines = bill.bill(images, usage, prices.load("us-east-1")).lines
    return sum(lines[name] for name in _PER_IMAGE)


def _check_rows(result: Result) -> list[Sequence[str]]:
    return [
        (c.name, f"{c.measured:,.1f}", f"{c.simulated:,.1f}", f"{c.error:+.0%}")
        for c in result.checks
    ]


def sentences(result: Result, at_once: int) -> list[str]:
    """Return whether the simulation agrees with the measured storm, and the limits that are met.

    ``at_once`` is how many images the measured storm's function processed at once.
    """
    notes = (note for case in result.simulated for note in case.notes)
    return [_agreement(result.checks, at_once), *dict.fromkeys(notes)]


def _agreement(checks: Sequence[Check], at_once: int) -> str:
    if not checks:
        return "The simulation was not checked in this run."
    worst = max(checks, key=lambda check: abs(check.error))
    held = "agrees with" if abs(worst.error) <= TOLERANCE else "DISAGREES with"
    return (
        f"The simulation {held} the measured storm: at most {abs(worst.error):.0%} off "
        f"({worst.name}; allowed: {TOLERANCE:.0%}). Its inputs: {at_once} at once, no ramp, "
        "the function's own time for an image, and the overhead that a burst before the storm "
        "showed. The ramp and the limits of AWS are documented, not measured."
    )


def page(result: Result, memory_mb: int, verdict: Sequence[str]) -> str:
    """Return the page; the Lambda memory size decides what the simulated storms cost."""
    measured = result.measured
    return pages.render(
        "load/page.html",
        title="Upload storms",
        verdict=verdict,
        checks=_check_rows(result),
        check_head=_CHECK_HEAD,
        measured=_measured_charts(measured) if measured else [],
        simulated=_SIMULATED,
        head=_HEAD,
        rows=[row(case, memory_mb) for case in result.simulated],
        declines=_declines(result.simulated),
        how=f"{scaling.__doc__}\n{yaml.safe_dump(asdict(result.machine), sort_keys=False)}",
    )


def _measured_charts(measured: Measured) -> list[charts.Chart | None]:
    depths = {
        "waiting": [(depth.second, depth.visible) for depth in measured.depths],
        "being worked on": [(depth.second, depth.in_flight) for depth in measured.depths],
    }
    latencies = {"each upload": sorted(zip(measured.uploads, measured.latencies_s, strict=True))}
    when = "s, when it was uploaded"
    return [
        charts.course(depths, x="s", y="Messages in the queue"),
        charts.course(latencies, x=when, y="From upload to manifest, s"),
    ]


def _declines(cases: Sequence[Outcome]) -> list[charts.Chart | None]:
    """Return a chart of waiting uploads for each maximum concurrency."""
    courses = defaultdict[float, dict[str, list[tuple[float, float]]]](dict)
    for case in cases:
        points = [(moment.second, moment.waiting) for moment in case.moments]
        courses[case.storm.max_concurrency][f"{case.storm.per_second:,.0f}/s"] = points
    return [
        charts.decline(course, x="s", y=f"Uploads waiting, maxConcurrency {most}")
        for most, course in courses.items()
    ]
