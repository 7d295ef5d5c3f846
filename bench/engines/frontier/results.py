"""The results of a frontier, as ``--json`` writes them."""

from dataclasses import dataclass

from bench.engines.results import Missing
from bench.machine import Machine


@dataclass(frozen=True, kw_only=True)
class Point:
    """One picture encoded at one quality."""

    picture: str
    group: str  # "photographs" or "graphics"
    format: str
    encoder: str
    quality: int
    bytes: int
    cpu_ms: float  # the least of up to three encodes, all threads
    score: float  # SSIMULACRA2
    colour: float  # 95th percentile of the difference in chroma and hue, delta E 2000


@dataclass(frozen=True, kw_only=True)
class Row:
    """One encoder at one score: medians over the pictures of a group that it brings there."""

    group: str
    format: str
    encoder: str
    score: int
    pictures: int  # how many reach the score within the qualities that were tried
    quality: float
    bytes: float
    cpu_ms: float
    colour: float
    bytes_ratio: float  # median over the pictures of ours / this encoder; below 1 ours is smaller
    cpu_ratio: float  # the same of CPU time; 0 for both where ours reaches the score with none


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """Everything that was measured, on what, and the encoders that were left out."""

    schema: int = 1
    machine: Machine
    pictures: list[str]
    side: int  # pixels of their longer side
    judge: str  # what computed the scores
    rows: list[Row]
    points: list[Point]
    skipped: list[Missing]
