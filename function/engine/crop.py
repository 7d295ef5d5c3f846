"""Which region of a picture ``cover`` keeps."""

from itertools import accumulate
from typing import Final

from PIL import Image, ImageChops

from function.engine.layout import Layout
from function.engine.pixels import Box, Pixels

_LOOK: Final = 96
"""Longest side of the small picture in which detail is sought, in pixels."""


def crop_box(pixels: Pixels, box: Box, layout: Layout, position: str) -> Box:
    """The part of ``box`` that fills ``layout.size``; all of it unless the layout crops.

    ``attention`` slides the window to where neighbouring pixels differ most; among equals, and on
    a picture without detail, to the one nearest the centre.
    """
    if layout.is_whole:
        return box
    left, top, right, bottom = box
    width = (right - left) * layout.size[0] / layout.frame[0]
    height = (bottom - top) * layout.size[1] / layout.frame[1]
    across, down = (0.5, 0.5) if position == "centre" else _most_detailed(pixels, layout)
    left += max(0.0, right - left - width) * across
    top += max(0.0, bottom - top - height) * down
    return left, top, min(left + width, right), min(top + height, bottom)


def _most_detailed(pixels: Pixels, layout: Layout) -> tuple[float, float]:
    """Where the window starts, as a share 0 to 1 of the room it has on each axis."""
    detail = _detail(pixels)
    columns = list(detail.resize((detail.width, 1), Image.Resampling.BOX).tobytes())
    rows = list(detail.resize((1, detail.height), Image.Resampling.BOX).tobytes())
    return (
        _best_start(columns, layout.size[0] / layout.frame[0]),
        _best_start(rows, layout.size[1] / layout.frame[1]),
    )


def _detail(pixels: Pixels) -> Image.Image:
    """How much each pixel of a small copy differs from its right and lower neighbours."""
    luma = pixels.luma
    small = luma.reduce(max(1, max(luma.size) // _LOOK))
    width, height = small.size
    right = small.transform(small.size, Image.Transform.EXTENT, (1, 0, width + 1, height))
    below = small.transform(small.size, Image.Transform.EXTENT, (0, 1, width, height + 1))
    right.paste(small.crop((width - 1, 0, width, height)), (width - 1, 0))
    below.paste(small.crop((0, height - 1, width, height)), (0, height - 1))
    return ImageChops.lighter(
        ImageChops.difference(small, right), ImageChops.difference(small, below)
    )


def _best_start(profile: list[int], share: float) -> float:
    length = max(1, round(len(profile) * share))
    room = len(profile) - length
    if room <= 0:
        return 0.5
    sums = [0, *accumulate(profile)]
    middle = room / 2
    best = max(range(room + 1), key=lambda at: (sums[at + length] - sums[at], -abs(at - middle)))
    return best / room
