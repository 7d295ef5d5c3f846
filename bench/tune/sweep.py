"""Measure workloads at memory sizes in the sandbox: cold once, then warm until the runs agree."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from bench.cost import bill
from bench.sandbox import Report, Sandbox, control_group, unpacked
from bench.sandbox.function import Store, upload, variables
from bench.stats import percentile, relative_error
from bench.tune.advice import Row
from bench.tune.workloads import Workload
from pipeline.bundle import Bundle
from pipeline.settings import Settings
from terminal import Advance

FEWEST: Final = 8
"""Warm runs of a case before they may agree: fewer have no tail to speak of."""

GOAL: Final = 0.05
"""Half of the mean's 95 % confidence interval over the mean, at which warm runs agree."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to measure: most warm runs of a case, most seconds, and what is held back."""

    samples: int
    budget_s: float
    hold: control_group.Hold = "cpu and memory"


@dataclass
class Case:
    """One workload at one memory size, and its reports so far."""

    workload: Workload
    memory_mb: int
    reports: list[Report] = field(default_factory=list[Report])
    kind: control_group.Kind = "none"
    done: bool = False


def sweep(
    bundle: Bundle,
    workloads: Sequence[Workload],
    sizes: Sequence[int],
    *,
    store: Store,
    effort: Effort,
    advance: Advance,
    settings: Settings | None = None,
) -> list[Case]:
    """Return the cases that were measured; after Ctrl-C those so far, the case under way included.

    Args:
        bundle: the function's.
        workloads: what to feed it.
        sizes: memory sizes in MB.
        store: the S3 that it uses.
        effort: how much to measure.
        advance: called after each case.
        settings: of the stack whose function it is; the defaults if None.
    """
    cases: list[Case] = []
    with suppress(KeyboardInterrupt), unpacked(bundle) as task:
        for workload, size in ((w, size) for w in workloads for size in sizes):
            case = Case(workload, size)
            cases.append(case)
            with Sandbox(task, size, variables(size, store, settings), hold=effort.hold) as box:
                case.kind = box.group.kind
                for report in _reports(box, store, workload, effort):
                    case.reports.append(report)  # one by one: an interrupt keeps them
            case.done = True
            advance(name=f"{workload.name} at {size} MB")
    return [case for case in cases if case.reports]


def _reports(box: Sandbox, store: Store, workload: Workload, effort: Effort) -> Iterator[Report]:
    """Yield one cold run, then warm ones until they agree or the limit or budget is reached.

    Several files take turns, and need not agree.
    """
    started, warm = time.monotonic(), list[float]()
    one = len(workload.files) == 1
    for number in range(max(effort.samples, 0 if one else len(workload.files)) + 1):
        report = box.invoke(upload(store, workload.file(number), time.time_ns()))
        yield report
        if report.outcome != "ok" or time.monotonic() - started > effort.budget_s:
            return
        warm += [report.duration_ms] if number else []
        if one and len(warm) >= FEWEST and relative_error(warm) < GOAL:
            return


def summarise(case: Case, architecture: str = "x86_64") -> Row:
    """Return a case's row; its cost is Lambda's alone, at the prices of the architecture."""
    cold, *warm = case.reports
    runs = warm or case.reports
    times = [report.duration_ms for report in runs]
    prices = bill.load("us-east-1").lines
    billed = sum(report.billed_ms for report in runs) / len(runs)
    gb_s = case.memory_mb / 1024 * billed / 1000
    each = prices[f"lambda_gb_s_{architecture}"].charge(gb_s) + prices["lambda_requests"].charge(1)
    return Row(
        memory_mb=case.memory_mb,
        workload=case.workload.name,
        p50_ms=round(percentile(times, 50), 1),
        p90_ms=round(percentile(times, 90), 1),
        p95_ms=round(percentile(times, 95), 1),
        p99_ms=round(percentile(times, 99), 1),
        peak_mb=max(report.max_memory_mb for report in case.reports),
        init_ms=round(cold.init_ms or 0, 1),
        cold_ms=round(cold.duration_ms + (cold.init_ms or 0), 1),
        usd_per_1000=round(each * 1000, 6),
        outcome=_outcome(case),
        samples=len(warm),
    )


def _outcome(case: Case) -> str:
    """Return how the last run ended; a case interrupted before a warm run is never chosen."""
    last = case.reports[-1].outcome
    return "cold only" if last == "ok" and len(case.reports) == 1 else last
