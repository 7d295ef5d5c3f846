"""Effect of other work on honest uploads: figures of two phases, and whether the bound holds."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bench.stats import percentile

MOST_RATIO: Final = 2.0
"""Most that the p95 of honest uploads may grow."""


@dataclass(kw_only=True)
class Phase:
    """The outcome of one phase.

    Attributes:
        seconds: time from each honest upload to its manifest.
        lost: honest uploads without a manifest that says ``ready``, each with its outcome.
        dead: honest uploads whose message is in the dead-letter queue.
        hostile: outcomes of the hostile uploads, or other work, by kind and outcome.
        hostile_seconds: how long the function was busy with each that has a manifest.
    """

    seconds: list[float]
    lost: list[str] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)
    hostile: Counter[tuple[str, str]] = field(default_factory=Counter)
    hostile_seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Slowdown:
    """Two phases of honest uploads: alone, and beside other work."""

    alone: Phase
    beside: Phase
    others: str = "hostile"  # what they were beside, as a row of the table says it

    @property
    def ratio(self) -> float:
        """The p95 beside the other work, in multiples of that alone; infinite without uploads."""
        if not self.beside.seconds or not self.alone.seconds:
            return math.inf
        return percentile(self.beside.seconds, 95) / percentile(self.alone.seconds, 95)

    @property
    def holds(self) -> bool:
        """True if honest uploads are slowed down by no more than the bound, and none is missing."""
        complete = not any(phase.lost or phase.dead for phase in (self.alone, self.beside))
        return complete and self.ratio <= MOST_RATIO

    def lines(self) -> list[str]:
        """The report; its last line is the verdict."""
        table = [f"{'honest uploads':18} {'n':>5} {'p50':>8} {'p95':>8} {'lost':>5} {'dead':>5}"]
        for name, phase in (("alone", self.alone), (f"beside {self.others}", self.beside)):
            middle, high = (
                percentile(phase.seconds, percent) if phase.seconds else math.inf
                for percent in (50, 95)
            )
            table.append(
                f"{name:18} {len(phase.seconds):5} {middle:6.2f} s {high:6.2f} s "
                f"{len(phase.lost):5} {len(phase.dead):5}"
            )
        outcomes = [f"lost: {upload}" for upload in (*self.alone.lost, *self.beside.lost)]
        outcomes += [
            f"{count:6} {kind}: {outcome}"
            for (kind, outcome), count in sorted(self.beside.hostile.items())
        ]
        if self.beside.hostile_seconds:
            busy = self.beside.hostile_seconds
            middle, high = (percentile(busy, percent) for percent in (50, 95))
            outcomes.append(
                f"the function was busy with a hostile upload for {middle:.1f} s (p50), "
                f"{high:.1f} s (p95)"
            )
        verdict = "holds" if self.holds else "is broken"
        ratio = f"honest p95 {self.ratio:.2f} times that alone"
        return [*table, *outcomes, f"{ratio}, at most {MOST_RATIO:g}: the bound {verdict}"]
