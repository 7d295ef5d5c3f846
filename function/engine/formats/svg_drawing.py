"""Check SVG drawings, measure them, and rasterise them.

resvg runs no scripts and has no network; what is left to refuse is markup made to exhaust it, and
references to anything outside the drawing. All of this runs in a child process that can open no
file but our fonts.
"""

import io
import math
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Final

import resvg_py
from PIL.PngImagePlugin import PngImageFile

from function.engine.errors import Reason, Rejected
from function.engine.formats.svg_cost import CANVAS_BYTES, IMAGE_BYTES, LETTER_BYTES
from function.engine.formats.svg_fonts import FAMILIES, lacks, paths
from function.engine.formats.svg_markup import Drawing, read
from function.engine.losses import Loss
from function.engine.pixels import Size

TEXT_BYTES: Final = 60
"""Bytes of memory for each of the markup: what resvg makes of paths before it draws them. 13 MB of
arcs took it over 1,000 MB of addresses, and it aborts where there are no more."""

_FALLBACK: Final = (300.0, 150.0)
"""Width and height in pixels that browsers give a drawing that states none."""

_UNITS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("", "px"), 1.0),
    **dict.fromkeys(("pc", "em", "rem"), 16.0),
} | {"pt": 4 / 3, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
"""CSS pixels in each unit of length."""

_DPI: Final = 96
"""Pixels to the inch, as in CSS. By resvg's own value, 0, a drawing in millimetres has no size."""

_LONGEST: Final = 1e9
"""Pixels that a side counts as at most; every limit rejects it. A side that follows from the view
box's ratio may be infinite."""

_LENGTH: Final = re.compile(r"\s*([+]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([a-z]*)\s*")


def read_size(data: bytes) -> Size:
    """Check a drawing and return its own width and height in whole pixels.

    Raises:
        Rejected: ``unsafe_svg``, ``too_complex``, ``not_an_image`` or ``broken_image``.
    """
    width, height = (min(length, _LONGEST) for length in _measure(_read(data).root))
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
    has_all = not drawing.hides_text and not any(map(lacks, drawing.texts))
    is_lost = not has_all or (has_text and not _has_fonts())
    return (Loss.TEXT,) if is_lost else ()


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
            **FAMILIES,
        )
    except BaseException as error:
        # PyO3 tells a panic of Rust's by a class of its own, which is no Exception.
        if not isinstance(error, ValueError) and type(error).__name__ != "PanicException":
            raise
        raise Rejected(Reason.BROKEN_IMAGE, "This drawing cannot be drawn.") from error
    return PngImageFile(io.BytesIO(png))


@lru_cache(maxsize=1)
def _read(data: bytes) -> Drawing:
    """Return what a drawing's markup says. The process, which asks several times, ends with it."""
    return read(data)


def _has_fonts() -> bool:
    """Return True if the fonts can be opened: in a worker, only by the C module (``confine.c``)."""
    try:
        opened = os.open(paths()[0], os.O_RDONLY)
        with suppress(OSError):
            os.close(opened)
    except OSError:
        return False
    return True


def _measure(root: Mapping[str, str]) -> tuple[float, float]:
    """Return the size as CSS does: lengths stated, one by the view box's ratio, or the view box."""
    width, height = _parse_length(root.get("width")), _parse_length(root.get("height"))
    box = _parse_view_box(root.get("viewBox"))
    if width and height:
        return width, height
    if box is None:
        return width or _FALLBACK[0], height or _FALLBACK[1]
    if width:
        return width, width * box[1] / box[0]
    if height:
        return height * box[0] / box[1], height
    return box


def _parse_length(value: str | None) -> float | None:
    match = _LENGTH.fullmatch(value or "")
    if match is None or match[2] not in _UNITS:
        return None
    length = float(match[1]) * _UNITS[match[2]]
    return length if math.isfinite(length) and length > 0 else None


def _parse_view_box(value: str | None) -> tuple[float, float] | None:
    parts = (value or "").replace(",", " ").split()
    if len(parts) != 4:  # noqa: PLR2004 - left, top, width, height
        return None
    try:
        width, height = float(parts[2]), float(parts[3])
    except ValueError:
        return None
    usable = math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0
    return (width, height) if usable else None
