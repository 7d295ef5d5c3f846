"""``python -m bench maintain isolation``: CPU time of the engine in a worker and in-process.

Each round starts a fresh process for each file. It renders the file again and again with the
default renditions, in turn by itself and through ``function/engine/isolate.py``, and adds up the
CPU time of both ways; that of the second is this process's, the zygote's and the worker's. Taken in
turn, both ways meet the same clock rate and the same neighbours on the machine. A process's layout
of memory alone moves its time by some per cent, hence the rounds.
"""

import json as jsons
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cyclopts.types import PositiveInt
from PIL import Image

from bench import machine, reports, stats
from bench.machine import Machine
from bench.photos import CACHE, encode, encode_heic, photo, photo_jpeg
from function.engine.isolate import Isolation
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from function.engine.work import work
from pipeline.environment import GLIBC_TUNABLES
from terminal import Failure, Misuse, console, progress

ROUNDS: Final = 9
UPLOADS: Final = 8
"""Uploads each way in a round."""

_WARM_UP: Final = 2
_CLEARING_SECONDS: Final = 0.05
"""How long the worker has to clear its memory after its last answer."""

_MODES: Final = ("in-process", "isolated")

_SIX_MP: Final = (3000, 2000)
FILES: Final[Mapping[str, Callable[[], bytes]]] = {
    "JPEG 12 MP": photo_jpeg,
    "JPEG 1 MP": lambda: encode(photo((1200, 900)), "JPEG", quality=90),
    "PNG 6 MP": lambda: encode(photo(_SIX_MP), "PNG", compress_level=6),
    "WebP 6 MP": lambda: encode(photo(_SIX_MP), "WEBP", quality=85),
    "HEIC 6 MP": lambda: encode_heic(photo(_SIX_MP)),
    "AVIF 6 MP": lambda: encode(photo(_SIX_MP), "AVIF", quality=80, speed=10),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file: medians of both ways, and of the rounds' differences with their quartiles."""

    file: str
    in_process_ms: float
    isolated_ms: float
    added_ms: float
    added_quartiles_ms: list[float]
    ratio: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """Every file, and the CPU ms of each round by way."""

    schema: int = 1
    machine: Machine = field(default_factory=machine.facts)
    results: list[Row]
    samples_ms: dict[str, dict[str, list[float]]]


def isolation(
    *, rounds: PositiveInt = ROUNDS, photo: tuple[Path, ...] = (), json: Path | None = None
) -> None:
    """Measure and print one line a file.

    Args:
        rounds: How often each file is measured.
        photo: Your own files; by default some are made.
        json: Write the figures to this file.
    """
    files = _files(photo)
    samples = {name: {mode: list[float]() for mode in _MODES} for name in files}
    with progress("Rendering both ways", rounds * len(files)) as advance:
        for _ in range(rounds):
            for name, path in files.items():
                for mode, milliseconds in zip(_MODES, cpu_ms(path), strict=True):
                    samples[name][mode].append(milliseconds)
                advance(name=name)
    rows = [summarise(name, samples[name]) for name in files]
    head = ("file", "in-process", "isolated", "added", "quartiles", "ratio")
    console().print(reports.table("CPU ms an upload", head, map(_cells, rows)))
    reports.write_json(json, Result(results=rows, samples_ms=samples))


def summarise(name: str, samples: Mapping[str, list[float]]) -> Row:
    """Return the row of a file from its samples by way."""
    alone, isolated = (samples[mode] for mode in _MODES)
    added = [after - before for before, after in zip(alone, isolated, strict=True)]
    return Row(
        file=name,
        in_process_ms=round(statistics.median(alone), 1),
        isolated_ms=round(statistics.median(isolated), 1),
        added_ms=round(statistics.median(added), 1),
        added_quartiles_ms=[round(stats.percentile(added, percent), 1) for percent in (25, 75)],
        ratio=round(statistics.median(b / a for a, b in zip(alone, isolated, strict=True)), 3),
    )


def cpu_ms(path: Path, uploads: int = UPLOADS) -> list[float]:
    """Return the CPU milliseconds of one upload, in-process and isolated, in a fresh process.

    Raises:
        Failure: the file cannot be rendered.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.maintain.isolation", str(path), str(uploads)],
        env={**os.environ, "GLIBC_TUNABLES": GLIBC_TUNABLES},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Failure(f"{path} could not be rendered: {reason[0]}")
    return jsons.loads(done.stdout)


def measure(data: bytes, uploads: int) -> list[float]:
    """Return the CPU milliseconds of one upload of several, in-process and isolated."""
    task = Task(DEFAULT_RENDITIONS, 1 << 30, 1024)
    isolation = Isolation(task, most_bytes=len(data))
    ways = [(0, lambda: list(work(data, task))), (1, lambda: _render_isolated(isolation, data))]
    seconds = [0.0, 0.0]
    for number in range(_WARM_UP + uploads):
        for index, render in random.sample(ways, 2):
            before = _cpu_seconds(isolation)
            render()
            if number >= _WARM_UP:
                seconds[index] += _cpu_seconds(isolation) - before
    isolation.stop()
    return [1000 * used / uploads for used in seconds]


def _render_isolated(isolation: Isolation, data: bytes) -> None:
    list(isolation.run(data))
    isolation.wait()  # a worker that was replaced belongs to the upload
    time.sleep(_CLEARING_SECONDS)


def _cpu_seconds(isolation: Isolation) -> float:
    ids = [pid for pid in isolation.processes if pid]
    return time.process_time() + sum(_of_process(pid) for pid in ids)


def _of_process(pid: int) -> float:
    """Return the CPU time of a process, its threads and the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(value) for value in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def _files(own: Sequence[Path]) -> dict[str, Path]:
    if own:
        missing = [path for path in own if not path.is_file()]
        if missing:
            raise Misuse(f"There is no file {missing[0]}.")
        return {path.name: path for path in own}
    CACHE.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name, make in FILES.items():
        paths[name] = CACHE / f"isolation-{name.replace(' ', '-')}.bin"
        if not paths[name].exists():
            paths[name].write_bytes(make())
    return paths


def _cells(row: Row) -> Sequence[str]:
    low, high = row.added_quartiles_ms
    figures = (row.in_process_ms, row.isolated_ms, row.added_ms, f"{low} to {high}")
    return (row.file, *map(str, figures), f"{row.ratio:.3f}")


if __name__ == "__main__":
    Image.init()
    print(jsons.dumps(measure(Path(sys.argv[1]).read_bytes(), int(sys.argv[2]))))
