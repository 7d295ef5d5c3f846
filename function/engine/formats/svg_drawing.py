"""Check SVG drawings, measure them, and rasterise them.

resvg runs no scripts and has no network. It remains to refuse markup made to exhaust it, and
references to anything outside the drawing. All of this runs in a child process that can open no
file but our fonts.
"""

import io
import os
from contextlib import suppress
from functools import lru_cache
from typing import Final

import resvg_py
from PIL.PngImagePlugin import PngImageFile

from function.engine.errors import Reason, Rejected
from function.engine.formats.svg_cost import CANVAS_BYTES, IMAGE_BYTES, LETTER_BYTES
from function.engine.formats.svg_fonts import FAMILIES, lacks, paths
from function.engine.formats.svg_markup import read
from function.engine.formats.svg_size import measure
from function.engine.losses import Loss
from function.engine.pixels import Size

TEXT_BYTES: Final = 60
"""Bytes of memory for each of the markup: what resvg makes of paths before it draws them. 13 MB of
arcs took it over 1,000 MB of addresses, and it aborts where there are no more."""

_DPI: Final = 96
"""Pixels to the inch, as in CSS. By resvg's own value, 0, a drawing in millimetres has no size."""

_LONGEST: Final = 1e9
"""Pixels that a side counts as at most; every limit rejects it. A side that follows from the view
box's ratio may be infinite."""


def read_size(data: bytes) -> Size:
    """Check a drawing, as ``svg_markup.read`` does, and return its size in whole pixels."""
    width, height = (min(length, _LONGEST) for length in measure(_read(data).root))
    return max(1, round(width)), max(1, round(height))


def bytes_held(data: bytes, size: Size) -> int:
    """Return the bytes that drawing at ``size`` takes at most, besides what every drawing does."""
    drawing = _read(data)
    canvases = drawing.canvases * size[0] * size[1] * CANVAS_BYTES
    written = max(len(data), len(drawing.markup)) * TEXT_BYTES
    return canvases + written + drawing.largest_image * IMAGE_BYTES + drawing.letters * LETTER_BYTES


def losses(data: bytes) -> tuple[Loss, ...]:
    """Return ``text`` if the drawing has text, or characters, that are not drawn."""
    drawing = _read(data)
    has_text = any(text and not text.isspace() for text in drawing.texts)
    is_lost = drawing.hides_text or any(map(lacks, drawing.texts))
    return (Loss.TEXT,) if is_lost or (has_text and not _has_fonts()) else ()


def rasterise(data: bytes, size: Size) -> PngImageFile:
    """Draw at ``size`` pixels, with alpha."""
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=_read(data).markup,
            skip_system_fonts=True,
            font_files=[*paths()],
            width=size[0],
            height=size[1],
            dpi=_DPI,
            languages=["en"],  # of ``systemLanguage``: with none at all, no language is shown
            **FAMILIES,
        )
    except BaseException as error:
        # PyO3 raises a panic of Rust as a class that does not derive from Exception.
        if not isinstance(error, ValueError) and type(error).__name__ != "PanicException":
            raise
        raise Rejected(Reason.BROKEN_IMAGE, "This drawing cannot be drawn.") from error
    return PngImageFile(io.BytesIO(png))


# A process reads its drawing several times, and ends with it.
_read = lru_cache(maxsize=1)(read)


def _has_fonts() -> bool:
    """Return True if the fonts can be opened: in a worker, only by the C module (``confine.c``)."""
    try:
        opened = os.open(paths()[0], os.O_RDONLY)
    except OSError:
        return False
    with suppress(OSError):
        os.close(opened)
    return True
