"""The options of a sweep, the setup that they choose from its rows, and the verdict."""

import base64
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from cyclopts import Parameter
from cyclopts.types import NormFloat

from bench.cost.bill import PROMISED_USD
from bench.memory_sizes import SIZES, MemorySizes
from bench.sweep.results import Row, Setup
from terminal import PositiveNumber

HEADROOM: Final = 0.25
"""Least share of the memory that "target" leaves unused; our choice."""

PROMISED_MB: Final = 1024
PROMISED_MS: Final = (500, 800)
"""Time of an image at 1024 MB that the project's first README promised."""
FIRST_VIEW_MS: Final = 700
"""Longest p95 of a first view at that size, warm: a reader waits for it. Our choice."""
_VISUALISER: Final = "https://lambda-power-tuning.show/#"
"""AWS Lambda Power Tuning's own page (github.com/alexcasalboni/aws-lambda-power-tuning)."""


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
        """Return the row that the strategy chooses for one workload; None if none qualifies.

        Time is that of a whole batch, which is what the last upload of it waits; cost is that of an
        image.
        """
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

    def setup(self, rows: Sequence[Row]) -> Setup | None:
        """Return the setup that suits every workload: of their choices the one with most memory."""
        choices = [self.best(mine) for mine in by_workload(rows)]
        setups = [best.setup for best in choices if best]
        if len(setups) != len(choices):
            return None
        return max(setups, key=lambda setup: setup.memory_mb, default=None)

    def sentences(self, rows: Sequence[Row]) -> Iterator[str]:
        """Yield the verdict on the promise, the choice, and a link to Power Tuning's plot."""
        for mine in by_workload(rows):
            if mine[0].first_view:
                yield first_view_verdict(mine)
                continue
            best, name = self.best(mine), mine[0].workload
            found = str(best.setup) if best else "no measured setup qualifies"
            yield f"{verdict(mine)} Strategy {self.strategy} for {name}: {found}."
            shown = next(series for series in by_series(mine) if (best or mine[0]) in series)
            yield f"Power Tuning's view of {name}: {visualisation_url(shown)}"


def by_workload(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each workload."""
    for name in dict.fromkeys(row.workload for row in rows):
        yield [row for row in rows if row.workload == name]


def by_series(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows that differ in their memory alone."""
    for series in dict.fromkeys(map(_series, rows)):
        yield [row for row in rows if _series(row) == series]


def _series(row: Row) -> tuple[str, str, int]:
    return row.workload, row.architecture, row.batch_size


def verdict(rows: Sequence[Row]) -> str:
    """Return whether the promise is kept: 500-800 ms at 1024 MB, below $1.00 per 1,000 images."""
    if any(row.measured_on == "embedded AWS" for row in rows):
        return "There is no verdict on figures of the embedded AWS, which mean nothing."
    able = [row for row in rows if (row.memory_mb, row.batch_size) == (PROMISED_MB, 1)]
    about = f"The promise is about one image at {PROMISED_MB} MB"
    promises = [_promise(row) for row in able if row.worked]
    return " ".join(promises) or f"{about}, which was not measured or did not work."


def _promise(row: Row) -> str:
    low, high = PROMISED_MS
    speed = "beaten" if row.p95_ms < low else "kept" if row.p95_ms <= high else "MISSED"
    where = "as Lambda reports it" if row.measured_on == "aws" else "in the sandbox"
    money = "kept" if row.total_usd_per_1000 < PROMISED_USD else "MISSED"
    return (
        f"{low}-{high} ms at {PROMISED_MB} MB: {speed} for {row.workload} on {row.architecture} "
        f"(p50 {row.p50_ms:.0f} ms, p95 {row.p95_ms:.0f} ms warm, {where}). Below "
        f"${PROMISED_USD:.2f} per 1,000 images: {money} (${row.usd_per_1000:.4f} of Lambda and "
        f"queue, ${row.total_usd_per_1000:.4f} with S3; the rest is in bench cost)."
    )


def first_view_verdict(rows: Sequence[Row]) -> str:
    """Return whether a first view is quick enough at the promise's memory size."""
    for row in rows:
        if row.memory_mb == PROMISED_MB and row.worked:
            is_kept = "within" if row.p95_ms <= FIRST_VIEW_MS else "NOT within"
            return (
                f"First views of {row.workload}: {is_kept} {FIRST_VIEW_MS} ms at {PROMISED_MB} MB "
                f"(p50 {row.p50_ms:.0f} ms, p95 {row.p95_ms:.0f} ms warm, {row.cold_ms:.0f} ms "
                f"cold; ${row.total_usd_per_1000:.4f} per 1,000 with S3)."
            )
    return f"No first view of {rows[0].workload} at {PROMISED_MB} MB was measured, or it failed."


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
