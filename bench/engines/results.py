"""The results of a comparison, as ``--json`` writes them."""

from dataclasses import dataclass

from bench.machine import Machine


@dataclass(frozen=True, kw_only=True)
class Result:
    """One engine on one task."""

    task: str
    engine: str
    cpu_ms: float  # median CPU time of one upload, all threads and child processes
    ratio: float  # median over the rounds of ours / this engine; below 1 ours is faster
    peak_rss_mb: float | None  # memory that one upload adds to a fresh process; None for the floor
    bytes: int  # size of all outputs together
    score: float  # mean SSIMULACRA2 of the outputs against full-decode LANCZOS, before encoding
    score_each: tuple[float, ...]  # the same by output, in the task's order
    colour: float  # mean of the outputs' 95th percentile of chroma and hue, delta E 2000
    samples_ms: list[float]  # CPU time by round


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

    schema: int = 2  # 1 had luma SSIM
    machine: Machine
    photo: str
    rounds: int
    results: list[Result]
    skipped: list[Missing]
