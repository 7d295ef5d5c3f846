"""Count what was noticed, module by module."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.mutants.modules import Change

if TYPE_CHECKING:
    from tests.mutants.runs import Result

HEAD = "| module | mutants | equivalent | noticed | percent |\n| --- | ---: | ---: | ---: | ---: |"


@dataclass(frozen=True, kw_only=True)
class Count:
    """The counts of a module, or of all."""

    mutants: int
    equivalent: int
    noticed: int

    @property
    def percent(self) -> float:
        """Share of the mutants that some test could notice, and did."""
        could = self.mutants - self.equivalent
        return 100 * self.noticed / could if could else 100.0


def count(results: "Sequence[Result]", equivalents: Mapping[Change, str]) -> Count:
    """Count results; a change listed as equivalent that was noticed all the same is none."""
    return Count(
        mutants=len(results),
        equivalent=sum(not r.is_noticed and r.change in equivalents for r in results),
        noticed=sum(result.is_noticed for result in results),
    )


def table(results: "Sequence[Result]", equivalents: Mapping[Change, str]) -> str:
    """Return a table in Markdown: a row for each module, and one for all."""
    modules = dict.fromkeys(result.module for result in results)
    rows = {name: [r for r in results if r.module == name] for name in modules} | {"all": results}
    counts = {name: count(row, equivalents) for name, row in rows.items()}
    return "\n".join(
        [
            HEAD,
            *(
                f"| {name} | {c.mutants} | {c.equivalent} | {c.noticed} | {c.percent:.0f} % |"
                for name, c in counts.items()
            ),
        ]
    )


def survivors(results: "Sequence[Result]", equivalents: Mapping[Change, str]) -> str:
    """Return the changes that no test noticed, apart from equivalent ones, as a patch."""
    missed = (r for r in results if not r.is_noticed and r.change not in equivalents)
    return "".join(f"{result.diff}\n" for result in missed)


def mistaken(results: "Sequence[Result]", equivalents: Mapping[Change, str]) -> list[Change]:
    """Return the changes that are listed as equivalent, although a test noticed them."""
    return sorted({r.change for r in results if r.is_noticed} & {*equivalents})
