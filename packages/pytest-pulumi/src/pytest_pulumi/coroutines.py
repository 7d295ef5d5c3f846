"""Coroutines that a test made and never awaited: what they would have asserted was not."""

import inspect
import re
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pulumi

_LOST: Final = re.compile(r"coroutine '(?P<name>[^']+)' was never awaited")
_SDK: Final = Path(inspect.getfile(pulumi)).parent
_ORIGIN: Final = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


@contextmanager
def lost_coroutines() -> Generator[list[str]]:
    """Yield a list to which each coroutine is added that is dropped without being awaited.

    Python tells of them by a RuntimeWarning; other warnings are shown as before. One of unknown
    origin was made before, and is dropped now by chance.
    """
    lost: list[str] = []
    with warnings.catch_warnings(), traced_coroutines():
        warnings.filterwarnings("always", message=_LOST.pattern, category=RuntimeWarning)
        show = warnings.showwarning

        def collect(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            *rest: Any,
            **named: Any,
        ) -> None:
            found = _LOST.match(str(message))
            if found is None:
                show(message, category, filename, lineno, *rest, **named)
            elif origin := _origin(str(message)):
                lost.append(f"{found['name']} ({origin})")

        warnings.showwarning = collect
        yield lost


@contextmanager
def traced_coroutines() -> Generator[None]:
    """Have each coroutine that this thread makes remember where."""
    depth = sys.get_coroutine_origin_tracking_depth()
    sys.set_coroutine_origin_tracking_depth(max(depth, 1))
    try:
        yield
    finally:
        sys.set_coroutine_origin_tracking_depth(depth)


def _origin(message: str) -> str:
    """Return where a coroutine was made; nothing if unknown, or by the SDK as a program failed."""
    found = _ORIGIN.search(message)
    if found is None or Path(found["file"]).is_relative_to(_SDK):
        return ""
    return f"{found['file']}:{found['line']}"
