"""SVG drawings."""

import re
from typing import Final

from function.engine.formats.format import Format, lazily

_HEAD: Final = 1024
_PROLOGUE: Final = re.compile(rb"<\?|<!--|<!DOCTYPE\s+(?:[\w.-]+:)?svg\b")
_ROOT: Final = re.compile(rb"<(?:[\w.-]+:)?svg\b")
_DRAWING: Final = "function.engine.formats.svg_drawing"
_FONTS: Final = "function.engine.formats.svg_fonts"


def recognises(data: bytes) -> bool:
    """Return True for markup whose root, after comments and the like, is ``svg``."""
    head = _in_ascii(data[: 64 * _HEAD])
    start = head[:_HEAD].lstrip()
    return bool(_ROOT.match(start) or (_PROLOGUE.match(start) and _ROOT.search(head)))


def _in_ascii(text: bytes) -> bytes:
    """Return text without its byte order mark, and of UTF-16 one byte of each two."""
    for mark, first in ((b"\xff\xfe", 2), (b"\xfe\xff", 3)):  # the lower byte first, or second
        if text.startswith(mark):
            return text[first::2]
    return text.removeprefix(b"\xef\xbb\xbf")


FORMAT: Final = Format(
    name="svg",
    content_types={"svg": "image/svg+xml"},
    bytes_per_pixel={"svg": 14.0},
    ms_per_megapixel={"svg": 1500.0},
    recognises=recognises,
    read_size=lazily(_DRAWING, "read_size"),
    rasterise=lazily(_DRAWING, "rasterise"),
    losses=lazily(_DRAWING, "losses"),
    files=lazily(_FONTS, "paths"),
    bytes_held=lazily(_DRAWING, "bytes_held"),
    is_markup=True,
    modules=(_DRAWING, "function.engine.formats.jpeg_segments", "function.engine.formats.webp"),
    isolated=True,
)
