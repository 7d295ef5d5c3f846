"""The numbers of a target quality, as ``bench maintain quality --refit`` fits them."""

from collections.abc import Mapping
from typing import Final

from function.engine.renditions import OutputFormat

# fmt: off
WEIGHTS: Final[tuple[float, ...]] = (
    0.0, 0.3278, 1.218, 8.2703, 0.0, 0.4476,
    0.0, 1.7738, 0.0, 12.4995, 2.2175, 0.0,
    3.0445, 0.0, 150.0501, 10.8065, 0.0, 0.0,
    2.8448, 7.9375, 255.5542, 42.839, 5.9693, 20.0554,
)
"""Weight of each term of ``vectors.compare`` in the distortion."""

BASE: Final = 0.1273
"""Distortion of pictures without any difference in the terms."""

CURVES: Final[Mapping[OutputFormat, tuple[tuple[int, float], ...]]] = {
    OutputFormat.JPEG: (
        (25, 1.8778),
        (45, 1.3013),
        (62, 0.9417),
        (76, 0.5711),
        (86, 0.1026),
        (92, -0.2874),
        (96, -0.7166),
        (100, -1.4627),
    ),
    OutputFormat.WEBP: (
        (25, 1.7376),
        (50, 1.2386),
        (68, 0.9639),
        (76, 0.7963),
        (83, 0.4286),
        (90, -0.0371),
        (95, -0.4675),
        (100, -0.7227),
    ),
    OutputFormat.AVIF: (
        (30, 1.8146),
        (47, 1.2405),
        (60, 0.8999),
        (71, 0.6578),
        (80, 0.2677),
        (88, -0.1386),
        (94, -0.5432),
        (100, -1.2299),
    ),
}
"""The median picture: pairs of a quality and of the logarithm of the distortion."""

SAMPLE: Final[Mapping[OutputFormat, tuple[float, float]]] = {
    OutputFormat.JPEG: (0.8102, -0.034),
    OutputFormat.WEBP: (0.5681, 0.0839),
    OutputFormat.AVIF: (0.7902, 0.0104),
}
"""A factor and a summand: they make of how far off a sample is how far off its picture is."""
