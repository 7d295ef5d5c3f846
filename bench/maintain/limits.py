"""``python -m bench maintain limits``: the figures of the formats' files.

Each kind goes through the function in the sandbox at two sizes, each in a new environment: decode
in the worker, four JPEGs and four WebPs, all processes counted. Bytes a pixel are what is left of
the larger peak without what function/engine/limits.py counts besides; milliseconds are the slope
of CPU time. ``--check`` holds the formats' files against bench/evidence/limits.json.
"""

import json as jsons
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from rich.table import Table

from bench import machine, reports
from bench.machine import Machine
from bench.maintain.kinds import KINDS, Kind
from bench.photos import CACHE
from bench.sandbox.trial import FREE, READY, Trials, trials
from function.engine.limits import BASE_MB, COPIES, bytes_per_pixel, ms_per_megapixel
from terminal import Failure, console, progress

EVIDENCE: Final = Path(__file__).parents[1] / "evidence" / "limits.json"
RUNS: Final = 3
"""Runs in one environment: the time is their median, the peak that of all."""

MEMORY_MB: Final = 8192
_MB: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of upload at two sizes.

    Attributes:
        kind: name of the kind.
        limit: the kind in the format's file whose figures it must not exceed.
        megapixels: of each size.
        bytes: of each file.
        peak_mb: most memory that all processes held at once.
        cpu_ms: CPU time of all processes.
        ms_per_megapixel: the slope of the CPU time.
        bytes_per_pixel: what decoding took for each pixel of one picture.
    """

    kind: str
    limit: str
    megapixels: list[float]
    bytes: list[int]
    peak_mb: list[float]
    cpu_ms: list[float]
    ms_per_megapixel: float
    bytes_per_pixel: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """Every row, and the machine that they were measured on."""

    schema: int = 2
    machine: Machine = field(default_factory=machine.facts)
    results: list[Row]


def limits(
    *,
    kinds: Annotated[tuple[str, ...], Parameter(choices=KINDS)] = (),
    json: Path | None = None,
    keep: bool = False,
    check: bool = False,
) -> int:
    """Measure each kind and print a table. Return 1 if a figure is above its limit.

    Args:
        kinds: Those to measure; all by default.
        json: Write the figures to this file.
        keep: Write them to bench/evidence, beside what is there.
        check: Measure nothing; hold the formats' files against bench/evidence.
    """
    rows = stored() if check else _measure_all(kinds or tuple(KINDS))
    console().print(_table(rows))
    reports.write_json(json, Result(results=rows))
    if keep:
        before = stored() if EVIDENCE.exists() else []
        found = {row.kind: row for row in (*before, *rows)}
        EVIDENCE.parent.mkdir(exist_ok=True)
        reports.write_json(EVIDENCE, Result(results=[found[k] for k in KINDS if k in found]))
    wrong = [sentence for row in rows for sentence in excesses(row)]
    for sentence in wrong:
        console().print(sentence, soft_wrap=True)
    return int(bool(wrong))


def stored() -> list[Row]:
    """Return the rows of ``bench/evidence``."""
    return [Row(**row) for row in jsons.loads(EVIDENCE.read_text(encoding="utf-8"))["results"]]


def _measure_all(kinds: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    out = console(stderr=True)
    with (
        trials() as environment,
        suppress(KeyboardInterrupt),
        progress("Measuring", len(kinds)) as advance,
    ):
        for kind in kinds:
            if (needs := KINDS[kind].needs) and not shutil.which(needs):
                out.print(f"{kind}: not measured, because {needs} is not installed")
            else:
                try:
                    rows.append(measure(environment, kind))
                except Failure as error:
                    out.print(str(error))
            advance(name=kind)
    return rows


def measure(environment: Trials, kind: str) -> Row:
    """Return what one kind takes at both sizes, and the lines through them.

    Raises:
        Failure: one did not become ready.
    """
    made = KINDS[kind]
    found = [
        environment.run(
            _source(kind, size),
            MEMORY_MB,
            hold="memory",
            settings=made.settings(size),
            given=FREE,
            runs=RUNS,
        )
        for size in made.sizes
    ]
    for trial in found:
        if trial.outcome != READY:
            raise Failure(f"{kind} ended as {trial.outcome}.")
    pixels = [made.pixels(size) for size in made.sizes]
    times = [trial.cpu_ms for trial in found]
    slope = (times[1] - times[0]) * 1e6 / (pixels[1] - pixels[0])
    row = Row(
        kind=kind,
        limit=made.limit,
        megapixels=[round(count / 1e6, 2) for count in pixels],
        bytes=[_source(kind, size).stat().st_size for size in made.sizes],
        peak_mb=[trial.peak_mb for trial in found],
        cpu_ms=times,
        ms_per_megapixel=round(max(0.0, slope), 1),
    )
    return replace(row, bytes_per_pixel=decoding_bytes(made, row))


def decoding_bytes(made: Kind, row: Row) -> float:
    """Return what decoding took for each pixel of one picture; the more at either size."""
    return round(
        max(
            0.0,
            *(
                ((peak - BASE_MB) * _MB - COPIES * length - made.held(size)) / made.canvas(size)
                for size, peak, length in zip(made.sizes, row.peak_mb, row.bytes, strict=True)
            ),
        ),
        2,
    )


def excesses(row: Row) -> list[str]:
    """Return a sentence for each figure of the formats' files that is below what was measured."""
    # What limits.py counts besides may have changed since the row was stored.
    decoding = decoding_bytes(KINDS[row.kind], row)
    figures = (
        ("bytes_per_pixel", bytes_per_pixel(row.limit), decoding),
        ("ms_per_megapixel", ms_per_megapixel(row.limit), row.ms_per_megapixel),
    )
    return [
        f"{row.kind}: {name} of {row.limit} is {stated}, and {found} was measured."
        for name, stated, found in figures
        if found > stated
    ]


def _table(rows: Iterable[Row]) -> Table:
    head = ("kind", "small", "large", "bytes a pixel", "CPU ms", "CPU ms", "CPU ms a MP")
    return reports.table("Memory and CPU time of uploads", head, map(_cells, rows))


def _cells(row: Row) -> Sequence[str]:
    sizes = zip(row.megapixels, row.peak_mb, strict=True)
    return (
        row.kind,
        *(f"{megapixels:g} MP, {peak} MB" for megapixels, peak in sizes),
        str(row.bytes_per_pixel),
        *map(str, row.cpu_ms),
        str(row.ms_per_megapixel),
    )


def _source(kind: str, size: Any) -> Path:
    name = f"{size}-frames" if isinstance(size, int) else f"{size[0]}x{size[1]}"
    path = CACHE / f"{name}-{kind}.bin"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_bytes(KINDS[kind].make(size))
    return path
