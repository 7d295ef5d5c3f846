"""The result of a sweep in the sandbox, as ``--json`` writes it."""

from dataclasses import dataclass

from bench.sweep.results import Result


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
