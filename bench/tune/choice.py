"""The options of a sweep, the memory size that they choose from its rows, and the verdict."""

import base64
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cyclopts import Parameter
from cyclopts.types import NormFloat

from bench.cost.bill import PROMISED_USD
from bench.memory_sizes import SIZES, MemorySizes
from bench.tune.results import Row
from terminal import PositiveNumber

HEADROOM: Final = 0.25
"""Least share of the memory that "target" leaves unused; ours to choose."""

PROMISED_MB: Final = 1024
PROMISED_MS: Final = (500, 800)
"""Of the first README: an image takes so long at 1024 MB."""
_VISUALISER: Final = "https://lambda-power-tuning.show/#"
"""AWS Lambda Power Tuning's own page (github.com/alexcasalboni/aws-lambda-power-tuning)."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where rows were measured, in words, and on which architecture, whose prices they have."""

    where: str
    architecture: str


HERE: Final = Place(where="on this machine", architecture="x86_64")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Choice:
    """Options: which sizes, and how to choose among them (Power Tuning's strategies, and target).

    Attributes:
        memory: Memory sizes in MB.
        strategy: How to choose among the sizes.
        weight: Weight of cost against speed in balanced, 0 to 1.
        target_ms: Largest p95 in target.
    """

    memory: MemorySizes = SIZES
    strategy: Literal["cost", "speed", "balanced", "target"] = "balanced"
    weight: NormFloat = 0.5
    target_ms: PositiveNumber = 800

    def best(self, rows: Sequence[Row]) -> Row | None:
        """Return the row that the strategy chooses for one workload; None if none qualifies."""
        able = [row for row in rows if row.worked]
        dearest = max((row.usd_per_1000 for row in able), default=1)
        slowest = max((row.p50_ms for row in able), default=1)
        if self.strategy == "target":
            able = [r for r in able if r.p95_ms < self.target_ms and r.headroom > HEADROOM]
        share = {"balanced": self.weight, "speed": 0.0}.get(self.strategy, 1.0)
        return min(
            able,
            key=lambda r: share * r.usd_per_1000 / dearest + (1 - share) * r.p50_ms / slowest,
            default=None,
        )

    def memory_mb(self, rows: Sequence[Row]) -> int | None:
        """Return the size that suits every workload: the largest of their choices."""
        choices = [self.best(mine) for mine in by_workload(rows)]
        sizes = [best.memory_mb for best in choices if best]
        return max(sizes) if sizes and len(sizes) == len(choices) else None

    def sentences(self, rows: Sequence[Row], place: Place = HERE) -> Iterator[str]:
        """Yield the verdict on the promise, the choice, and a link to Power Tuning's plot."""
        for mine in by_workload(rows):
            best, name = self.best(mine), mine[0].workload
            size = f"{best.memory_mb} MB" if best else "no measured size qualifies"
            yield f"{verdict(mine, place)} Strategy {self.strategy} for {name}: {size}."
            yield f"Power Tuning's view of {name}: {visualisation_url(mine)}"


def by_workload(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each workload."""
    for name in dict.fromkeys(row.workload for row in rows):
        yield [row for row in rows if row.workload == name]


def verdict(rows: Sequence[Row], place: Place = HERE) -> str:
    """Return whether the promise is kept: 500-800 ms at 1024 MB, below $1.00 per 1,000 images."""
    row = next((row for row in rows if row.memory_mb == PROMISED_MB and row.worked), None)
    if row is None:
        return f"The promise is about {PROMISED_MB} MB, which was not measured or did not work."
    low, high = PROMISED_MS
    speed = "beaten" if row.p95_ms < low else "kept" if row.p95_ms <= high else "MISSED"
    money = "kept" if row.usd_per_1000 < PROMISED_USD else "MISSED"
    return (
        f"{low}-{high} ms at {PROMISED_MB} MB: {speed} for {row.workload} (p50 {row.p50_ms:.0f} "
        f"ms, p95 {row.p95_ms:.0f} ms warm, {place.where}). Below ${PROMISED_USD:.2f} per 1,000 "
        f"images: {money} (${row.usd_per_1000:.4f} of Lambda at {place.architecture} prices; the "
        "rest is in bench cost)."
    )


def visualisation_url(rows: Sequence[Row]) -> str:
    """Return the address of Power Tuning's own page for these rows.

    It holds sizes as int16, ms and USD as float32, little-endian, in base64.
    """
    able = [row for row in rows if row.worked]
    columns = (
        ("h", [row.memory_mb for row in able]),
        ("f", [row.p50_ms for row in able]),
        ("f", [row.usd_per_1000 / 1000 for row in able]),
    )
    packed = (struct.pack(f"<{len(able)}{kind}", *values) for kind, values in columns)
    return _VISUALISER + ";".join(base64.b64encode(part).decode() for part in packed)
