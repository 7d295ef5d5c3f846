"""``python -m bench maintain limits``: the figures of the formats' files.

Each kind goes through the function in the sandbox at two sizes, each in a new environment: decode
in the worker, four JPEGs and four WebPs, all processes counted. Bytes a pixel are the larger peak
less the other terms of function/engine/limits.py, over the pixels; milliseconds are the slope of
CPU time. ``--check`` compares the formats' files with every ``limits*.json`` in bench/evidence:
machines differ, so a figure must cover each of them.
"""

import math
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from bench import reports
from bench.maintain.kinds import KINDS, Kind, Size
from bench.maintain.result import Result
from bench.memory import evidence
from bench.memory.evidence import Row
from bench.photos import cached
from bench.sandbox.trial import FREE, READY, Trials, trials
from function.engine.limits import BASE_MB, COPIES, bytes_per_pixel, ms_per_megapixel
from terminal import FAILED, OK, Failure, Misuse, console, progress

SCHEMA: Final = 2
RUNS: Final = 3
"""Runs in one environment: the time is their median, the peak that of all."""

MEMORY_MB: Final = 8192
_MB: Final = 1 << 20


def limits(
    *,
    kinds: Annotated[tuple[str, ...], Parameter(choices=KINDS)] = (),
    json: reports.ReportFile = None,
    keep: bool = False,
    check: bool = False,
) -> int:
    """Measure each kind and print a table.

    Return 1 if a figure is above its limit, or a kind was not measured.

    Args:
        kinds: Those to measure; all by default.
        json: Write the figures to this file.
        keep: Write them to bench/evidence/limits.json, in place of those of the same kinds.
        check: Measure nothing; hold the formats' files against bench/evidence.
    """
    if check and (keep or kinds):
        raise Misuse("--check measures nothing; leave out --keep and --kinds.")
    asked = () if check else kinds or tuple(KINDS)
    rows = evidence.stored() if check else _measure_all(asked)
    head = ("kind", "small", "large", "bytes a pixel", "CPU ms", "CPU ms", "CPU ms a MP")
    title = "Memory and CPU time of uploads"
    console().print(reports.table(title, head, (row.cells() for row in rows)))
    reports.write_json(json, Result(schema=SCHEMA, results=rows))
    if keep:
        file = evidence.EVIDENCE
        before = evidence.read(file) if file.exists() else []
        found = {row.kind: row for row in (*before, *rows)}
        kept = [found[kind] for kind in KINDS if kind in found]
        reports.write_json(file, Result(schema=SCHEMA, results=kept))
    wrong = [sentence for row in rows for sentence in excesses(row)]
    for sentence in wrong:
        console().print(sentence, soft_wrap=True)
    missing = set(asked) - {row.kind for row in rows}
    return FAILED if wrong or missing else OK


def _measure_all(kinds: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    out = console(stderr=True)
    with (
        trials() as environment,
        suppress(KeyboardInterrupt),
        progress("Measuring", len(kinds)) as advance,
    ):
        for kind in kinds:
            try:
                rows.append(measure(environment, kind))
            except Failure as error:
                out.print(str(error))
            advance(name=kind)
    return rows


def measure(environment: Trials, kind: str) -> Row:
    """Return what one kind takes at both sizes; raise ``Failure`` if one cannot be measured."""
    made = KINDS[kind]
    if made.needs and not shutil.which(made.needs):
        raise Failure(f"{kind}: not measured, because {made.needs} is not installed")
    files = [_source(kind, size) for size in made.sizes]
    found = [
        environment.run(
            file, MEMORY_MB, hold="memory", settings=made.settings(size), given=FREE, runs=RUNS
        )
        for file, size in zip(files, made.sizes, strict=True)
    ]
    for trial in found:
        if trial.outcome != READY:
            raise Failure(f"{kind} ended as {trial.outcome}.")
    pixels = [math.prod(size) for size in made.sizes]
    times = [trial.cpu_ms for trial in found]
    slope = (times[1] - times[0]) * 1e6 / (pixels[1] - pixels[0])
    row = Row(
        kind=kind,
        limit=made.limit,
        megapixels=[round(count / 1e6, 2) for count in pixels],
        bytes=[file.stat().st_size for file in files],
        peak_mb=[trial.peak_mb for trial in found],
        cpu_ms=times,
        ms_per_megapixel=round(max(0.0, slope), 1),
    )
    return replace(row, bytes_per_pixel=decoding_bytes(made, row))


def decoding_bytes(made: Kind, row: Row) -> float:
    """Return what decoding took for each pixel of one picture; the more at either size."""
    found = (
        ((peak - BASE_MB) * _MB - COPIES * length - made.held(size)) / (size[0] * size[1])
        for size, peak, length in zip(made.sizes, row.peak_mb, row.bytes, strict=True)
    )
    return round(max(0.0, *found), 2)


def excesses(row: Row) -> list[str]:
    """Return a sentence for each figure of the formats' files that is below what was measured."""
    # The other terms of limits.py may have changed since the row was stored.
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


def _source(kind: str, size: Size) -> Path:
    width, height, frames = size
    name = f"{frames}-frames" if frames > 1 else f"{width}x{height}"
    return cached(f"{name}-{kind}.bin", lambda: KINDS[kind].make(size))
