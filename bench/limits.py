"""Memory and CPU time that a pixel of each kind of upload costs: the figures of the formats' files.

Each kind goes through the function in the sandbox at two sizes, each in a new environment: decode
in the worker, four JPEGs and four WebPs, all processes counted. Bytes a pixel are what is left of
the larger peak without what function/engine/limits.py counts besides; milliseconds are the slope
of CPU time. ``--check`` holds the formats' files against bench/evidence/limits.json.
"""

import argparse
import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.kinds import KINDS, Kind
from bench.photos import CACHE
from bench.trial import FREE, READY, Trials, trials
from function.engine.limits import BASE_MB, COPIES, bytes_per_pixel, ms_per_megapixel
from terminal import progress

EVIDENCE: Final = Path(__file__).parent / "evidence" / "limits.json"
RUNS: Final = 3
"""Runs in one environment: the time is their median, the peak that of all."""

MEMORY_MB: Final = 8192
_MB: Final = 1 << 20


def register(commands: Any) -> None:
    """Add ``limits`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "limits", help="memory and time that a pixel of each format costs", description=__doc__
    )
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), metavar="KIND")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument(
        "--keep", action="store_true", help="write them to bench/evidence, beside what is there"
    )
    parser.add_argument("--check", action="store_true", help="measure nothing; see above")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure each kind and print its line. Exit code 1 if a figure is above its limit."""
    if options.check:
        rows = _stored()
        print(*map(_line, rows), sep="\n")
    else:
        rows = _measure_all(options.kinds or list(KINDS))
    if options.json:
        options.json.write_text(_text(rows), encoding="utf-8")
    if options.keep:
        before = _stored() if EVIDENCE.exists() else []
        found = {row["kind"]: row for row in (*before, *rows)}
        EVIDENCE.parent.mkdir(exist_ok=True)
        EVIDENCE.write_text(_text([found[k] for k in KINDS if k in found]), encoding="utf-8")
    wrong = [sentence for row in rows for sentence in excesses(row)]
    print(*wrong, sep="\n", end="\n" * bool(wrong))
    return int(bool(wrong))


def _stored() -> list[dict[str, Any]]:
    return json.loads(EVIDENCE.read_text(encoding="utf-8"))["results"]


def _measure_all(kinds: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with (
        trials() as environment,
        suppress(KeyboardInterrupt),
        progress("Measuring", len(kinds)) as advance,
    ):
        for kind in kinds:
            if (needs := KINDS[kind].needs) and not shutil.which(needs):
                print(f"{kind}: not measured, because {needs} is not installed")
            else:
                try:
                    rows.append(measure(environment, kind))
                    print(_line(rows[-1]), flush=True)
                except machine.UsageError as error:
                    print(error)
            advance(name=kind)
    return rows


def measure(environment: Trials, kind: str) -> dict[str, Any]:
    """Return what one kind takes at both sizes, and the lines through them.

    Raises:
        UsageError: one did not become ready.
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
            raise machine.UsageError(f"{kind} ended as {trial.outcome}.")
    pixels = [made.pixels(size) for size in made.sizes]
    times = [trial.cpu_ms for trial in found]
    row = {
        "kind": kind,
        "limit": made.limit,
        "megapixels": [round(number / 1e6, 2) for number in pixels],
        "bytes": [_source(kind, size).stat().st_size for size in made.sizes],
        "peak_mb": [trial.peak_mb for trial in found],
        "cpu_ms": times,
        "ms_per_megapixel": round(
            max(0.0, (times[1] - times[0]) * 1e6 / (pixels[1] - pixels[0])), 1
        ),
    }
    return row | {"bytes_per_pixel": _bytes_per_pixel(made, row)}


def _bytes_per_pixel(made: Kind, row: Mapping[str, Any]) -> float:
    """Return what decoding took for each pixel of one picture; the more at either size."""
    return round(
        max(
            0.0,
            *(
                ((peak - BASE_MB) * _MB - COPIES * length - made.held(size)) / made.canvas(size)
                for size, peak, length in zip(made.sizes, row["peak_mb"], row["bytes"], strict=True)
            ),
        ),
        2,
    )


def excesses(row: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each figure of the formats' files that is below what was measured."""
    limit, wrong = row["limit"], list[str]()
    figures = (
        ("bytes_per_pixel", bytes_per_pixel(limit), _bytes_per_pixel(KINDS[row["kind"]], row)),
        ("ms_per_megapixel", ms_per_megapixel(limit), row["ms_per_megapixel"]),
    )
    for name, stated, found in figures:
        if found > stated:
            wrong.append(f"{row['kind']}: {name} of {limit} is {stated}, and {found} was measured.")
    return wrong


def _line(row: Mapping[str, Any]) -> str:
    pairs = zip(row["megapixels"], row["peak_mb"], strict=True)
    low, high = (f"{megapixels:g} MP {peak} MB" for megapixels, peak in pairs)
    return (
        f"{row['kind']:22}{low:>18}{high:>18}{row['bytes_per_pixel']:>7} B/px"
        f"{row['cpu_ms'][0]:>7} ms{row['cpu_ms'][1]:>7} ms"
        f"{row['ms_per_megapixel']:>8} ms/MP"
    )


def _text(rows: list[dict[str, Any]]) -> str:
    facts = {"schema": 2, "machine": machine.facts(), "results": rows}
    return json.dumps(facts, indent=1) + "\n"


def _source(kind: str, size: Any) -> Path:
    name = f"{size}-frames" if isinstance(size, int) else f"{size[0]}x{size[1]}"
    path = CACHE / f"{name}-{kind}.bin"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_bytes(KINDS[kind].make(size))
    return path
