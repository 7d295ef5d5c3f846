"""CPU time that isolation adds to an upload: the engine in a worker against the engine in-process.

Each round starts a fresh process for each file. It renders the file again and again with the
default renditions, in turn by itself and through ``function/engine/isolate.py``, and adds up the
CPU time of both ways; that of the second is this process's, the zygote's and the worker's. Taken in
turn, both ways meet the same clock rate and the same neighbours on the machine. A process's layout
of memory alone moves its time by some per cent, hence the rounds.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from PIL import Image
from rich.table import Table

from bench import machine, stats
from bench.photos import CACHE, encode, encode_heic, photo, photo_jpeg
from function.engine.isolate import Isolation
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from function.engine.work import work
from pipeline.resizer import GLIBC_TUNABLES
from terminal import console

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


def register(commands: Any) -> None:
    """Add ``isolation`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "isolation", help="CPU time that isolation adds to an upload", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--photo", type=Path, nargs="+", metavar="FILE", help="your own files")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure and print one line a file."""
    files = _files(options.photo)
    samples = {name: {mode: list[float]() for mode in _MODES} for name in files}
    with machine.Progress("isolation", options.rounds * len(files)) as progress:
        for _ in range(options.rounds):
            for name, path in files.items():
                for mode, milliseconds in zip(_MODES, cpu_ms(path), strict=True):
                    samples[name][mode].append(milliseconds)
                progress.step()
    rows = [summarise(name, samples[name]) for name in files]
    console().print(_table(rows))
    if options.json:
        facts = {"schema": 1, "machine": machine.facts(), "results": rows, "samples_ms": samples}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return 0


def summarise(name: str, samples: Mapping[str, list[float]]) -> dict[str, Any]:
    """Return the medians of both modes, and of the rounds' differences with their quartiles."""
    alone, isolated = (samples[mode] for mode in _MODES)
    added = [after - before for before, after in zip(alone, isolated, strict=True)]
    return {
        "file": name,
        "in_process_ms": round(statistics.median(alone), 1),
        "isolated_ms": round(statistics.median(isolated), 1),
        "added_ms": round(statistics.median(added), 1),
        "added_quartiles_ms": [round(stats.percentile(added, percent), 1) for percent in (25, 75)],
        "ratio": round(statistics.median(b / a for a, b in zip(alone, isolated, strict=True)), 3),
    }


def cpu_ms(path: Path, uploads: int = UPLOADS) -> list[float]:
    """Return the CPU milliseconds of one upload, in-process and isolated, in a fresh process.

    Raises:
        UsageError: the file cannot be rendered.
    """
    done = subprocess.run(
        [sys.executable, "-m", "bench.isolation", str(path), str(uploads)],
        env={**os.environ, "GLIBC_TUNABLES": GLIBC_TUNABLES},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise machine.UsageError(f"{path} could not be rendered: {reason[0]}")
    return json.loads(done.stdout)


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


def _files(own: Iterable[Path] | None) -> dict[str, Path]:
    if own:
        missing = [path for path in own if not path.is_file()]
        if missing:
            raise machine.UsageError(f"There is no file {missing[0]}.")
        return {path.name: path for path in own}
    CACHE.mkdir(parents=True, exist_ok=True)
    paths: dict[str, Path] = {}
    for name, make in FILES.items():
        paths[name] = CACHE / f"isolation-{name.replace(' ', '-')}.bin"
        if not paths[name].exists():
            paths[name].write_bytes(make())
    return paths


def _table(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(title="CPU ms an upload", title_justify="left")
    for head in ("file", "in-process", "isolated", "added", "quartiles", "ratio"):
        table.add_column(head, justify="left" if head == "file" else "right")
    for row in rows:
        low, high = row["added_quartiles_ms"]
        figures = (row["in_process_ms"], row["isolated_ms"], row["added_ms"], f"{low} to {high}")
        table.add_row(row["file"], *(str(figure) for figure in figures), f"{row['ratio']:.3f}")
    return table


if __name__ == "__main__":
    Image.init()
    print(json.dumps(measure(Path(sys.argv[1]).read_bytes(), int(sys.argv[2]))))
