"""The result of a sweep in the sandbox, as ``--json`` writes it."""

from dataclasses import dataclass
from typing import Literal

from bench.sandbox import control_group
from bench.sandbox.selfcheck import ColdRow, WarmRow
from bench.sweep.results import Result
from function.engine.renditions import Quality, Rendition


@dataclass(frozen=True, kw_only=True)
class MeasuredSettings:
    """The settings that decide what an upload costs; ``stack`` is None for the defaults."""

    stack: str | None
    renditions: tuple[Rendition, ...]
    quality: Quality


@dataclass(frozen=True, kw_only=True)
class SandboxFacts:
    """The sandbox that a sweep ran in; ``init`` says if the initialisation was held, too."""

    kind: control_group.Kind
    init: Literal["on demand", "provisioned concurrency"]
    s3: Literal["stub", "embedded AWS"]


@dataclass(frozen=True, kw_only=True)
class StubSandboxFacts(SandboxFacts):
    """A sandbox whose S3 is a stub."""

    latency_ms: float
    mb_per_s: float


@dataclass(frozen=True, kw_only=True)
class SandboxResult(Result):
    """A sweep in the sandbox; ``trusted`` is False if it did not give each size its CPU."""

    trusted: bool
    bundle: str
    sandbox: SandboxFacts
    self_check: list[WarmRow]
    cold_check: list[ColdRow]
    settings: MeasuredSettings
