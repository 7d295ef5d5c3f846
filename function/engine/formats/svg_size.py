"""The size of a drawing, from the attributes of its root."""

import math
import re
from collections.abc import Mapping
from typing import Final

_FALLBACK: Final = (300.0, 150.0)
"""Width and height in pixels that browsers give a drawing that states none."""

_UNITS: Final[Mapping[str, float]] = (
    {"": 1.0, "px": 1.0, "pt": 4 / 3, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
) | dict.fromkeys(("pc", "em", "rem"), 16.0)
"""CSS pixels in each unit of length."""

_LENGTH: Final = re.compile(r"\s*([+]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?)\s*([a-z]*)\s*")


def measure(root: Mapping[str, str]) -> tuple[float, float]:
    """Return the size in pixels, as CSS computes it.

    It is the lengths stated, or one of them and the other by the view box's ratio, or the view box.
    """
    width, height = (_parse_length(root.get(side, "")) for side in ("width", "height"))
    box = _parse_view_box(root.get("viewBox", ""))
    if width and height:
        return width, height
    if box is None:
        return width or _FALLBACK[0], height or _FALLBACK[1]
    if width:
        return width, width * box[1] / box[0]
    if height:
        return height * box[0] / box[1], height
    return box


def _parse_length(value: str) -> float | None:
    match = _LENGTH.fullmatch(value)
    if match is None or match[2] not in _UNITS:
        return None
    length = float(match[1]) * _UNITS[match[2]]
    return length if 0 < length < math.inf else None


def _parse_view_box(value: str) -> tuple[float, float] | None:
    try:
        _left, _top, *sides = value.replace(",", " ").split()
        width, height = map(float, sides)
    except ValueError:
        return None
    return (width, height) if 0 < width < math.inf and 0 < height < math.inf else None


def state_size(root: Mapping[str, str]) -> dict[str, str]:
    """Return a root's attributes, with the size that ``measure`` returns where it has none.

    Without a view box, and where a side is a percentage, resvg would take another: that of what is
    drawn. It draws nothing if a side is 0 or less, and that stays.
    """
    stated = [root.get(side, "") for side in ("width", "height")]
    if all(map(_parse_length, stated)) or any(map(_is_nothing, stated)):
        return {**root}
    width, height = measure(root)
    return {**root, "width": str(width), "height": str(height)}


def _is_nothing(value: str) -> bool:
    match = _LENGTH.fullmatch(value)
    return value.lstrip().startswith("-") or (match is not None and not float(match[1]))
