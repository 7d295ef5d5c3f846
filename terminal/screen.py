"""Output: colours and a progress bar on a terminal, plain lines elsewhere."""

import re
import sys
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
"""Columns of the output without a terminal."""

LINE_SECONDS: Final = 10
"""Seconds between two lines about progress without a terminal."""

_CONTROLS: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters, ends of lines and paragraphs, those with which the text after them is shown
in another order (Unicode Standard Annex 9, 2.1 to 2.5), and halves of characters."""


class Advance(Protocol):
    """Callback for progress."""

    def __call__(self, steps: int = 1, /, name: str = "") -> None:
        """Show that so many more steps are done, and the name of the last one."""


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal; 120 columns where there is none.

    It prints ``:heart:`` as it is: keys may have such parts.
    """
    made = Console(stderr=stderr, highlight=False, emoji=False)
    if not made.is_terminal:
        made.width = PLAIN_WIDTH
    return made


def counted(number: int, noun: str) -> str:
    """Return a number with a noun that takes an s in the plural: 1 photo, 2 photos."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Return a text whose control characters are escaped, so that it cannot change a terminal.

    Strangers choose the keys of their uploads. All else stays as it is, also what
    ``str.isprintable`` refuses: a key is copied from one command's output into the next.
    """
    return _CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


@contextmanager
def progress(label: str, total: int | None) -> Generator[Advance]:
    """Show progress on stderr: a bar, or a line every ten seconds without a terminal.

    ``total`` is the number of steps; None if that is not known.
    """
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _lines(screen, label, total)
        return
    # Not as markup, which a key may look like.
    step = TextColumn("{task.fields[step]}", style="dim", markup=False)
    columns = (
        *("{task.description}", BarColumn(), MofNCompleteColumn()),
        *(TimeElapsedColumn(), TimeRemainingColumn(), step),
    )
    # Rich would have the bar's console, stderr, print what belongs in a file or a pipe.
    is_shared = sys.stdout.isatty()
    with Progress(*columns, console=screen, transient=True, redirect_stdout=is_shared) as bar:
        task = bar.add_task(label, total=total, step="")

        def advance(steps: int = 1, /, name: str = "") -> None:
            bar.update(task, advance=steps, step=printable(name))

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
            step = f", {printable(name)}" if name else ""
            screen.print(f"{label}: {done}{of}{step}", markup=False)

    return advance
