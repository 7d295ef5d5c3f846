"""The options of a sweep, and the memory size that is chosen from its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter, validators
from cyclopts.types import NormFloat

from bench.tune import advice
from bench.tune.advice import Row, Strategy

SIZES: Final = (128, 256, 512, 1024, 1769, 3008)
"""Memory sizes in MB that are measured unless told otherwise."""

MEMORY_MB: Final = validators.Number(gte=128, lte=10240)
"""Lambda's range."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Choice:
    """Options: which sizes, how to choose among them, and where to write.

    Attributes:
        memory: Memory sizes in MB.
        strategy: How to choose among the sizes.
        weight: Weight of cost against speed in balanced, 0 to 1.
        target_ms: Largest p95 in target.
        json: Write all samples to this file.
        html: Write a page to this file.
    """

    memory: Annotated[tuple[int, ...], Parameter(validator=MEMORY_MB)] = SIZES
    strategy: Strategy = "balanced"
    weight: NormFloat = 0.5
    target_ms: float = 800
    json: Path | None = None
    html: Path | None = None

    def best(self, rows: Sequence[Row]) -> Row | None:
        """Return the row that the strategy chooses for one workload; None if none qualifies."""
        return advice.choose(rows, self.strategy, weight=self.weight, target_ms=self.target_ms)

    def memory_mb(self, rows: Sequence[Row]) -> int | None:
        """Return the size that suits every workload: the largest of their choices."""
        choices = [self.best(mine) for mine in by_workload(rows)]
        sizes = [best.memory_mb for best in choices if best]
        return max(sizes) if sizes and len(sizes) == len(choices) else None

    def sentences(self, rows: Sequence[Row], place: advice.Place = advice.HERE) -> Iterator[str]:
        """Yield the verdict on the promise, the choice, and a link to Power Tuning's plot."""
        for mine in by_workload(rows):
            best, name = self.best(mine), mine[0].workload
            size = f"{best.memory_mb} MB" if best else "no measured size qualifies"
            yield f"{advice.verdict(mine, place)} Strategy {self.strategy} for {name}: {size}."
            yield f"Power Tuning's view of {name}: {advice.visualisation_url(mine)}"


def by_workload(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield the rows of each workload."""
    for name in dict.fromkeys(row.workload for row in rows):
        yield [row for row in rows if row.workload == name]
