"""``python -m bench maintain isolation``: CPU time of the engine in a worker and in-process.

Each round starts a fresh process for each file, because a process's layout of memory alone moves
its time by some per cent. It renders the file both ways in turn, so that both meet the same clock
rate and the same neighbours on the machine. CPU time of the isolated way is that of this process,
the zygote and the worker.
"""

import json as jsons
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cyclopts.types import PositiveInt
from PIL import Image

from bench import reports, stats
from bench.maintain import result
from bench.photos import cached, encode, encode_heic, photo, photo_jpeg
from bench.sandbox import processes
from function.engine.isolate import Isolation
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from function.engine.work import work
from pipeline.environment import GLIBC_TUNABLES
from terminal import Failure, Misuse, console, progress

UPLOADS: Final = 8  # each way in a round
_WARM_UP: Final = 2
_CLEARING_SECONDS: Final = 0.05  # that the worker has to clear its memory after its last answer
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

    def cells(self) -> Sequence[str]:
        """Return the row of the table."""
        quartiles = "{} to {}".format(*self.added_quartiles_ms)
        figures = (self.in_process_ms, self.isolated_ms, self.added_ms, quartiles)
        return (self.file, *map(str, figures), f"{self.ratio:.3f}")


@dataclass(frozen=True, kw_only=True)
class Result(result.Result[Row]):
    """Every file, and the CPU ms of each round by way."""

    samples_ms: dict[str, dict[str, list[float]]]


def isolation(
    *, rounds: PositiveInt = 9, photo: tuple[Path, ...] = (), json: reports.ReportFile = None
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
    console().print(reports.table("CPU ms an upload", head, (row.cells() for row in rows)))
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


def cpu_ms(path: Path) -> list[float]:
    """Return the CPU milliseconds of one upload, in-process and isolated, in a fresh process."""
    command = [sys.executable, "-m", "bench.maintain.isolation", str(path)]
    environment = {**os.environ, "GLIBC_TUNABLES": GLIBC_TUNABLES}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise Failure(f"{path} could not be rendered: {reason[0]}")
    return jsons.loads(done.stdout)


def measure(data: bytes) -> list[float]:
    """Return the CPU milliseconds of one upload of UPLOADS, in-process and isolated."""
    task = Task(DEFAULT_RENDITIONS, 1 << 30, 1024)
    isolation = Isolation(task, most_bytes=len(data))
    ways = [(0, lambda: list(work(data, task))), (1, lambda: _render_isolated(isolation, data))]
    ms = [0.0, 0.0]

    def used_ms() -> float:
        others = sum(processes.cpu_ms(pid) for pid in isolation.processes if pid)
        return 1000 * time.process_time() + others

    for number in range(_WARM_UP + UPLOADS):
        for index, render in random.sample(ways, 2):
            before = used_ms()
            render()
            if number >= _WARM_UP:
                ms[index] += used_ms() - before
    isolation.stop()
    return [used / UPLOADS for used in ms]


def _render_isolated(isolation: Isolation, data: bytes) -> None:
    list(isolation.run(data))
    isolation.wait()  # a worker that was replaced belongs to the upload
    time.sleep(_CLEARING_SECONDS)


def _files(own: Sequence[Path]) -> dict[str, Path]:
    if missing := [path for path in own if not path.is_file()]:
        raise Misuse(f"There is no file {missing[0]}.")
    return {path.name: path for path in own} or {
        name: cached(f"isolation-{name.replace(' ', '-')}.bin", make)
        for name, make in FILES.items()
    }


if __name__ == "__main__":
    Image.init()
    print(jsons.dumps(measure(Path(sys.argv[1]).read_bytes())))
