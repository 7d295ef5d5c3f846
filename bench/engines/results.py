"""The results of a comparison, as ``--json`` writes them."""

from dataclasses import dataclass

from bench.machine import Machine


@dataclass(frozen=True, kw_only=True)
class Result:
    """One engine on one task.

    Attributes:
        task: name of the task.
        engine: name of the engine.
        cpu_ms: median CPU time of one upload, all threads and child processes.
        ratio: median over the rounds of ours / this engine; below 1 ours is faster.
        peak_rss_mb: memory that one upload adds to a fresh process; None for the floor.
        bytes: size of all outputs together.
        ssim: mean luma SSIM of the outputs against full-decode LANCZOS, before encoding.
        ssim_each: the same by output, in the task's order.
        samples_ms: CPU time by round.
    """

    task: str
    engine: str
    cpu_ms: float
    ratio: float
    peak_rss_mb: float | None
    bytes: int
    ssim: float
    ssim_each: tuple[float, ...]
    samples_ms: list[float]


@dataclass(frozen=True, kw_only=True)
class Missing:
    """An engine that cannot run on this machine."""

    engine: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Skipped(Missing):
    """An engine that failed on a task."""

    task: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Everything that was measured, on what, and the engines that were left out."""

    schema: int = 1
    machine: Machine
    photo: str
    rounds: int
    results: list[Result]
    skipped: list[Missing]
