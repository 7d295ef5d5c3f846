"""One upload alone in the function, in the sandbox: how it ends, and what time and memory it takes.

All processes are counted: the runtime with the function, the zygote and the worker.
"""

import statistics
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.failures import failures
from bench.sandbox import Report, Sandbox, control_group, unpacked
from bench.sandbox.function import DESTINATION, upload, variables
from bench.sandbox.stub_s3 import StubS3
from function.contract.keys import name_of_manifest
from function.manifest import Manifest
from pipeline.bundle import Target, build
from pipeline.settings import Settings
from terminal import Misuse

FREE: Final = {
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "10240",
    "MAX_PIXELS": "200000000",
    "MAX_UPLOAD_BYTES": "1000000000",
}
"""The function's own limits, lifted, to see what an upload costs without them."""

READY: Final = "ready"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """The outcome, time and memory of one upload, or of the same one several times."""

    outcome: str  # "ready", a rejection's code, or "oom", "timeout", "failed", "crashed"
    seconds: float  # by the clock, of the slowest run
    cpu_ms: float  # of all processes; the median of the runs
    peak_mb: float  # most memory that all processes held at once


@dataclass(frozen=True)
class Trials:
    """Runs uploads in one bundle, each in a new environment."""

    task: Path  # folder of the unpacked bundle
    store: StubS3

    def run(
        self,
        file: Path,
        memory_mb: int,
        *,
        hold: control_group.Hold = "cpu and memory",
        settings: Settings | None = None,
        given: dict[str, str] | None = None,
        timeout_s: float = 60,
        runs: int = 1,
    ) -> Trial:
        """Put a file through a new environment, as often as ``runs`` says while it works."""
        environment = variables(memory_mb, self.store, settings) | (given or {})
        reports: list[Report] = []
        with Sandbox(self.task, memory_mb, environment, hold=hold, timeout_s=timeout_s) as box:
            outcome = ""
            while len(reports) < runs and outcome in {"", READY}:
                self.store.objects.clear()
                reports.append(box.invoke(upload(self.store, file, time.time_ns())))
                killed = box.group.killed_for_memory()
                outcome = self._outcome(reports[-1], memory_mb, was_killed=killed)
        return Trial(
            outcome=outcome,
            seconds=round(max(report.duration_ms for report in reports) / 1000, 2),
            cpu_ms=round(statistics.median(report.cpu_ms for report in reports)),
            peak_mb=max(report.max_memory_mb for report in reports),
        )

    def _outcome(self, report: Report, memory_mb: int, *, was_killed: bool) -> str:
        if was_killed or report.max_memory_mb > memory_mb:
            # Shared libraries are charged to no group here, and to the function on Lambda.
            return "oom"
        if report.outcome not in {"ok", "rejected"}:
            return report.outcome
        manifests = [
            Manifest.from_json(body)
            for path, (body, _) in self.store.objects.items()
            if path.startswith(f"/{DESTINATION}/") and name_of_manifest(path)
        ]
        if not manifests:
            return "no manifest"
        return manifests[0].error.code if manifests[0].error else READY


@contextmanager
def trials() -> Generator[Trials]:
    """Build the bundle and the store; raise ``Misuse`` where memory cannot be limited."""
    check_control_groups()
    store = StubS3(latency_ms=0, mb_per_s=10_000)
    try:
        with failures():
            bundle = build(Target.host())
        with unpacked(bundle) as task:
            yield Trials(task, store)
    finally:
        store.close()


def check_control_groups() -> None:
    """Raise ``Misuse`` where memory cannot be limited and counted."""
    group = control_group.build(1024)
    group.remove()
    if group.kind == "none":
        raise Misuse("Memory cannot be limited here: run as root, on Linux with control groups.")
