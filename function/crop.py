"""Which region of a picture ``cover`` keeps."""

from itertools import accumulate

from PIL import Image, ImageChops

from function.layout import Layout
from function.pixels import Box, Pixels

_LOOK: int = 96
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
    left += (right - left - width) * across
    top += (bottom - top - height) * down
    return left, top, left + width, top + height


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
    """How much each pixel of a small copy differs from its neighbours, stretched to 0-255."""
    luma = pixels.luma
    factor = max(1, max(luma.size) // _LOOK)
    small = luma.reduce(factor)
    across = ImageChops.difference(small, small.transform(
        small.size, Image.Transform.AFFINE, (1, 0, 1, 0, 1, 0), fillcolor=None))
    return across


def _best_start(profile: list[int], share: float) -> float:
    length = max(1, round(len(profile) * share))
    room = len(profile) - length
    if room <= 0:
        return 0.5
    sums = [0, *accumulate(profile)]
    middle = room / 2
    best = max(range(room + 1), key=lambda at: (sums[at + length] - sums[at], -abs(at - middle)))
    return best / room
