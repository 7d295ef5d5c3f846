"""Differences of colours as they are seen."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Values = NDArray[np.float64]

_TO_XYZ: Final = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # IEC 61966-2-1


def delta_e(one: Image.Image, other: Image.Image, *, lightness: bool = True) -> Values:
    """Return delta E 2000 of each pixel of two pictures in sRGB."""
    return ciede2000(_lab(one), _lab(other), lightness=lightness)


def _lab(image: Image.Image) -> Values:
    code = np.asarray(image.convert("RGB"), float) / 255
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004
    share = light @ _TO_XYZ.T / _TO_XYZ.sum(1)
    small = share <= (6 / 29) ** 3
    root = np.cbrt(share)
    root[small] = share[small] * 841 / 108 + 4 / 29
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def ciede2000(one: Values, other: Values, *, lightness: bool = True) -> Values:
    """Return delta E 2000 of L*a*b* colours (Sharma, Wu and Dalal, 2005).

    Without ``lightness`` that term is 0, and what is left is the difference of chroma and hue.
    """
    (l1, a1, b1), (l2, a2, b2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1 + (1 - _bend(chroma)) / 2
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    is_grey = c1 * c2 == 0
    turn = np.where(is_grey, 0, (h2 - h1 + 180) % 360 - 180)
    turn = np.where((turn == -180) & (h2 > h1), 180, turn)  # noqa: PLR2004 - half a circle
    hue = np.asarray((h1 + turn / 2) % 360)
    hue[is_grey] = np.asarray(h1 + h2)[is_grey]
    bright, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    waves = ((1, -30, -0.17), (2, 0, 0.24), (3, 6, 0.32), (4, -63, -0.2))
    t = 1 + sum(part * np.cos(np.radians(times * hue + at)) for times, at, part in waves)
    off = (bright - 50) ** 2
    by_l = (l2 - l1) / (1 + 0.015 * off / np.sqrt(20 + off)) if lightness else 0.0
    by_c = (c2 - c1) / (1 + 0.045 * chroma)
    by_h = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * t)
    blue = -np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2)))) * 2 * _bend(chroma)
    return np.sqrt(by_l**2 + by_c**2 + by_h**2 + blue * by_c * by_h)


def _bend(chroma: Values) -> Values:
    return np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
