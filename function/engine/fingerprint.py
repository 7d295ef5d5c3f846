"""Fingerprint a picture: a placeholder, a colour, and a hash by which copies are found.

All three are computed from one 24 x 24 copy, in plain Python: 2 ms, where numpy's import alone
would cost a cold start 60.
"""

import base64
import math
from collections.abc import Sequence
from functools import lru_cache
from operator import add, mul, sub
from typing import Final

from PIL import Image

from function.engine.colour import to_srgb
from function.engine.pixels import Size
from function.engine.results import Fingerprint
from function.engine.source import Source

SIDE: Final = 24  # pixels to a side of the copy that is fingerprinted
_COLOURS, _HASH_SIDE, _HALF = 8, 8, 128

Matrix = list[list[float]]


def fingerprint(source: Source) -> Fingerprint:
    """Fingerprint an upload as a viewer sees it."""
    small = to_srgb(source.pixels.shrink(SIDE), source.profile)
    levels = _levels(small)
    bits = "".join("1" if level > 0 else "0" for level in levels)  # pHash
    return Fingerprint(
        placeholder=base64.b64encode(thumb_hash(small, source.size)).decode(),
        dominant_color=_dominant_color(small),
        perceptual_hash=f"{int(bits, 2):016x}",
        margins=tuple(map(abs, levels)),
    )


def thumb_hash(image: Image.Image, shape: Size) -> bytes:
    """Return the ThumbHash (Evan Wallace, 2023) of an RGB or RGBA picture of up to 100 pixels.

    It may be stretched; ``shape`` is a width and height of the picture's true ratio.
    """
    red, green, blue, alpha = _split_channels(image)
    has_alpha = any(level < 1 for level in alpha)
    limit = 5 if has_alpha else 7
    longest = max(shape)
    across, down = (max(1, _round(limit * side / longest)) for side in shape)
    size = image.size
    # ThumbHash's channels: l is luminance, p is yellow against blue, q is red against green.
    yellow = list(map(add, red, green))
    luminance = list(map(add, yellow, blue))
    counts = max(3, across), max(3, down)
    l_dc, l_ac, l_scale = _compute_spectrum(luminance, size, counts, white=3 * 255)
    yellow_blue = [both / 2 - b for both, b in zip(yellow, blue, strict=True)]
    p_dc, p_ac, p_scale = _compute_spectrum(yellow_blue, size, (3, 3), white=255)
    q_dc, q_ac, q_scale = _compute_spectrum(list(map(sub, red, green)), size, (3, 3), white=255)
    landscape = shape[0] > shape[1]
    head = (
        _round(63 * l_dc)
        | _round(31.5 + 31.5 * p_dc) << 6
        | _round(31.5 + 31.5 * q_dc) << 12
        | _round(31 * l_scale) << 18
        | has_alpha << 23
        | (down if landscape else across) << 24
        | _round(63 * p_scale) << 27
        | _round(63 * q_scale) << 33
        | landscape << 39
    )
    body = bytearray(head.to_bytes(5, "little"))
    levels = [*l_ac, *p_ac, *q_ac]
    if has_alpha:
        a_dc, a_ac, a_scale = _compute_spectrum(alpha, size, (5, 5), white=1)
        body.append(_round(15 * a_dc) | _round(15 * a_scale) << 4)
        levels += a_ac
    nibbles = [_round(15 * level) for level in levels] + [0] * (len(levels) % 2)
    body += bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
    return bytes(body)


def _split_channels(
    image: Image.Image,
) -> tuple[Sequence[float], Sequence[float], Sequence[float], list[float]]:
    """Return red, green, blue (0 to 255) over the average colour, and alpha (0 to 1), if any."""
    red, green, blue = (band.tobytes() for band in image.convert("RGB").split())
    if image.mode != "RGBA":
        return red, green, blue, []
    alpha = [level / 255 for level in image.getchannel("A").tobytes()]
    opaque = sum(alpha) or 1.0

    def over_average(band: bytes) -> list[float]:
        average = sum(map(mul, band, alpha)) / opaque
        return [average * (1 - a) + a * level for level, a in zip(band, alpha, strict=True)]

    return over_average(red), over_average(green), over_average(blue), alpha


def _compute_spectrum(
    channel: Sequence[float], size: Size, counts: tuple[int, int], *, white: int
) -> tuple[float, list[float], float]:
    """Return mean, lowest cosine terms scaled to 0-1, and their scale; ``white`` is full level."""
    across, down = counts
    terms = _cosines(channel, size, across, down)
    area = size[0] * size[1] * white
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
    """Return the lowest ``across`` by ``down`` terms of the cosine transform (DCT-II, unscaled)."""
    width, height = size
    rows = [channel[start : start + width] for start in range(0, width * height, width)]
    waves = _waves(width, across)
    columns = [[sum(map(mul, row, wave)) for row in rows] for wave in waves]
    return [[sum(map(mul, column, wave)) for column in columns] for wave in _waves(height, down)]


@lru_cache(maxsize=16)
def _waves(length: int, count: int) -> Matrix:
    return [
        [math.cos(math.pi / length * wave * (at + 0.5)) for at in range(length)]
        for wave in range(count)
    ]


def _dominant_color(image: Image.Image) -> str:
    """Return the mean of the largest of eight groups of like colours, transparent pixels aside."""
    groups = _drop_transparent(image).quantize(_COLOURS)
    counts = groups.histogram()
    index = counts.index(max(counts))
    palette = groups.getpalette() or [0, 0, 0]
    return "#" + bytes(palette[3 * index : 3 * index + 3]).hex()


def _drop_transparent(image: Image.Image) -> Image.Image:
    """Return the pixels that are at least half opaque, in a row; if none, one black pixel."""
    if image.mode != "RGBA":
        return image
    pixels = zip(*[iter(image.tobytes())] * 4, strict=True)
    levels = bytes(level for pixel in pixels if pixel[3] >= _HALF for level in pixel[:3])
    return Image.frombytes("RGB", (len(levels) // 3 or 1, 1), levels or bytes(3))


def _levels(image: Image.Image) -> list[float]:
    """Return the 64 lowest cosine terms of luma, less the median of all but the first."""
    luma = image.convert("RGB").convert("L").tobytes()
    terms = _cosines(luma, image.size, _HASH_SIDE, _HASH_SIDE)
    levels = [level for row in terms for level in row]
    middle = sorted(levels[1:])[len(levels) // 2 - 1]
    return [level - middle for level in levels]


def _round(value: float) -> int:
    """Round to the nearest whole, halves up, as the other implementations of ThumbHash do."""
    return math.floor(value + 0.5)
