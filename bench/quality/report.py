"""Show the result of a target test as a table, and as a page with a histogram."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench import charts, machine, pages, stats
from bench.machine import Machine
from bench.quality.check import FORMATS, NEAR, TARGETS, Outcome
from terminal import counted

HEAD: Final = (
    *("format", "target", "pairs", "within 3", "p95", "worst", "encodes", "sampled"),
    *("CPU ms", "of one encode", "KB"),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One format at one target, or at all of them."""

    format: str
    target: str
    pairs: int
    near: float  # share of the pairs within ``NEAR`` points
    p95: float  # of the points that they are off
    worst: float
    encodes: float  # mean
    sampled: float  # mean share of the picture that is encoded as its sample
    cpu_ms: float  # mean
    fixed_cpu_ms: float
    kilobytes: float  # mean

    def cells(self) -> Sequence[str]:
        """Return the row of the table."""
        return (
            self.format,
            self.target,
            str(self.pairs),
            f"{self.near:.1%}",
            f"{self.p95:.1f}",
            f"{self.worst:+.1f}",
            f"{self.encodes:.2f}",
            f"{self.sampled:.2f}",
            f"{self.cpu_ms:.1f}",
            f"{self.fixed_cpu_ms:.1f}",
            f"{self.kilobytes:.1f}",
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """The test of a model, and how many pairs it was fitted and tested on."""

    schema: int = 1
    machine: Machine = field(default_factory=machine.facts)
    judge: str
    fitted_pairs: int
    test_pairs: int
    own: bool = False  # tested on the user's own pictures
    rows: list[Row]
    unreachable: int  # outcomes whose format has no quality near the target; in no row
    outcomes: list[Outcome]


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return a row for each format and target, each format, each target, and all, which is last."""
    reached = [outcome for outcome in outcomes if outcome.reachable]
    made: list[Row] = []
    for format_name in (*FORMATS, "all"):
        mine = [o for o in reached if format_name in (o.format, "all")]
        for target in TARGETS:
            made += _row(format_name, str(target), [o for o in mine if o.target == target])
        made += _row(format_name, "all", mine)
    return made


def worst(outcomes: Sequence[Outcome]) -> Outcome:
    """Return the outcome furthest from its target, among outcomes that could reach it."""
    return max((o for o in outcomes if o.reachable), key=lambda o: abs(o.off))


def _row(format_name: str, target: str, outcomes: Sequence[Outcome]) -> list[Row]:
    if not outcomes:
        return []
    off = [abs(outcome.off) for outcome in outcomes]
    return [
        Row(
            format=str(format_name),
            target=target,
            pairs=len(outcomes),
            near=_near(outcomes),
            p95=round(stats.percentile(off, 95), 2),
            worst=round(worst(outcomes).off, 1),
            encodes=round(statistics.mean(o.encodes for o in outcomes), 3),
            sampled=round(statistics.mean(o.sampled for o in outcomes), 3),
            cpu_ms=round(statistics.mean(o.cpu_ms for o in outcomes), 2),
            fixed_cpu_ms=round(statistics.mean(o.fixed_cpu_ms for o in outcomes), 2),
            kilobytes=round(statistics.mean(o.bytes for o in outcomes) / 1000, 2),
        )
    ]


def _near(outcomes: Sequence[Outcome]) -> float:
    """Return the share that is within ``NEAR`` points."""
    return statistics.mean(abs(outcome.off) <= NEAR for outcome in outcomes)


def sentences(result: Result) -> list[str]:
    """Return sentences for facts that the tables leave out."""
    absent = counted(result.unreachable, "outcome")
    whose = "your own pictures" if result.own else "other authors"
    fitted = f"Fitted on {counted(result.fitted_pairs, 'pair')} of picture and size."
    return [
        *([fitted] if result.fitted_pairs else []),
        f"Tested on {counted(result.test_pairs, 'pair')} of {whose}; judged by {result.judge}.",
        *_groups(result),
        f"Not in the table: {absent} whose format has no quality within {NEAR:g} points of it.",
    ]


def _groups(result: Result) -> Iterator[str]:
    """Yield for each group how many are near their target, and which is the furthest."""
    for group in sorted({outcome.group for outcome in result.outcomes}, reverse=True):
        mine = [o for o in result.outcomes if o.group == group and o.reachable]
        if mine:
            far = worst(mine)
            where = f"{far.picture} ({far.rendition}, {far.format})"
            who = "them" if result.own else group
            yield (
                f"Of {who}, {_near(mine):.1%} are within {NEAR:g} points; furthest is {where}, "
                f"{far.score:.1f} for {far.target}."
            )


def page(result: Result) -> str:
    """Return the report as a page."""
    on = result.machine
    return pages.render(
        "quality/page.html",
        title="A target instead of a number",
        verdict=sentences(result),
        head=HEAD,
        rows=[row.cells() for row in result.rows],
        chart=histogram(result.outcomes),
        how=f"{on.cpu}, {on.cpus} CPUs; commit {on.commit}; {on.date}",
    )


def histogram(outcomes: Sequence[Outcome]) -> charts.Chart | None:
    """Draw how many outcomes are how far from their target, by format."""
    reached = [outcome for outcome in outcomes if outcome.reachable]
    return charts.histogram(
        {name: [o.off for o in reached if o.format == name] for name in FORMATS},
        x="Points above the target",
        y="Outcomes",
        within=NEAR,
    )
