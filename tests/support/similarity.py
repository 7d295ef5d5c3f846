"""The terms of ``vectors.compare`` by their definition, in floating point."""

import numpy as np

MATRIX = np.array(
    [[0.3, 0.622, 0.078], [0.23, 0.692, 0.078], [0.243422689, 0.204767444, 0.551809867]]
)
BIAS = 0.0037930732552754493


def to_xyb(light):
    long, middle, short = np.moveaxis(np.cbrt(light @ MATRIX.T + BIAS) - np.cbrt(BIAS), -1, 0)
    return (long - middle) * 7, (long + middle) / 2, short - (long + middle) / 2


def windows(plane, step):
    """Return weighted means over 6 by 6 pixels, of which one starts at each ``step`` pixels."""
    weights = np.outer(*2 * [np.array([1, 1, 2, 2, 1, 1]) / 8])
    every = np.lib.stride_tricks.sliding_window_view(plane, (6, 6))[::step, ::step]
    return (every * weights).sum((-1, -2))


def compared(one, other):
    """Return the terms by SSIMULACRA2's definition, in floating point."""
    level = np.arange(256) / 255
    light = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    pictures = [light[np.asarray(image)[..., :3]] for image in (one, other)]
    terms = []
    for scale in range(4):
        height, width = (length // 2 * 2 for length in pictures[0].shape[:2])
        pictures = [picture[:height, :width] for picture in pictures]
        for a, b in zip(*map(to_xyb, pictures), strict=True):
            if min(width, height) < 8:
                terms += [0.0] * 6
                continue
            step = 2 if scale else 4
            x, y, xx, yy, xy = (windows(p, step) for p in (a, b, a * a, b * b, a * b))
            top = (1 - (x - y) ** 2) * (2 * (xy - x * y) + 0.0009)
            d = np.maximum(0, 1 - top / (xx - x * x + yy - y * y + 0.0009))
            inner = [p[2:, 2:][::step, ::step][: x.shape[0], : x.shape[1]] for p in (a, b)]
            came = (1 + abs(inner[1] - y)) / (1 + abs(inner[0] - x)) - 1
            for each in (d, np.maximum(0, came), np.maximum(0, -came)):
                terms += [each.mean(), (each**4).mean() ** 0.25]
        pictures = [p.reshape(height // 2, 2, width // 2, 2, 3).mean((1, 3)) for p in pictures]
    return terms
