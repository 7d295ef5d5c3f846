"""Choose the region of a picture that ``cover`` keeps."""

from itertools import accumulate
from typing import Final

from PIL import Image, ImageChops

from function.engine.layout import Layout
from function.engine.pixels import Box, Pixels
from function.engine.renditions import Position

_DETAIL_SIDE: Final = 96
"""Longest side in pixels, about, of the small copy in which detail is looked for."""


def crop_box(pixels: Pixels, box: Box, layout: Layout, position: Position) -> Box:
    """Return the part of ``box`` that fills ``layout.visible``; all of it unless the layout crops.

    ``attention`` slides the window to where neighbouring pixels differ most. If several places are
    equal, as in a picture without detail, it takes the one nearest the centre.
    """
    if layout.is_whole:
        return box
    left, top, right, bottom = box
    width = (right - left) * layout.visible[0] / layout.scaled[0]
    height = (bottom - top) * layout.visible[1] / layout.scaled[1]
    is_centred = position is Position.CENTRE
    across, down = (0.5, 0.5) if is_centred else _find_most_detailed(pixels, layout)
    left += max(0.0, right - left - width) * across
    top += max(0.0, bottom - top - height) * down
    return left, top, min(left + width, right), min(top + height, bottom)


def _find_most_detailed(pixels: Pixels, layout: Layout) -> tuple[float, float]:
    """Return where the window starts, as a share (0 to 1) of the room it has on each axis."""
    detail = _measure_detail(pixels)
    columns = detail.resize((detail.width, 1), Image.Resampling.BOX).tobytes()
    rows = detail.resize((1, detail.height), Image.Resampling.BOX).tobytes()
    across, down = (layout.visible[side] / layout.scaled[side] for side in (0, 1))
    return _find_best_start(columns, across), _find_best_start(rows, down)


def _measure_detail(pixels: Pixels) -> Image.Image:
    """Return how much each pixel of a small copy differs from its right and lower neighbours."""
    luma = pixels.luma
    small = luma.reduce(max(1, max(luma.size) // _DETAIL_SIDE))
    width, height = small.size
    right = small.transform(small.size, Image.Transform.EXTENT, (1, 0, width + 1, height))
    below = small.transform(small.size, Image.Transform.EXTENT, (0, 1, width, height + 1))
    # The last column and row have no neighbour: against themselves, they differ by nothing.
    right.paste(small.crop((width - 1, 0, width, height)), (width - 1, 0))
    below.paste(small.crop((0, height - 1, width, height)), (0, height - 1))
    return ImageChops.lighter(*(ImageChops.difference(small, other) for other in (right, below)))


def _find_best_start(profile: bytes, share: float) -> float:
    length = max(1, round(len(profile) * share))
    room = len(profile) - length
    if room <= 0:
        return 0.5
    sums = [0, *accumulate(profile)]
    middle = room / 2
    best = max(range(room + 1), key=lambda at: (sums[at + length] - sums[at], -abs(at - middle)))
    return best / room
