"""Measure workloads at memory sizes in the sandbox: cold once, then warm until the runs agree."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from pathlib import Path
from typing import Final

from bench.sandbox import Sandbox, control_group, unpacked
from bench.sandbox.function import Store
from bench.stats import relative_error
from bench.sweep.results import Run, Samples, Setup, Stored
from bench.sweep.workloads import Workload
from bench.tune.invocations import Invocations
from pipeline.bundle import Bundle, Target
from terminal import Advance

FEWEST: Final = 8
"""Warm runs of a case before they may agree: fewer have no tail to speak of. Our choice."""

GOAL: Final = 0.05
"""Warm runs agree once half of the mean's 95 % confidence interval is at most this share of the
mean. Our choice."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to measure: most warm runs of a case, most seconds, and the limited resources."""

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
    kinds: Sequence[Invocations],
) -> Sweep:
    """Measure each workload at each size in MB; after Ctrl-C return the runs so far.

    Each of ``kinds`` is measured; ``store`` is its S3. ``advance`` is called after each case.
    """
    cases = list[tuple[Workload, Invocations, Setup, list[Run]]]()
    kind: control_group.Kind = "none"
    complete = False
    with suppress(KeyboardInterrupt), unpacked(bundle) as task:
        for workload, of, size in product(workloads, kinds, sizes):
            setup = Setup(memory_mb=size, architecture=Target.host().machine)
            runs = list[Run]()
            of.prepare(task, workload, store)
            cases.append((workload, of, setup, runs))
            with Sandbox(
                task,
                size,
                of.variables(size, store),
                handler=of.handler,
                hold=effort.hold,
                provisioned_concurrency=effort.provisioned_concurrency,
            ) as box:
                kind = box.group.kind
                _measure(runs, partial(_invoke, box, of, store), workload, effort)
            advance(name=f"{workload.name} {of.first_view}".strip() + f" at {size} MB")
        complete = True
    return Sweep(
        cases=[
            Samples.of(workload, setup, runs, first_view=of.first_view)
            for workload, of, setup, runs in cases
            if runs
        ],
        kind=kind,
        complete=complete,
    )


def _measure(
    runs: list[Run], invoke: Callable[[Path], Run], workload: Workload, effort: Effort
) -> None:
    """Add one cold run, then warm ones until they agree or the limit or budget is met.

    Several files take turns, and need not agree. Runs are added one by one: an interrupt keeps
    them.
    """
    started, warm = time.monotonic(), list[float]()
    one = len(workload.files) == 1
    most = max(effort.samples, 0 if one else len(workload.files)) + 1
    for number, file in enumerate(islice(workload.turns(), most)):
        run = invoke(file)
        runs.append(run)
        if run.report.outcome != "ok" or time.monotonic() - started > effort.budget_s:
            return
        warm += [run.report.duration_ms] if number else []
        if one and len(warm) >= FEWEST and relative_error(warm) < GOAL:
            return


def _invoke(box: Sandbox, kind: Invocations, store: Store, file: Path) -> Run:
    event = kind.event(file, store)
    objects, made = store.made()
    report = box.invoke(event)
    objects_after, made_after = store.made()
    is_upload = not kind.first_view
    stored = Stored(
        images=1,
        uploaded_bytes=file.stat().st_size if is_upload else 0,
        made_bytes=made_after - made,
        objects=objects_after - objects + is_upload,
    )
    return Run(report=report, stored=stored)
