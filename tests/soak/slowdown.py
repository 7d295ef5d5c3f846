"""Effect of other work on honest uploads: figures of two phases, and whether the bound holds."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bench.stats import percentile

MOST_RATIO: Final = 2.0
"""Most that the p95 of honest uploads may grow."""

MOST_OWN_RATIO: Final = 1.25
"""Most that it may grow beside a stack's own work, compared with as much work of another stack: a
margin for chance, as the p95 of the 60 uploads of a minute is the fourth slowest of them."""


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
    """Phases of honest uploads: alone, and beside other work.

    Attributes:
        alone: without other work.
        beside: beside other work of the same stack.
        control: beside as much work of another stack on the same machine, if that was measured.
        others: the other work, as a row of the table says it.
    """

    alone: Phase
    beside: Phase
    control: Phase | None = None
    others: str = "hostile"

    @property
    def phases(self) -> dict[str, Phase]:
        """Each phase by its row of the table."""
        rows = {"alone": self.alone, f"beside {self.others}": self.beside}
        return rows if self.control is None else rows | {"of another stack": self.control}

    @property
    def ratio(self) -> float:
        """The p95 beside the other work, in multiples of that alone; infinite without uploads."""
        return _ratio(self.beside, self.alone)

    @property
    def own_ratio(self) -> float:
        """The p95 beside the other work, in multiples of that beside another stack's."""
        return _ratio(self.beside, self.control) if self.control else 1.0

    @property
    def holds(self) -> bool:
        """True if honest uploads are slowed down no more than the bounds, and none is missing."""
        complete = not any(phase.lost or phase.dead for phase in self.phases.values())
        return complete and self.ratio <= MOST_RATIO and self.own_ratio <= MOST_OWN_RATIO

    def lines(self) -> list[str]:
        """The report; its last line is the verdict."""
        table = [f"{'honest uploads':18} {'n':>5} {'p50':>8} {'p95':>8} {'lost':>5} {'dead':>5}"]
        for name, phase in self.phases.items():
            middle, high = (
                percentile(phase.seconds, percent) if phase.seconds else math.inf
                for percent in (50, 95)
            )
            table.append(
                f"{name:18} {len(phase.seconds):5} {middle:6.2f} s {high:6.2f} s "
                f"{len(phase.lost):5} {len(phase.dead):5}"
            )
        outcomes = [f"lost: {upload}" for phase in self.phases.values() for upload in phase.lost]
        outcomes += _counts(self.beside)
        if self.control:
            outcomes += [f"{line}, of another stack" for line in _counts(self.control)]
        if self.beside.hostile_seconds:
            busy = self.beside.hostile_seconds
            middle, high = (percentile(busy, percent) for percent in (50, 95))
            outcomes.append(
                f"the function was busy with a hostile upload for {middle:.1f} s (p50), "
                f"{high:.1f} s (p95)"
            )
        verdict = "holds" if self.holds else "is broken"
        ratio = f"honest p95 {self.ratio:.2f} times that alone, at most {MOST_RATIO:g}"
        if self.control:
            ratio = (
                f"{ratio}, and {self.own_ratio:.2f} times that beside another stack's "
                f"{self.others}, at most {MOST_OWN_RATIO:g}"
            )
        return [*table, *outcomes, f"{ratio}: the bound {verdict}"]


def _ratio(phase: Phase, base: Phase) -> float:
    if not phase.seconds or not base.seconds:
        return math.inf
    return percentile(phase.seconds, 95) / percentile(base.seconds, 95)


def _counts(phase: Phase) -> list[str]:
    return [
        f"{count:6} {kind}: {outcome}" for (kind, outcome), count in sorted(phase.hostile.items())
    ]
