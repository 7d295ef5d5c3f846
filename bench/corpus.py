"""Every file of a folder through the engine, each in a fresh process, beside plain Pillow.

Run it over a photo library before deploying. Our side is what Lambda's first upload gets: a new
zygote and a new worker. Pillow, with pillow-heif, opens the file in a process of its own, loads
its first frame and converts it to RGB. The table names the files that one side opens and the other
refuses. Exit code 1: the engine failed on a file, or calls one damaged that Pillow opens; or you
ended it by Ctrl-C, which keeps what was done so far. Every other refusal is a limit or a format
that is not supported (docs/engine.md, "Rejections"); a file that cannot be read is `unreadable`.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from rich.markup import escape
from rich.table import Table

from bench import machine
from function.contract import Status
from function.engine import formats
from function.engine.errors import DecoderBug, IsolationFailed, Reason, Rejected
from function.engine.isolate import Isolation
from function.engine.results import Measured, Task
from pipeline.settings import Settings
from terminal import console, progress

OK: Final = "ok"
"""``pillow`` of a file that Pillow opens."""

INTERNAL: Final = "internal"
"""``code`` of a failure of ours, as manifests have it."""

UNREADABLE: Final = "unreadable"
"""``status`` and ``code`` of a file that the system does not let us read: nobody looked at it."""

DAMAGED: Final = frozenset({Reason.BROKEN_IMAGE, Reason.TRUNCATED})
"""Codes that say that the file is at fault, where all others name a limit or what is not
supported."""

PILLOW_MB: Final = 2048
PILLOW_SECONDS: Final = 60
"""Memory and CPU time for Pillow, which has no limits of its own."""

PILLOW: Final = """
import resource, sys, warnings
megabytes, seconds, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (seconds,) * 2)
warnings.simplefilter("ignore")
import pillow_heif
from PIL import Image
pillow_heif.register_heif_opener()
try:
    with Image.open(path) as image:
        image.load()
        image.convert("RGB")
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

_starting: Final = Lock()


def register(commands: Any) -> None:
    """Add ``corpus`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "corpus", help="a folder of files beside plain Pillow", description=__doc__
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="its subfolders are included")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one row for each file")
    memory = Settings().memory
    parser.add_argument(
        "--memory", type=int, default=memory, metavar="MB", help=f"the function's; default {memory}"
    )
    jobs = os.cpu_count() or 1
    parser.add_argument(
        "--jobs", type=int, default=jobs, metavar="N", help=f"files at once; default {jobs}"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare all files, print what the two sides disagree on and the counts by code."""
    if not options.folder.is_dir():
        raise machine.UsageError(f"There is no folder at {options.folder}.")
    if options.jobs < 1:
        raise machine.UsageError("--jobs must be 1 or more.")
    if not 128 <= options.memory <= 10240:  # noqa: PLR2004 - what Lambda offers
        raise machine.UsageError("--memory must be 128 to 10240 MB.")
    files = files_of(options.folder)
    if not files:
        raise machine.UsageError(f"There are no files in {options.folder}.")
    if options.json:
        _check_writable(options.json)
    rows: list[dict[str, Any]] = []
    settings = Settings(memory=options.memory)
    with suppress(KeyboardInterrupt), progress("Comparing", len(files)) as advance:
        for row in compare(options.folder, files, settings, options.jobs):
            rows.append(row)
            advance(name=row["file"])
    rows.sort(key=lambda row: row["file"])
    if options.json:
        facts = {"schema": 1, "machine": machine.facts(), "results": rows}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    apart = [row for row in rows if disagree(row) or is_wrong(row)]
    if apart:
        console().print(_table(apart))
    print(_counts(rows))
    wrong = sum(map(is_wrong, rows))
    if wrong:
        print(f"{wrong} failed, or were called damaged, by a fault of ours: those marked !")
    return int(wrong > 0 or len(rows) < len(files))


def _check_writable(path: Path) -> None:
    """Raise ``UsageError`` now, rather than lose the rows of all files later."""
    try:
        path.open("ab").close()
    except OSError as error:
        raise machine.UsageError(f"{path} cannot be written: {error.strerror}.") from error


def files_of(folder: Path) -> list[str]:
    """Return the path of each file in a folder, relative to it."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in found)


def compare(
    folder: Path, files: Iterable[str], settings: Settings, jobs: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for each file, as soon as both sides are done with it."""
    pool = ThreadPoolExecutor(jobs)
    try:
        pending = [pool.submit(_row, folder, name, settings) for name in files]
        for done in as_completed(pending):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def disagree(row: Mapping[str, Any]) -> bool:
    """Return True if one side opens a file and the other does not."""
    return (row["status"] == Status.READY) != (row["pillow"] == OK)


def is_wrong(row: Mapping[str, Any]) -> bool:
    """Return True if the engine failed, or calls a file damaged that Pillow opens."""
    damaged = row["code"] in DAMAGED and row["pillow"] == OK
    return row["status"] == Status.FAILED or damaged


def _row(folder: Path, name: str, settings: Settings) -> dict[str, Any]:
    path = folder / name
    try:
        with path.open("rb") as file:
            # One byte above the limit is enough to be refused; a file may be larger than memory.
            most = min(os.fstat(file.fileno()).st_size, settings.max_upload_bytes)
            data = file.read(most + 1)
    except OSError as error:
        row = _failed(name, f"It cannot be read: {error.strerror}.")
        return row | {"status": UNREADABLE, "code": UNREADABLE, "pillow": str(error)}
    return render(name, data, settings) | {"pillow": open_by_pillow(folder, name)}


def render(name: str, data: bytes, settings: Settings) -> dict[str, Any]:
    """Return what becomes of an upload in a stack of these settings.

    ``ms`` is clock time from when a worker has the upload, ``rss_mb`` the most memory that the
    worker had; None if it has ended before that could be read.
    """
    found = next((known.name for known in formats.every() if known.recognises(data)), None)
    row = _failed(name, "") | {"format": found}
    if len(data) > settings.max_upload_bytes:
        message = f"This file is larger than {settings.max_upload_mb} MB."
        code = Reason.TOO_MANY_BYTES
        return row | {"status": Status.REJECTED, "code": code, "message": message}
    task = Task(settings.renditions, settings.max_pixels, settings.memory)
    with _starting:  # another process forked meanwhile would inherit its pipes
        isolation = Isolation(task, most_bytes=len(data))
    started = time.monotonic()
    try:
        isolation.wait()
        started = time.monotonic()
        for result in isolation.run(data):
            row["rss_mb"] = _peak_mb(isolation) or row["rss_mb"]
            if isinstance(result, Measured):
                row["losses"] = list(result.losses)
        row |= {"status": Status.READY, "code": None}
    except Rejected as error:
        row |= {"status": Status.REJECTED, "code": error.code, "message": error.message}
    except (DecoderBug, IsolationFailed) as error:
        row["message"] = str(error)
    finally:
        row["ms"] = round(1000 * (time.monotonic() - started))
        row["rss_mb"] = _peak_mb(isolation) or row["rss_mb"]
        isolation.stop()
    return row


def _failed(name: str, message: str) -> dict[str, Any]:
    return {
        "file": name,
        "format": None,
        "status": Status.FAILED,
        "code": INTERNAL,
        "message": message,
        "ms": None,
        "rss_mb": None,
        "losses": [],
    }


def _peak_mb(isolation: Isolation) -> int | None:
    """Return the most memory that a worker has had; None if there is none, or no ``/proc``."""
    try:
        status = Path(f"/proc/{isolation.processes[1]}/status").read_text(encoding="ascii")
    except OSError:
        return None
    peak = re.search(r"VmHWM:\s*(\d+)", status)
    return round(int(peak[1]) / 1024) if peak else None


def open_by_pillow(folder: Path, name: str) -> str:
    """Return ``ok``, or what Pillow says of a file."""
    limits = str(PILLOW_MB), str(PILLOW_SECONDS)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PILLOW, *limits, name],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=2 * PILLOW_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {2 * PILLOW_SECONDS} s"
    if done.returncode == 0:
        return OK
    if done.returncode < 0:
        return f"ended by signal {-done.returncode}"
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"


def _table(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(title="What one opens and the other does not", title_justify="left")
    for name in ("", "file", "format", "ours", "Pillow"):
        table.add_column(name, overflow="fold")
    for row in sorted(rows, key=is_wrong, reverse=True):
        mark = "[red]![/]" if is_wrong(row) else ""
        ours = row["code"] or row["status"]
        texts = (row["file"], row["format"] or "", ours, row["pillow"])
        table.add_row(mark, *map(escape, texts))
    return table


def _counts(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a line for each code, with how many of its files Pillow opens."""
    total, opened = collections.Counter[str](), collections.Counter[str]()
    for row in rows:
        code = row["code"] or row["status"]
        total[code] += 1
        opened[code] += row["pillow"] == OK
    lines = [f"{'files':>7}{'Pillow opens':>14}  outcome"]
    lines += [f"{n:>7}{opened[code]:>14}  {code}" for code, n in total.most_common()]
    return "\n".join(lines)
