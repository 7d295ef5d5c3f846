"""Coroutines that a test made and never awaited: what they would have asserted was not."""

import re
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

_LOST: Final = re.compile(r"coroutine '(?P<name>[^']+)' was never awaited")
_ORIGIN: Final = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


@contextmanager
def lost_coroutines() -> Generator[list[str]]:
    """Yield a list to which each coroutine is added that is dropped without being awaited.

    Python tells of them by a RuntimeWarning; other warnings are shown as before.
    """
    lost: list[str] = []
    depth = sys.get_coroutine_origin_tracking_depth()
    with warnings.catch_warnings():
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
            elif not _is_of_sdk(str(message)):
                lost.append(_describe(found["name"], str(message)))

        warnings.showwarning = collect
        sys.set_coroutine_origin_tracking_depth(max(depth, 1))
        try:
            yield lost
        finally:
            sys.set_coroutine_origin_tracking_depth(depth)


def _describe(name: str, message: str) -> str:
    origin = _ORIGIN.search(message)
    return f"{name} ({origin['file']}:{origin['line']})" if origin else name


def _is_of_sdk(message: str) -> bool:
    """Return whether the SDK made it, which drops some when a program fails."""
    origin = _ORIGIN.search(message)
    return origin is not None and "/site-packages/pulumi/" in origin["file"].replace("\\", "/")
