"""The results of a sweep, as ``--json`` writes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench import machine
from bench.machine import Machine
from bench.sandbox import Report
from bench.sweep.workloads import Workload

Place = Literal["aws", "sandbox", "embedded AWS"]
"""Where the figures were measured. Figures of the embedded AWS, which does not hold a function to a
memory size, mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The settings that a sweep varies: memory in MB, architecture, and uploads a batch."""

    memory_mb: int
    architecture: str
    batch_size: int = 1

    def __str__(self) -> str:
        architecture, batch = f"architecture {self.architecture}", f"batchSize {self.batch_size}"
        return f"memory {self.memory_mb}, {architecture}, {batch}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One setup with one workload, warm unless it says otherwise; ms, MB and USD.

    Times are those of an invocation, that is of a whole batch; costs are those of 1,000 images,
    whatever the batch, or of 1,000 first views of the file ``first_view``, if it names one.
    ``usd_per_1000`` is what the setup decides: Lambda and the queue's requests.
    ``total_usd_per_1000`` adds requests to S3 and a month of storage. ``costs`` has each line of
    the bill.
    """

    measured_on: Place
    architecture: str
    memory_mb: int
    batch_size: int
    workload: str
    first_view: str = ""
    p50_ms: float
    p90_ms: float
    p95_ms: float
    p99_ms: float
    peak_mb: float
    init_ms: float | None  # None where it is not reported
    cold_ms: float
    usd_per_1000: float
    total_usd_per_1000: float
    costs: dict[str, float]
    outcome: str
    samples: int

    @property
    def setup(self) -> Setup:
        """The settings that the row is about."""
        return Setup(
            memory_mb=self.memory_mb, architecture=self.architecture, batch_size=self.batch_size
        )

    @property
    def headroom(self) -> float:
        """Share of the memory that was never used."""
        return 1 - self.peak_mb / self.memory_mb

    @property
    def worked(self) -> bool:
        """True if it may be chosen: its last run was warm and went well."""
        return self.outcome == "ok"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Objects that some images have in S3: bytes uploaded, bytes made of them, objects written."""

    images: int
    uploaded_bytes: int
    made_bytes: int
    objects: int


@dataclass(frozen=True, kw_only=True)
class Run:
    """Lambda's report of an invocation, what it stored, and why it went wrong if it did."""

    report: Report
    stored: Stored
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Every run of one workload with one setup; the first is its cold start.

    ``why`` is a sentence about the run that went wrong, if one did.
    """

    workload: str
    sha256: str
    setup: Setup
    reports: list[Report]
    stored: list[Stored]
    first_view: str = ""  # the lazy file whose first views these are; empty for uploads
    why: str = ""

    @property
    def is_cut_short(self) -> bool:
        """True if the run that ``why`` is about has no report, so that none of it is known."""
        return bool(self.why) and (not self.reports or self.reports[-1].outcome == "ok")

    @classmethod
    def of(
        cls,
        workload: Workload,
        setup: Setup,
        runs: Sequence[Run],
        cut_short: str = "",
        first_view: str = "",
    ) -> "Samples":
        """Return the case of these runs; ``cut_short`` says why the next has no report."""
        return cls(
            workload=f"{workload.name} {first_view}".strip(),
            first_view=first_view,
            sha256=workload.sha256,
            setup=setup,
            reports=[run.report for run in runs],
            stored=[run.stored for run in runs],
            why=next((run.why for run in runs if run.why), cut_short),
        )


@dataclass(frozen=True, kw_only=True)
class Unmeasured:
    """An architecture without a figure, and a sentence that says why."""

    architecture: str
    measured_on: Place
    outcome: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Result:
    """A sweep, wherever it was measured: a row for each case, the choice, and the runs behind it.

    ``chosen`` is None if no setup suits every workload, ``complete`` False after Ctrl-C, and
    ``words`` are sentences for people.
    """

    schema: int = 2
    summary: list[Row]
    unmeasured: list[Unmeasured] = field(default_factory=list[Unmeasured])
    strategy: str
    chosen: Setup | None
    machine: Machine = field(default_factory=machine.facts)
    samples: list[Samples]
    complete: bool
    words: list[str]
