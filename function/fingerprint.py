"""What a picture looks like in a few bytes: a placeholder, a colour, and a hash to find copies by.

All three are computed from one 32 x 32 copy, in plain Python: 2 ms, where numpy's import alone
would cost a cold start 60.
"""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import mul
from statistics import median
from typing import Final

from PIL import Image

from function.pixels import Size
from function.source import Source

SIDE: Final = 32
"""Pixels to a side of the copy that is fingerprinted."""

_COLOURS: Final = 8
_HASH_SIDE: Final = 8

Matrix = list[list[float]]


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """A picture's small facts, as the manifest carries them.

    Attributes:
        placeholder: ThumbHash, base64: 20 to 25 bytes that a page shows until the image is there.
        dominant_color: the commonest colour, ``#rrggbb``.
        perceptual_hash: 64 bits, 16 hex digits; copies of a picture differ in few of them.
    """

    placeholder: str
    dominant_color: str
    perceptual_hash: str


def fingerprint(source: Source) -> Fingerprint:
    """Fingerprint an upload as a viewer sees it."""
    small = source.pixels.tiny(SIDE)
    return Fingerprint(
        placeholder=base64.b64encode(thumb_hash(small, source.size)).decode(),
        dominant_color=_dominant_color(small),
        perceptual_hash=_perceptual_hash(small),
    )


def thumb_hash(image: Image.Image, shape: Size) -> bytes:
    """ThumbHash (Evan Wallace, 2023) of a picture.

    Args:
        image: the picture, RGB or RGBA, in any size up to 100 pixels; it may be stretched.
        shape: width and height whose ratio is the picture's.
    """
    red, green, blue, alpha = _channels(image)
    has_alpha = min(alpha) < 1
    limit = 5 if has_alpha else 7
    longest = max(shape)
    across = max(1, _round(limit * shape[0] / longest))
    down = max(1, _round(limit * shape[1] / longest))
    luma = [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)]
    yellow = [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)]
    scarlet = [r - g for r, g in zip(red, green, strict=True)]
    size = image.size
    l_dc, l_ac, l_scale = _spectrum(luma, size, max(3, across), max(3, down))
    p_dc, p_ac, p_scale = _spectrum(yellow, size, 3, 3)
    q_dc, q_ac, q_scale = _spectrum(scarlet, size, 3, 3)
    landscape = shape[0] > shape[1]
    head = (
        _round(63 * l_dc)
        | _round(31.5 + 31.5 * p_dc) << 6
        | _round(31.5 + 31.5 * q_dc) << 12
        | _round(31 * l_scale) << 18
        | has_alpha << 23
    )
    more = (
        (down if landscape else across)
        | _round(63 * p_scale) << 3
        | _round(63 * q_scale) << 9
        | landscape << 15
    )
    body = bytearray(head.to_bytes(3, "little") + more.to_bytes(2, "little"))
    levels = [*l_ac, *p_ac, *q_ac]
    if has_alpha:
        a_dc, a_ac, a_scale = _spectrum(alpha, size, 5, 5)
        body.append(_round(15 * a_dc) | _round(15 * a_scale) << 4)
        levels += a_ac
    nibbles = [_round(15 * level) for level in levels] + [0] * (len(levels) % 2)
    body += bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return bytes(body)


def _channels(image: Image.Image) -> tuple[list[float], list[float], list[float], list[float]]:
    """Red, green, blue and alpha, each 0 to 1, over the picture's average colour."""
    bands = [[level / 255 for level in band.tobytes()] for band in image.convert("RGBA").split()]
    *colours, alpha = bands
    if min(alpha) == 1:
        return colours[0], colours[1], colours[2], alpha
    opaque = sum(alpha)
    over: list[list[float]] = []
    for band in colours:
        average = sum(map(mul, band, alpha)) / opaque if opaque else 0.0
        over.append(
            [average * (1 - a) + a * level for level, a in zip(band, alpha, strict=True)]
        )
    return over[0], over[1], over[2], alpha


def _spectrum(
    channel: Sequence[float], size: Size, across: int, down: int
) -> tuple[float, list[float], float]:
    """Mean, lowest cosine terms scaled to 0-1, and their scale, of one channel."""
    terms = _cosines(channel, size, across, down)
    area = size[0] * size[1]
    levels = [
        terms[y][x] / area
        for y in range(down)
        for x in range(across)
        if (x or y) and x * down < across * (down - y)
    ]
    scale = max(map(abs, levels))
    if scale:
        levels = [0.5 + 0.5 / scale * level for level in levels]
    return terms[0][0] / area, levels, scale


def _cosines(channel: Sequence[float], size: Size, across: int, down: int) -> Matrix:
    """The lowest ``across`` by ``down`` terms of the cosine transform (DCT-II, unscaled)."""
    width, height = size
    rows = [channel[start : start + width] for start in range(0, width * height, width)]
    waves = _waves(width, across)
    columns = [[sum(map(mul, row, wave)) for row in rows] for wave in waves]
    return [
        [sum(map(mul, column, wave)) for column in columns] for wave in _waves(height, down)
    ]


@lru_cache(maxsize=16)
def _waves(length: int, count: int) -> Matrix:
    return [
        [math.cos(math.pi / length * wave * (at + 0.5)) for at in range(length)]
        for wave in range(count)
    ]


def _dominant_color(image: Image.Image) -> str:
    """Mean of the largest of eight groups of like colours; transparent pixels do not count."""
    rgba = image.convert("RGBA")
    visible = [pixel for pixel in zip(*[iter(rgba.tobytes())] * 4, strict=True) if pixel[3] > 127]
    if not visible:
        return "#000000"
    row = Image.frombytes("RGB", (len(visible), 1), bytes(v for p in visible for v in p[:3]))
    groups = row.quantize(_COLOURS)
    _, index = max(groups.getcolors() or [(0, 0)])
    palette = groups.getpalette() or [0, 0, 0]
    return "#" + bytes(palette[3 * index : 3 * index + 3]).hex()


def _perceptual_hash(image: Image.Image) -> str:
    """Signs of the 64 lowest cosine terms of luma against their median (pHash)."""
    luma = image.convert("RGB").convert("L").tobytes()
    terms = _cosines(luma, image.size, _HASH_SIDE, _HASH_SIDE)
    levels = [level for row in terms for level in row]
    middle = median(levels[1:])
    bits = "".join("1" if level > middle else "0" for level in levels)
    return f"{int(bits, 2):016x}"


def _round(value: float) -> int:
    """To the nearest whole, halves up, as the other implementations of ThumbHash do."""
    return math.floor(value + 0.5)
