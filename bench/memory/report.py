"""The largest images, for people: a table of megapixels, and a page with a plot over memory."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import yaml
from rich.table import Table

from bench import charts, machine, pages, reports
from bench.machine import Machine
from bench.memory.evidence import Source
from bench.memory.fit import Fit, Kind

_MARKS: Final = {"memory": "", None: "", "maxMegapixels": "*", "maxUploadMb": "†"}
_PLOTTED: Final = ("jpeg", "jpeg-progressive", "png", "webp", "avif", "heic", "tiff")
"""Kinds that are plotted, one for each colour of a chart."""
_TITLE: Final = "Largest image that is accepted, megapixels"


@dataclass(frozen=True, kw_only=True)
class Result:
    """The largest images, as ``--json`` writes them; ``stack`` is None for the default settings.

    ``kinds`` has the figures behind ``fits``, ``sources`` the files that these were measured in,
    and ``words`` are sentences for people.
    """

    schema: int = 1
    stack: str | None
    memory_mb: int  # of the stack
    fits: list[Fit]
    kinds: list[Kind]
    sources: list[Source]
    machine: Machine = field(default_factory=machine.facts)
    words: list[str]

    @property
    def sizes(self) -> list[int]:
        """Return the memory sizes in MB."""
        return list(dict.fromkeys(fit.memory_mb for fit in self.fits))


def table(result: Result) -> Table:
    """Return a row for each kind, with a column for each memory size."""
    return reports.table(_TITLE, _head(result), rows(result))


def rows(result: Result) -> Iterator[Sequence[str]]:
    """Yield the cells of each kind; a mark names the setting that refuses larger ones."""
    for kind in result.kinds:
        of_kind = [fit for fit in result.fits if fit.kind == kind.name]
        cells = (f"{fit.megapixels:g}{_MARKS[fit.limited_by]}" for fit in of_kind)
        yield (kind.name, *cells, f"{kind.bytes_per_pixel:g}", f"{kind.file_bytes_per_pixel:g}")


def sentences(settings_of: str, sources: Sequence[Source]) -> Iterator[str]:
    """Yield what the marks mean, whose settings count, and where the figures come from."""
    yield "* maxMegapixels refuses larger ones, † maxUploadMb does, and memory does elsewhere."
    yield (
        f"Accepted with the renditions, quality and limits of {settings_of}: every image of 3 to 2 "
        "up to this size whose file has no more bytes a pixel than the last column. Drawings and "
        "animations are apart (docs/engine.md, Memory)."
    )
    measured = ", ".join(f"{each.file} ({each.cpu}, {each.date})" for each in sources)
    yield (
        "The function computes the same limits. Transparent images take up to 15 MB more, so where "
        "memory is the limit the costliest of a kind may end as too_complex from 0.8 times this "
        "size on; `bench maintain oom` tries that (docs/tune.md)."
    )
    yield (
        "Bytes a pixel to decode are those of function/engine/formats, which cover what was "
        f"measured in bench/evidence: {measured}. Bytes of a file are those of the bulkiest there."
    )


def page(result: Result) -> str:
    """Return what fits as a page."""
    how = {name: value for name, value in asdict(result).items() if name in ("sources", "machine")}
    series = {
        name: [(fit.memory_mb, fit.megapixels) for fit in result.fits if fit.kind == name]
        for name in _PLOTTED
    }
    return pages.render(
        "memory/page.html",
        title="The largest image in each memory size",
        verdict=result.words,
        chart=charts.lines(series, x="memory, MB", y=_TITLE),
        head=_head(result),
        rows=list(rows(result)),
        how=yaml.safe_dump(how, sort_keys=False),
    )


def _head(result: Result) -> Sequence[str]:
    return ("kind", *(f"{size} MB" for size in result.sizes), "bytes a pixel", "file")
