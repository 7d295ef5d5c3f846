"""What operators see: bars and tables on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ops.finding import Finding
from ops.redrive import DeadLetter

LINE_SECONDS: Final = 10
"""How often a long command says where it is when there is no terminal."""

UNKNOWN: Final = "not in the log: a timeout, a crash, or expired"
PLAIN_WIDTH: Final = 120
MARKS: Final = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}

Advance = Callable[[int], None]


def screen(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; 120 columns where there is none."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made.width = PLAIN_WIDTH
    return made


def is_terminal() -> bool:
    """Whether someone watches."""
    return screen(stderr=True).is_terminal


@contextmanager
def progress(label: str, total: int | None) -> Generator[Advance]:
    """Show how far something is; yields what to call with the number of steps done.

    Args:
        label: what is being done.
        total: number of steps; None if that is not known.
    """
    if not is_terminal():
        yield _lines(label, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda steps: bar.update(task, advance=steps)


def _lines(label: str, total: int | None) -> Advance:
    out, done, last = screen(stderr=True), 0, time.monotonic()

    def advance(steps: int) -> None:
        nonlocal done, last
        done += steps
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            out.print(f"{label}: {done}" + (f" of {total}" if total else ""))

    return advance


def print_letters(letters: Sequence[DeadLetter], reasons: dict[str, str]) -> None:
    """One row a dead letter; nothing if there are none."""
    if not letters:
        return
    table = Table("upload", "reason", "age", "receives")
    for letter in letters:
        table.add_row(
            "\n".join(letter.keys) or "(no S3 event)",
            reasons.get(letter.message_id, UNKNOWN),
            human_age(letter.age_seconds),
            str(letter.receives),
        )
    screen().print(table, markup=False)


def print_finding(finding: Finding) -> None:
    """One line, with the fix behind it."""
    fix = f"; {finding.fix}" if finding.fix else ""
    print(f"{MARKS[finding.level]} {finding.check:<14} {finding.detail}{fix}", flush=True)


def human_age(seconds: int) -> str:
    """Seconds in the unit that people would use."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
