"""The numbers of a target quality, as ``bench maintain quality --refit`` fits them."""

from collections.abc import Mapping
from typing import Final

from function.engine.renditions import OutputFormat

# fmt: off
WEIGHTS: Final[tuple[float, ...]] = (
    0.0, 0.2925, 0.0, 0.0, 0.0, 1.0124,
    0.154, 6.7584, 0.0, 0.0, 11.8822, 7.8119,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.5646,
    0.0, 1.3628, 0.0, 0.0, 0.0, 0.0,
    4.8257, 8.8911, 0.0, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    172.015, 12.2401, 0.0, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.0, 9.1737, 0.0, 0.0, 0.0, 0.0,
    177.1099, 43.9828, 0.0, 0.0, 0.0, 0.0,
    9.1268, 14.1804, 0.0, 47.5313, 0.0, 29.69,
)
"""Weight of each term of ``score.compare_whole`` in the distortion."""

BASE: Final = 0.0623
"""Distortion of pictures without any difference in the terms."""

CURVES: Final[Mapping[OutputFormat, tuple[tuple[int, float], ...]]] = {
    OutputFormat.JPEG: (
        (10, 2.7538),
        (25, 1.7839),
        (45, 1.2493),
        (62, 0.9163),
        (76, 0.5567),
        (86, 0.1119),
        (92, -0.2988),
        (96, -0.7464),
        (100, -1.4523),
    ),
    OutputFormat.WEBP: (
        (10, 2.0763),
        (25, 1.6428),
        (50, 1.1136),
        (68, 0.8424),
        (76, 0.6708),
        (83, 0.3152),
        (90, -0.1594),
        (95, -0.5461),
        (100, -0.7909),
    ),
    OutputFormat.AVIF: (
        (10, 2.7056),
        (30, 1.7795),
        (47, 1.2257),
        (60, 0.8653),
        (71, 0.6337),
        (80, 0.2045),
        (88, -0.2281),
        (94, -0.6621),
        (100, -1.3654),
    ),
}
"""The median picture: pairs of a quality and of the logarithm of the distortion."""

SAMPLE: Final[Mapping[OutputFormat, tuple[float, float]]] = {
    OutputFormat.JPEG: (0.8513, -0.0293),
    OutputFormat.WEBP: (0.6783, 0.0745),
    OutputFormat.AVIF: (0.8753, 0.0181),
}
"""Factor and summand that turn a sample's deviation from the median picture into its picture's."""
