"""Measure workloads at memory sizes in the sandbox: cold once, then warm until the runs agree."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from statistics import fmean
from typing import Final

from bench.cost.prices import load
from bench.sandbox import Report, Sandbox, control_group, unpacked
from bench.sandbox.function import Store, upload, variables
from bench.stats import percentile, relative_error
from bench.tune.results import Row, Samples
from bench.tune.workloads import Workload
from pipeline.bundle import Bundle
from pipeline.settings import Settings
from terminal import Advance

FEWEST: Final = 8
"""Warm runs of a case before they may agree: fewer have no tail to speak of. Ours to choose."""

GOAL: Final = 0.05
"""Half of the mean's 95 % confidence interval over the mean, at which warm runs agree. Ours."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to measure: most warm runs of a case, most seconds, and what is held back."""

    samples: int
    budget_s: float
    hold: control_group.Hold = "cpu and memory"
    provisioned_concurrency: bool = False  # hold the CPU during the initialisation too


@dataclass(kw_only=True)
class Sweep:
    """The cases with their runs, what held them, and whether none was cut short by Ctrl-C."""

    cases: list[Samples] = field(default_factory=list[Samples])
    kind: control_group.Kind = "none"
    complete: bool = False


def sweep(
    bundle: Bundle,
    workloads: Sequence[Workload],
    sizes: Sequence[int],
    *,
    store: Store,
    effort: Effort,
    advance: Advance,
    settings: Settings | None = None,
) -> Sweep:
    """Measure each workload at each size in MB; after Ctrl-C return the runs so far.

    The function has the settings of its stack, or the defaults, and ``store`` as its S3.
    ``advance`` is called after each case.
    """
    found = Sweep()
    with suppress(KeyboardInterrupt), unpacked(bundle) as task:
        for workload, size in product(workloads, sizes):
            case = Samples.of(workload, size)
            found.cases.append(case)
            with Sandbox(
                task,
                size,
                variables(size, store, settings),
                hold=effort.hold,
                provisioned_concurrency=effort.provisioned_concurrency,
            ) as box:
                found.kind = box.group.kind
                for report in _reports(box, store, workload, effort):
                    case.reports.append(report)  # one by one: an interrupt keeps them
            advance(name=f"{workload.name} at {size} MB")
        found.complete = True
    found.cases = [case for case in found.cases if case.reports]
    return found


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


def summarise(case: Samples, architecture: str = "x86_64") -> Row:
    """Return a case's row; its cost is Lambda's alone, at the prices of the architecture."""
    cold, *warm = case.reports
    runs = warm or case.reports
    times = [report.duration_ms for report in runs]
    gb_s = case.memory_mb / 1024 * fmean(report.billed_ms for report in runs) / 1000
    prices = load("us-east-1").lines
    usd = prices[f"lambda_gb_s_{architecture}"].charge(1000 * gb_s)
    # A case that was interrupted before its first warm run is never chosen.
    cold_only = cold.outcome == "ok" and not warm
    return Row(
        memory_mb=case.memory_mb,
        workload=case.workload,
        **{f"p{percent}_ms": round(percentile(times, percent), 1) for percent in (50, 90, 95, 99)},
        peak_mb=max(report.max_memory_mb for report in case.reports),
        init_ms=round(cold.init_ms or 0, 1),
        cold_ms=round(cold.duration_ms + (cold.init_ms or 0), 1),
        usd_per_1000=round(usd + prices["lambda_requests"].charge(1000), 6),
        outcome="cold only" if cold_only else case.reports[-1].outcome,
        samples=len(warm),
    )
