"""The results of a sweep, as ``--json`` writes them."""

from dataclasses import dataclass, field

from bench import machine
from bench.machine import Machine
from bench.sandbox import Report
from bench.tune.workloads import Workload


@dataclass(frozen=True, kw_only=True)
class Row:
    """One memory size with one workload, warm unless it says otherwise; ms, MB and USD."""

    memory_mb: int
    workload: str
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    peak_mb: float
    init_ms: float
    cold_ms: float
    usd_per_1000: float
    outcome: str
    samples: int

    @property
    def headroom(self) -> float:
        """Share of the memory that was never used."""
        return 1 - self.peak_mb / self.memory_mb

    @property
    def worked(self) -> bool:
        """True if it may be chosen: its last run was warm and went well."""
        return self.outcome == "ok"


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Every run so far of one workload at one memory size; the first is its cold start."""

    workload: str
    sha256: str
    memory_mb: int
    reports: list[Report] = field(default_factory=list[Report])

    @classmethod
    def of(cls, workload: Workload, memory_mb: int) -> "Samples":
        """Return a case without a run."""
        return cls(workload=workload.name, sha256=workload.sha256, memory_mb=memory_mb)


@dataclass(frozen=True, kw_only=True)
class Result:
    """A sweep, wherever it was measured: a row for each case, the choice, and the runs behind it.

    ``chosen_mb`` is None if no size suits every workload, ``complete`` False after Ctrl-C, and
    ``words`` are sentences for people.
    """

    schema: int = 1
    summary: list[Row]
    strategy: str
    chosen_mb: int | None
    machine: Machine = field(default_factory=machine.facts)
    samples: list[Samples]
    complete: bool
    words: list[str]


@dataclass(frozen=True, kw_only=True)
class MeasuredSettings:
    """The settings that decide what an upload costs; ``stack`` is None for the defaults."""

    stack: str | None
    renditions: list[dict[str, object]]
    quality: str


@dataclass(frozen=True, kw_only=True)
class SandboxResult(Result):
    """A sweep in the sandbox; ``trusted`` is False if it did not give each size its CPU."""

    trusted: bool
    bundle: str
    sandbox: dict[str, str | float]
    self_check: list[dict[str, float | None]]
    cold_check: list[dict[str, float]]
    settings: MeasuredSettings


@dataclass(frozen=True, kw_only=True)
class DeployedFunction:
    """The function that was measured on AWS."""

    name: str
    architecture: str
    code: str | None
    runtime: str | None
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class AwsResult(Result):
    """A sweep of a deployed function; ``clean`` is False if something of it was left behind."""

    clean: bool
    function: DeployedFunction
