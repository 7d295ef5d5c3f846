"""Put each hostile file alone through the function in the sandbox, at several memory sizes.

A file keeps its bound if it ends in renditions or a rejection: at 1024 MB within 10 s by the clock
and with 60 % of the memory at most, all processes counted; at other sizes within the timeout. Exit
code 0: all do; 1: one does not, or the run was interrupted; 2: misused.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.table import Table

from bench import machine
from bench.machine import UsageError
from bench.sandbox import SandboxError
from bench.trial import READY, Trials, trials
from function.contract import FULL_MEMORY_MB, MOST_SECONDS
from function.engine.errors import Reason
from local.console import human_bytes
from pipeline.bundle import BundleError
from pipeline.settings import Settings
from terminal import console, progress
from tests.hostile.files import FILES

SIZES: Final = (1024, 512, 256)
MOST_OF_MEMORY: Final = 0.6
TIMEOUT: Final = Settings().timeout


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; its exit code."""
    options = parser().parse_args(arguments)
    if options.list:
        print(*FILES, sep="\n")
        return 0
    try:
        return run(options)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2
    except (BundleError, SandboxError) as error:
        print(error, file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("python -m tests.hostile", description=__doc__)
    made.add_argument("--files", nargs="+", metavar="WORD", help="those whose names begin so")
    made.add_argument("--memory", type=int, nargs="+", default=list(SIZES), metavar="MB")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    made.add_argument("--list", action="store_true", help="name the files, and do nothing")
    return made


def run(options: argparse.Namespace) -> int:
    """Try every file, print the table."""
    words = options.files or [""]
    names = [name for name in FILES if name.startswith(tuple(words))]
    if not names:
        raise UsageError("No file has such a name; --list has them all.")
    rows: list[dict[str, Any]] = []
    with (
        TemporaryDirectory() as folder,
        trials() as environment,
        suppress(KeyboardInterrupt),
        progress("Attacking", len(names)) as advance,
    ):
        for name in names:
            rows.append(attack(environment, name, options.memory, Path(folder)))
            if not sys.stderr.isatty():
                print(_line(rows[-1]), flush=True)
            advance(name=name)
    if sys.stderr.isatty():
        console().print(_table(rows, options.memory))
    wrong = [sentence for row in rows for sentence in faults(row)]
    print(*wrong, sep="\n", end="\n" * bool(wrong))
    print(f"{len(rows)} files, {len(rows) - len({s.partition(':')[0] for s in wrong})} kept.")
    if options.json:
        facts = {"schema": 1, "machine": machine.facts(), "results": rows}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return int(bool(wrong) or len(rows) < len(names))


def attack(environment: Trials, name: str, sizes: Sequence[int], folder: Path) -> dict[str, Any]:
    """Put one file through at each memory size; return what became of it."""
    hostile, path = FILES[name], folder / "file"
    path.write_bytes(hostile.make())
    row: dict[str, Any] = {"file": name, "bytes": path.stat().st_size, "at": {}}
    for memory_mb in sizes:
        trial = environment.run(
            path,
            memory_mb,
            settings=hostile.settings,
            given={"MAX_PIXELS": str(settings_at(memory_mb).max_pixels)},
            timeout_s=TIMEOUT,
        )
        row["at"][str(memory_mb)] = {
            "outcome": trial.outcome,
            "seconds": trial.seconds,
            "peak_mb": trial.peak_mb,
        }
    return row


def settings_at(memory_mb: int) -> Settings:
    return Settings(memory=memory_mb)


def faults(row: dict[str, Any]) -> list[str]:
    """Return a sentence for each bound that a file breaks."""
    return [f"{row['file']}: {fault}" for size in row["at"] for fault in _faults(row, size)]


def _faults(row: dict[str, Any], size: str) -> Iterator[str]:
    found, memory_mb = row["at"][size], int(size)
    if found["outcome"] not in {READY, *Reason}:
        yield f"ends as {found['outcome']} at {size} MB."
    if memory_mb < FULL_MEMORY_MB:
        if found["seconds"] > TIMEOUT:
            yield f"takes {found['seconds']} s at {size} MB."
        return
    if found["seconds"] > MOST_SECONDS:
        yield f"takes {found['seconds']} s at {size} MB."
    if found["peak_mb"] > MOST_OF_MEMORY * memory_mb:
        yield f"takes {found['peak_mb']} MB at {size} MB."


def _line(row: dict[str, Any]) -> str:
    cells = (
        f"{size} {at['outcome']} {at['seconds']} s {at['peak_mb']:.0f} MB"
        for size, at in row["at"].items()
    )
    mark = "!!" if faults(row) else "  "
    return f"{mark} {row['file']:34} {human_bytes(row['bytes']):>9}  " + " | ".join(cells)


def _table(rows: list[dict[str, Any]], sizes: Sequence[int]) -> Table:
    table = Table(title="Hostile files", title_justify="left")
    for head in ("file", "bytes", *(f"at {size} MB" for size in sizes)):
        table.add_column(head, justify="right" if head == "bytes" else "left")
    for row in rows:
        cells = (
            f"{at['outcome']}\n{at['seconds']} s, {at['peak_mb']:.0f} MB"
            for at in row["at"].values()
        )
        name = f"[red]{row['file']}[/]" if faults(row) else row["file"]
        table.add_row(name, human_bytes(row["bytes"]), *cells)
    return table


if __name__ == "__main__":
    sys.exit(main())
