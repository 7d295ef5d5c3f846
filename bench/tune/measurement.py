"""Measure workloads at memory sizes in the sandbox: cold once, then warm until the runs agree."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

from bench.sandbox import Sandbox, control_group, unpacked
from bench.sandbox.function import Store, upload, variables
from bench.stats import relative_error
from bench.sweep.results import Run, Samples, Setup, Stored
from bench.sweep.workloads import Workload
from pipeline.bundle import Bundle, Target
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


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The cases with their runs, what held them, and whether none was cut short by Ctrl-C."""

    cases: list[Samples]
    kind: control_group.Kind
    complete: bool


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
    cases = list[tuple[Workload, Setup, list[Run]]]()
    kind: control_group.Kind = "none"
    complete = False
    with suppress(KeyboardInterrupt), unpacked(bundle) as task:
        for workload, size in product(workloads, sizes):
            setup = Setup(memory_mb=size, architecture=Target.host().machine)
            runs = list[Run]()
            cases.append((workload, setup, runs))
            with Sandbox(
                task,
                size,
                variables(size, store, settings),
                hold=effort.hold,
                provisioned_concurrency=effort.provisioned_concurrency,
            ) as box:
                kind = box.group.kind
                _measure(runs, box, store, workload, effort)
            advance(name=f"{workload.name} at {size} MB")
        complete = True
    return Sweep(
        cases=[Samples.of(workload, setup, runs) for workload, setup, runs in cases if runs],
        kind=kind,
        complete=complete,
    )


def _measure(
    runs: list[Run], box: Sandbox, store: Store, workload: Workload, effort: Effort
) -> None:
    """Add one cold run, then warm ones until they agree or the limit or budget is met.

    Several files take turns, and need not agree. Runs are added one by one: an interrupt keeps
    them.
    """
    started, warm = time.monotonic(), list[float]()
    one = len(workload.files) == 1
    most = max(effort.samples, 0 if one else len(workload.files)) + 1
    for number, file in enumerate(islice(workload.turns(), most)):
        objects, made = store.made()
        report = box.invoke(upload(store, file, time.time_ns()))
        objects_after, made_after = store.made()
        stored = Stored(
            images=1,
            uploaded_bytes=file.stat().st_size,
            made_bytes=made_after - made,
            objects=1 + objects_after - objects,
        )
        runs.append(Run(report=report, stored=stored))
        if report.outcome != "ok" or time.monotonic() - started > effort.budget_s:
            return
        warm += [report.duration_ms] if number else []
        if one and len(warm) >= FEWEST and relative_error(warm) < GOAL:
            return
