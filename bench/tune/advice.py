"""Which memory size to choose: Power Tuning's strategies, and one that keeps a promise."""

import base64
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

PROMISED_MS: Final = (500, 800)
PROMISED_USD: Final = 1.00
HEADROOM: Final = 0.25
Strategy = Literal["cost", "speed", "balanced", "target"]
_VISUALISER: Final = "https://lambda-power-tuning.show/#"


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


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where rows were measured, in words, and on which architecture, whose prices they have."""

    where: str
    architecture: str


HERE: Final = Place(where="on this machine", architecture="x86_64")


def choose(
    rows: Sequence[Row], strategy: Strategy, *, weight: float, target_ms: float
) -> Row | None:
    """Return the row that a strategy chooses among those that worked; None if none qualifies.

    Args:
        rows: one workload's rows.
        strategy: how to choose.
        weight: of cost against speed in "balanced", 0 to 1.
        target_ms: for "target": the cheapest whose p95 is below, with HEADROOM to spare.
    """
    able = [row for row in rows if row.outcome == "ok"]
    if strategy == "target":
        able = [row for row in able if row.p95_ms < target_ms and row.headroom > HEADROOM]
    if not able:
        return None
    dearest = max(row.usd_per_1000 for row in able)
    slowest = max(row.p50_ms for row in able)
    weights = {"cost": 1.0, "target": 1.0, "speed": 0.0}
    share = weights.get(strategy, weight)

    def value(row: Row) -> float:
        return share * row.usd_per_1000 / dearest + (1 - share) * row.p50_ms / slowest

    return min(able, key=value)


def verdict(rows: Sequence[Row], place: Place = HERE) -> str:
    """Return whether the promise is kept: 500-800 ms at 1024 MB, below $1.00 per 1,000 images."""
    row = next((row for row in rows if row.memory_mb == 1024 and row.outcome == "ok"), None)  # noqa: PLR2004
    if row is None:
        return "The promise is about 1024 MB, which was not measured or did not work."
    low, high = PROMISED_MS
    speed = "beaten" if row.p95_ms < low else "kept" if row.p95_ms <= high else "MISSED"
    money = "kept" if row.usd_per_1000 < PROMISED_USD else "MISSED"
    return (
        f"{low}-{high} ms at 1024 MB: {speed} for {row.workload} (p50 {row.p50_ms:.0f} ms, p95 "
        f"{row.p95_ms:.0f} ms warm, {place.where}). Below ${PROMISED_USD:.2f} per 1,000 images: "
        f"{money} (${row.usd_per_1000:.4f} of Lambda at {place.architecture} prices; the rest is "
        "in bench cost)."
    )


def visualisation_url(rows: Sequence[Row]) -> str:
    """Return the address of Power Tuning's own page for these rows.

    It holds sizes as int16, ms and USD as float32, little-endian, in base64.
    """
    able = [row for row in rows if row.outcome == "ok"]
    count = len(able)
    parts = (
        struct.pack(f"<{count}h", *(row.memory_mb for row in able)),
        struct.pack(f"<{count}f", *(row.p50_ms for row in able)),
        struct.pack(f"<{count}f", *(row.usd_per_1000 / 1000 for row in able)),
    )
    return _VISUALISER + ";".join(base64.b64encode(part).decode() for part in parts)
