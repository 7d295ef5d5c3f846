"""The results of a sweep, as ``--json`` writes them."""

from dataclasses import dataclass, field
from typing import Any

from bench import machine
from bench.machine import Machine
from bench.sandbox import Report
from bench.tune.advice import Row
from bench.tune.sweep import Case

Fact = str | float


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Every run of one workload at one memory size, raw; the first is its cold start."""

    workload: str
    sha256: str
    memory_mb: int
    reports: list[Report]


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
    renditions: list[dict[str, Any]]
    quality: str


@dataclass(frozen=True, kw_only=True)
class SandboxResult(Result):
    """A sweep in the sandbox; ``trusted`` is False if it did not give each size its CPU."""

    trusted: bool
    bundle: str
    sandbox: dict[str, Fact]
    self_check: list[dict[str, float | None]]
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


def samples_of(cases: list[Case]) -> list[Samples]:
    """Return the runs of each case."""
    return [
        Samples(
            workload=case.workload.name,
            sha256=case.workload.sha256,
            memory_mb=case.memory_mb,
            reports=case.reports,
        )
        for case in cases
    ]
