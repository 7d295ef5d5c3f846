"""Output that cannot be written, or not in the encoding of where it goes."""

import io
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast


class Lost(Exception):
    """Stdout or stderr takes nothing any more; says why, but nothing of a reader that has left."""


class _Stream:
    """A stream that raises ``Lost``: an ``OSError`` might be that of any other file or socket."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _lost():
            return self._stream.write(text)

    def flush(self) -> None:
        with _lost():
            self._stream.flush()


@contextmanager
def checked() -> Generator[None]:
    """Have stdout and stderr raise ``Lost``, and stdout escape what its encoding lacks.

    Stderr does so anyway.
    """
    before = sys.stdout, sys.stderr
    if isinstance(sys.stdout, io.TextIOWrapper):
        cast("io.TextIOWrapper", sys.stdout).reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (cast("TextIO", _Stream(stream)) for stream in before)
    try:
        yield
        sys.stdout.flush()
    finally:
        sys.stdout, sys.stderr = before


def give_up() -> None:
    """Forget what stdout and stderr could not write, as Python would try it again at exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123 (a device)
                os.dup2(nowhere.fileno(), stream.fileno())


@contextmanager
def _lost() -> Generator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise Lost from error
    except OSError as error:
        raise Lost(error.strerror) from error
