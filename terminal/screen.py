"""What people see: colours and a bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

PLAIN_WIDTH: Final = 120
"""Columns where there is no terminal."""

LINE_SECONDS: Final = 10
"""How often a long command says where it is when there is no terminal."""


class Advance(Protocol):
    """What a command calls as it goes on."""

    def __call__(self, steps: int = 1, /, name: str = "") -> None:
        """Say that so many steps more are done, and what the last one was."""


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; 120 columns where there is none."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made.width = PLAIN_WIDTH
    return made


@contextmanager
def progress(label: str, total: int | None) -> Generator[Advance]:
    """Show on stderr how far something is: a bar, or a line every ten seconds without a terminal.

    Args:
        label: what is being done.
        total: number of steps; None if that is not known.
    """
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _lines(screen, label, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[step]}"),
    )
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(label, total=total, step="")

        def advance(steps: int = 1, /, name: str = "") -> None:
            bar.update(task, advance=steps, step=name)

        yield advance


def _lines(screen: Console, label: str, total: int | None) -> Advance:
    done, last = 0, time.monotonic()
    screen.print(f"{label} …", markup=False)

    def advance(steps: int = 1, /, name: str = "") -> None:
        nonlocal done, last
        done += steps
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            of = f" of {total}" if total else ""
            screen.print(f"{label}: {done}{of}{f', {name}' if name else ''}", markup=False)

    return advance
