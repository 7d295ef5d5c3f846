"""Check SVG drawings, measure them, and rasterise them.

resvg runs no scripts and has no network; what is left to refuse is markup made to exhaust it, and
references to anything outside the drawing. All of this runs in a child process that can open no
file in any case.
"""

import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from xml.parsers import expat

import resvg_py
from PIL.PngImagePlugin import PngImageFile

from function.engine.errors import Reason, Rejected
from function.engine.formats.svg_cost import CANVAS_BYTES, IMAGE_BYTES, Markup
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
_LOADING: Final = frozenset({"image", "feImage", "use", "tref"})
"""Elements that load what they refer to; the reference of an ``a`` is only a link."""


@dataclass
class _MarkupCheck:
    """The handlers of one pass over the markup, which refuse what is not allowed."""

    root: dict[str, str] | None = None
    markup: Markup = field(default_factory=Markup)

    def start_element(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self.root is None:
            if local != "svg":
                raise Rejected(Reason.NOT_AN_IMAGE, "This file is XML, but not an SVG drawing.")
            self.root = attributes
        if local in _LOADING:
            for key, value in attributes.items():
                if key.rpartition(":")[2] == "href":
                    _check_reference(value)
        self.markup.start(local, attributes)

    def end_element(self, _name: str) -> None:
        self.markup.end()

    def declare_entity(self, *_declaration: object) -> None:
        message = "This drawing declares XML entities, which are not allowed."
        raise Rejected(Reason.UNSAFE_SVG, message)


def read_size(data: bytes) -> Size:
    """Check a drawing and return its own width and height in whole pixels.

    Raises:
        Rejected: ``unsafe_svg``, ``too_complex``, ``not_an_image`` or ``broken_image``.
    """
    return _examine(data)[0]


def bytes_held(data: bytes, size: Size) -> int:
    """Return the bytes that drawing at ``size`` takes at most, besides what every drawing does."""
    _own, canvases, largest_image = _examine(data)
    canvas = size[0] * size[1] * CANVAS_BYTES
    return canvases * canvas + largest_image * IMAGE_BYTES + len(data) * TEXT_BYTES


@lru_cache(maxsize=1)
def _examine(data: bytes) -> tuple[Size, int, int]:
    """Return a drawing's size, the canvases that it needs, and the pixels of its largest picture.

    It is asked twice of each drawing, and the process ends with it.
    """
    # `rasterise` reads UTF-8 whatever the XML declaration says, so that is what has to be checked.
    # expat would ask Python for the declared encoding: LookupError, or a module that is not there.
    check, parser = _MarkupCheck(), expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    parser.StartElementHandler = check.start_element
    parser.EndElementHandler = check.end_element
    parser.EntityDeclHandler = check.declare_entity
    parser.CharacterDataHandler = check.markup.text
    try:
        parser.Parse(data, True)  # noqa: FBT003 - pyexpat takes no keywords
    except expat.ExpatError as error:
        raise Rejected(Reason.BROKEN_IMAGE, "This drawing is not well-formed XML.") from error
    width, height = (min(length, _LONGEST) for length in _measure(check.root or {}))
    size = max(1, round(width)), max(1, round(height))
    return size, check.markup.weigh(), check.markup.largest_image


def rasterise(data: bytes, size: Size) -> PngImageFile:
    """Draw at ``size`` pixels, with alpha; text is drawn only where fonts are installed."""
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=data.removeprefix(b"\xef\xbb\xbf").decode(),
            skip_system_fonts=True,
            width=size[0],
            height=size[1],
            dpi=_DPI,
        )
    except ValueError as error:
        raise Rejected(Reason.BROKEN_IMAGE, "This drawing cannot be drawn.") from error
    return PngImageFile(io.BytesIO(png))


def _check_reference(value: str) -> None:
    reference = value.strip().lower()
    if not reference.startswith(("#", "data:image/")):
        raise Rejected(Reason.UNSAFE_SVG, "This drawing loads something from outside itself.")
    if reference.startswith("data:image/svg"):
        raise Rejected(Reason.UNSAFE_SVG, "This drawing embeds another drawing.")


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
