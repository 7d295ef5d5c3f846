"""The numbers of a target quality, as ``bench maintain quality --refit`` fits them."""

from collections.abc import Mapping
from typing import Final

from function.engine.renditions import OutputFormat

# fmt: off
WEIGHTS: Final[tuple[float, ...]] = (
    0.0, 0.4782, 0.0, 0.0, 0.0, 0.9474,
    0.5275, 6.6462, 0.0, 0.2202, 10.7959, 7.1631,
    0.0, 0.0, 0.0, 0.0, 4.7573, 0.0,
    0.0, 1.3602, 0.0, 0.0, 0.0, 0.2167,
    11.0928, 8.7803, 0.0, 0.0, 0.0, 1.9441,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    159.5575, 11.8574, 0.0, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.0, 10.9687, 0.0, 0.0, 0.0, 0.0,
    172.4586, 38.2437, 0.0, 0.0, 0.0, 1.2008,
    3.7463, 16.479, 0.0, 37.0534, 0.0, 26.1862,
)
"""Weight of each term of ``vectors.compare`` in the distortion."""

BASE: Final = 0.0645
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
    OutputFormat.JPEG: (0.8679, -0.0394),
    OutputFormat.WEBP: (0.744, 0.0524),
    OutputFormat.AVIF: (0.9604, 0.002),
}
"""A factor and a summand: they make of how far off a sample is how far off its picture is."""
