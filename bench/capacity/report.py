"""Measured and simulated storms for people: tables, sentences, and a page with plots."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import yaml

from bench import charts, pages
from bench.capacity import scaling
from bench.capacity.results import Case, Check, Result
from bench.capacity.scaling import Storm
from bench.capacity.storm import Measured
from bench.cost import bill

TOLERANCE: Final = 0.30
"""Largest relative error of the simulation that passes; the machine may be shared."""

HEAD: Final = (
    *("uploads/s", "at most", "reached", "waiting", "drained after"),
    *("p50", "p99", "throttled", "USD"),
)
CHECK_HEAD: Final = ("", "measured", "simulated", "error")
SIMULATED: Final = "Simulated on AWS: concurrency, uploads, time from upload to manifest, and cost"

_PER_IMAGE: Final = (
    *("compute", "compute_init", "lambda_requests", "sqs_requests", "s3_puts", "s3_gets"),
    *("s3_gb_month", "logs_gb"),
)


def row(case: Case, memory_mb: int) -> Sequence[str]:
    """Return a simulated storm's row under ``HEAD``."""
    return (
        f"{case.storm.per_second:,.0f}",
        str(case.storm.max_concurrency),
        f"{case.peak_concurrency:,.0f}",
        f"{case.peak_waiting:,.0f}",
        _time(case.drained_s),
        _time(case.p50_s),
        _time(case.p99_s),
        f"{case.throttled:.0%}",
        f"{usd(case.storm, memory_mb):,.2f}",
    )


def usd(storm: Storm, memory_mb: int) -> float:
    """Return the cost of a storm's images, without what a month costs anyway."""
    usage = bill.Usage(memory_mb=memory_mb, billed_ms=storm.image_s * 1000)
    images = storm.per_second * storm.seconds
    lines = bill.bill(images, usage, bill.load("us-east-1"))
    return sum(lines[name] for name in _PER_IMAGE)


def check_rows(checks: Sequence[Check]) -> list[Sequence[str]]:
    """Return the rows under ``CHECK_HEAD``."""
    return [
        (c.name, f"{c.measured:,.1f}", f"{c.simulated:,.1f}", f"{c.error:+.0%}") for c in checks
    ]


def sentences(result: Result, at_once: int) -> list[str]:
    """Return whether the simulation agrees with the measured storm, and the limits that are met.

    Args:
        result: of all storms.
        at_once: images that the measured storm's function processed at once.
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
        f"({worst.name}; allowed: {TOLERANCE:.0%}). What it was given: {at_once} at once, no ramp, "
        "the function's own time for an image, and what a burst before the storm showed to come on "
        "top. The ramp and the limits of AWS are documented, not measured."
    )


def page(result: Result, rows: Sequence[Sequence[str]], verdict: Sequence[str]) -> str:
    """Return the page.

    Args:
        result: of all storms.
        rows: of the simulated ones.
        verdict: sentences about both.
    """
    measured = result.measured
    return pages.render(
        "capacity/page.html",
        title="Capacity",
        verdict=verdict,
        checks=check_rows(result.checks),
        check_head=CHECK_HEAD,
        measured=_measured_charts(measured) if measured else [],
        simulated=SIMULATED,
        head=HEAD,
        rows=rows,
        declines=_declines(result.simulated),
        how=f"{scaling.__doc__}\n{yaml.safe_dump(asdict(result.machine), sort_keys=False)}",
    )


def _measured_charts(measured: Measured) -> list[charts.Chart]:
    depths = {
        "waiting": [(depth.second, depth.visible) for depth in measured.depths],
        "being worked on": [(depth.second, depth.in_flight) for depth in measured.depths],
    }
    latencies = sorted(zip(measured.uploads, measured.latencies_s, strict=True))
    drawn = (
        charts.course(depths, x="s", y="Messages in the queue"),
        charts.course(
            {"each upload": latencies},
            x="s, when it was uploaded",
            y="From upload to manifest, s",
        ),
    )
    return [chart for chart in drawn if chart]


def _declines(cases: Sequence[Case]) -> list[charts.Chart]:
    """Return a chart of waiting uploads for each maximum concurrency."""
    drawn = (
        charts.decline(
            {
                f"{case.storm.per_second:,.0f}/s": [(m.second, m.waiting) for m in case.moments]
                for case in cases
                if case.storm.max_concurrency == most
            },
            x="s",
            y=f"Uploads waiting, maxConcurrency {most}",
        )
        for most in dict.fromkeys(case.storm.max_concurrency for case in cases)
    )
    return [chart for chart in drawn if chart]


def _time(seconds: float) -> str:
    """Return seconds in the unit that people would use."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"
