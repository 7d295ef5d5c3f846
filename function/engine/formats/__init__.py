"""The registry of input formats. A new format needs a module here and its name in ``NAMES``."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Final

from function.engine.formats.format import Format

NAMES: Final = ("jpeg", "png", "gif", "webp", "avif", "heic", "tiff", "bmp", "qoi", "svg")
"""Modules of this package, in the order in which they are asked: the commonest first. SVG comes
last: it is recognised by markup within the first 64 KB, the others by their first bytes."""

TAIL: Final = 65_557
"""Bytes at the end of a file in which its end mark is looked for: a ZIP's end record with the
longest comment that may follow it."""


@cache
def by_name(name: str) -> Format:
    """Return the format of one of ``NAMES``; its module is imported on first use."""
    return import_module(f"{__name__}.{name}").FORMAT


def every() -> Iterator[Format]:
    """Yield each format, importing its module as it comes."""
    return (by_name(name) for name in NAMES)
