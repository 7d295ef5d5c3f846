"""``python -m bench maintain corpus``: every file of a folder through the engine, beside Pillow.

Run it over a photo library before deploying. Our side runs like Lambda's first upload: in a new
zygote and a new worker. Pillow, with pillow-heif, opens the file in a separate process, loads its
first frame and converts it to RGB. The table names the files that one side opens and the other
refuses. A file that cannot be read is `unreadable`.
"""

import collections
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Final

from cyclopts.types import PositiveInt
from rich.table import Table

from bench import reports
from bench.maintain.result import Result
from bench.memory_sizes import MemorySize
from bench.sandbox import processes
from function.contract import Status
from function.engine import formats
from function.engine.errors import DecoderBug, IsolationFailed, Reason, Rejected
from function.engine.isolate import Isolation
from function.engine.results import Measured, Task
from pipeline.settings import Settings
from terminal import Misuse, console, progress

OK: Final = "ok"  # ``pillow`` of a file that Pillow opens
INTERNAL: Final = "internal"  # ``code`` of a failure of ours, as manifests have it
UNREADABLE: Final = "unreadable"  # ``status`` and ``code`` of a file that nobody could look at
DAMAGED: Final = frozenset({Reason.BROKEN_IMAGE, Reason.TRUNCATED})
"""Codes that say that the file is at fault; the others name a limit or what is not supported."""

PILLOW_MB: Final = 2048
PILLOW_SECONDS: Final = 60
"""Memory and CPU time for Pillow, which has no limits itself."""

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

_CPUS: Final = os.cpu_count() or 1
_DEFAULTS: Final = Settings()
_starting: Final = Lock()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file."""

    file: str  # its path in the folder
    format: str | None = None  # as its first bytes say; None if no format of ours does
    status: str = Status.FAILED  # "ready", "rejected", "failed" or "unreadable"
    code: str | None = INTERNAL  # of a rejection or a failure; None if it is ready
    message: str = ""  # why
    ms: int | None = None  # clock time from when a worker has the upload; None if none had it
    rss_mb: int | None = None  # peak of the worker; None if it ended before that could be read
    losses: list[str] = field(default_factory=list[str])  # codes of what no rendition shows
    pillow: str = ""  # "ok", or what Pillow says of the file

    @property
    def outcome(self) -> str:
        """The code; "ready" if there is none."""
        return self.code or self.status


def corpus(
    folder: Path,
    *,
    json: reports.ReportFile = None,
    memory: MemorySize = _DEFAULTS.memory,
    jobs: PositiveInt = _CPUS,
) -> int:
    """Compare all files, print what the two sides disagree on and the counts by code.

    Args:
        folder: Your files; its subfolders are included.
        json: Write one row for each file to this file.
        memory: The function's, in MB.
        jobs: Files at once.
    """
    if not folder.is_dir():
        raise Misuse(f"There is no folder at {folder}.")
    paths = (path for path in folder.rglob("*") if path.is_file())
    files = sorted(path.relative_to(folder).as_posix() for path in paths)
    if not files:
        raise Misuse(f"There are no files in {folder}.")
    rows: list[Row] = []
    settings = Settings(memory=memory)
    with suppress(KeyboardInterrupt), progress("Comparing", len(files)) as advance:
        for row in compare(folder, files, settings, jobs):
            rows.append(row)
            advance(name=row.file)
    rows.sort(key=lambda row: row.file)
    reports.write_json(json, Result(results=rows))
    out = console()
    apart = [row for row in rows if disagree(row) or is_wrong(row)]
    if apart:
        out.print(_disagreements(apart))
    out.print(_counts(rows))
    wrong = sum(map(is_wrong, rows))
    if wrong:
        out.print(
            f"{wrong} failed, or were called damaged, by a fault of ours; ! marks each of them."
        )
    return int(wrong > 0 or len(rows) < len(files))


def compare(folder: Path, files: Iterable[str], settings: Settings, jobs: int) -> Iterator[Row]:
    """Yield a row for each file, as soon as both sides are done with it."""
    with ThreadPoolExecutor(jobs) as pool:
        pending = [pool.submit(_row, folder, name, settings) for name in files]
        try:
            for done in as_completed(pending):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def disagree(row: Row) -> bool:
    """Return True if one side opens a file and the other does not."""
    return (row.status == Status.READY) != (row.pillow == OK)


def is_wrong(row: Row) -> bool:
    """Return True if the engine failed, or calls a file damaged that Pillow opens."""
    is_called_damaged = row.code in DAMAGED and row.pillow == OK
    return row.status == Status.FAILED or is_called_damaged


def _row(folder: Path, name: str, settings: Settings) -> Row:
    path = folder / name
    try:
        with path.open("rb") as file:
            # One byte above the limit is enough to be refused; a file may be larger than memory.
            most = min(os.fstat(file.fileno()).st_size, settings.max_upload_bytes)
            data = file.read(most + 1)
    except OSError as error:
        row = Row(file=name, status=UNREADABLE, code=UNREADABLE, pillow=str(error))
        return replace(row, message=f"It cannot be read: {error.strerror}.")
    return replace(render(name, data, settings), pillow=open_by_pillow(folder, name))


def render(name: str, data: bytes, settings: Settings) -> Row:
    """Return our side of a file's row: an upload of it in a stack of these settings."""
    found = next((known.name for known in formats.every() if known.recognises(data)), None)
    row = Row(file=name, format=found)
    if len(data) > settings.max_upload_bytes:
        message = f"This file is larger than {settings.max_upload_mb} MB."
        return replace(row, status=Status.REJECTED, code=Reason.TOO_MANY_BYTES, message=message)
    task = Task(settings.renditions, settings.max_pixels, settings.memory)
    with _starting:  # another process forked meanwhile would inherit its pipes
        isolation = Isolation(task, most_bytes=len(data))
    started = time.monotonic()
    peak_mb = 0.0
    try:
        isolation.wait()
        started = time.monotonic()
        for result in isolation.run(data):
            peak_mb = processes.peak_mb(isolation.processes[1]) or peak_mb
            if isinstance(result, Measured):
                row = replace(row, losses=list(result.losses))
        row = replace(row, status=Status.READY, code=None)
    except Rejected as error:
        row = replace(row, status=Status.REJECTED, code=error.code, message=error.message)
    except (DecoderBug, IsolationFailed) as error:
        row = replace(row, message=str(error))
    finally:
        milliseconds = round(1000 * (time.monotonic() - started))
        peak_mb = processes.peak_mb(isolation.processes[1]) or peak_mb
        isolation.stop()
    return replace(row, ms=milliseconds, rss_mb=round(peak_mb) or None)


def open_by_pillow(folder: Path, name: str) -> str:
    """Return ``ok``, or what Pillow says of a file."""
    command = [sys.executable, "-c", PILLOW, str(PILLOW_MB), str(PILLOW_SECONDS), name]
    seconds = 2 * PILLOW_SECONDS
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {seconds} s"
    if done.returncode == 0:
        return OK
    if done.returncode < 0:
        return f"ended by signal {-done.returncode}"
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {done.returncode}"


def _disagreements(rows: Iterable[Row]) -> Table:
    """Return a row for each file that one side opens and the other does not, our faults first."""
    head = ("", "file", "format", "ours", "Pillow")
    cells = (
        ("!" if is_wrong(row) else "", row.file, row.format or "", row.outcome, row.pillow)
        for row in sorted(rows, key=is_wrong, reverse=True)
    )
    table = reports.table("Files that one opens and the other does not", head, cells, left=head)
    table.columns[0].style = "red"
    return table


def _counts(rows: Sequence[Row]) -> Table:
    """Return a row for each code, with how many of its files Pillow opens."""
    total = collections.Counter(row.outcome for row in rows)
    opened = collections.Counter(row.outcome for row in rows if row.pillow == OK)
    cells = ((code, str(count), str(opened[code])) for code, count in total.most_common())
    return reports.table("Files by outcome", ("outcome", "files", "Pillow opens"), cells)
