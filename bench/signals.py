"""Signals, while something must not be left half done."""

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

T = TypeVar("T")

INTERRUPTS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, ``kill`` and the terminal's end; ``terminal.run`` treats all three alike."""


@contextmanager
def uninterrupted() -> Generator[None]:
    """Let nothing interrupt the block; an interrupt that came meanwhile is raised after it."""
    caught: list[int] = []
    before = _install(lambda number, _frame: caught.append(number))
    try:
        yield
    finally:
        _restore(before)
        if caught:
            raise KeyboardInterrupt


def with_clean_up(work: Callable[[], T], clean_up: Callable[[], None]) -> T:
    """Return the result of ``work``; however it ends, run ``clean_up`` from beginning to end.

    The first interrupt ends the work; later ones, and interrupts during the clean-up, are raised
    when that is done. A function rather than a context manager: between the lines of ``contextlib``
    an interrupt would go past the clean-up.
    """
    caught: list[int] = []
    is_working = True

    def interrupt(number: int, _frame: object) -> None:
        nonlocal is_working
        caught.append(number)
        if is_working:
            is_working = False
            raise KeyboardInterrupt

    before: dict[signal.Signals, Any] = {}
    try:
        before = _install(interrupt)
        try:
            try:
                return work()
            finally:
                is_working = False
        finally:
            clean_up()
    finally:
        _restore(before)
        if caught:
            raise KeyboardInterrupt


def _install(handler: Callable[[int, Any], object]) -> dict[signal.Signals, Any]:
    """Handle interrupts, and return their former handlers; ignored signals stay ignored."""
    heard = [number for number in INTERRUPTS if signal.getsignal(number) != signal.SIG_IGN]
    return {number: signal.signal(number, handler) for number in heard}


def _restore(before: dict[signal.Signals, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
