"""SVG drawings."""

import re
from typing import Final

from function.engine.formats.format import Format, lazily

_PROLOGUE: Final = re.compile(rb"<\?|<!--|<!DOCTYPE\s+(?:[\w.-]+:)?svg\b")
_ROOT: Final = re.compile(rb"<(?:[\w.-]+:)?svg\b")
_DRAWING: Final = "function.engine.formats.svg_drawing"
_FONTS: Final = "function.engine.formats.svg_fonts"


def recognises(data: bytes) -> bool:
    """Return True for markup whose root, after comments and the like, is ``svg``."""
    head = data[: 1 << 16].removeprefix(b"\xef\xbb\xbf")
    for mark, first in ((b"\xff\xfe", 2), (b"\xfe\xff", 3)):  # UTF-16: the lower byte of each two
        if data.startswith(mark):
            head = head[first::2]
    start = head[:1024].lstrip()
    return bool(_ROOT.match(start) or (_PROLOGUE.match(start) and _ROOT.search(head)))


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
    modules=(_DRAWING, "function.engine.formats.jpeg_segments", "function.engine.formats.webp"),
    isolated=True,
)
