"""Fit the model of a target quality to measured points, and write its numbers."""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from math import log
from pathlib import Path
from typing import Any, Final

import numpy as np

import function.engine
from bench.quality.points import QUALITIES, Point
from function.engine.renditions import OutputFormat
from function.engine.score import distortion_of
from function.engine.target import SAMPLE_MOST

MODEL: Final = Path(function.engine.__file__).with_name("quality_model.py")

FITTED_SCORES: Final = (45, 94)
"""Scores between which points count for the weights. Above, pictures are as good as equal."""

FITTED_TARGETS: Final = (65, 70, 75, 80, 85, 90)

_BASE_UNIT: Final = 0.3
_SOFTENING: Final = 3.0
"""A point counts in proportion to 1 / (its distortion + this): errors weigh as in its score."""

_HIGHEST: Final = 99.5  # scores above are taken for this one, as 100 has no logarithm


@dataclass(frozen=True, kw_only=True)
class Model:
    """The numbers of ``function/engine/quality_model.py``."""

    weights: tuple[float, ...]
    base: float
    curves: dict[OutputFormat, tuple[tuple[int, float], ...]]
    sample: dict[OutputFormat, tuple[float, float]]

    def distortion(self, terms: Iterable[float]) -> float:
        """Return the estimated distortion of ``compare_whole``'s terms."""
        weighed = zip(self.weights, terms, strict=True)
        return self.base + sum(weight * term for weight, term in weighed)


def fit(points: Sequence[Point]) -> Model:
    """Return the model that fits the points best: least squares, no weight below 0."""
    weights, base = _weights(points)
    model = Model(weights=weights, base=base, curves={}, sample={})
    for format_name in QUALITIES:
        mine = [point for point in points if point.format == format_name]
        model.curves[format_name] = _curve(mine)
        model.sample[format_name] = _sample_line(mine, model.curves[format_name], model)
    return model


def _weights(points: Sequence[Point]) -> tuple[tuple[float, ...], float]:
    library: Any = import_module("scipy.optimize")  # without types
    lowest, highest = FITTED_SCORES
    used = [point for point in points if lowest < point.score < highest]
    terms = np.array([point.terms for point in used])
    wanted = np.array([distortion_of(point.score) for point in used])
    spread = terms.std(axis=0) + 1e-12
    columns = np.column_stack([terms / spread, np.full(len(used), _BASE_UNIT)])
    importance = 1 / (wanted + _SOFTENING)
    found, _ = library.nnls(columns * importance[:, None], wanted * importance)
    weights = [round(float(value), 4) for value in found[:-1] / spread]
    return tuple(weights), round(float(found[-1]) * _BASE_UNIT, 4)


def _curve(points: Sequence[Point]) -> tuple[tuple[int, float], ...]:
    """Return the median logarithm of the distortion by quality, which falls throughout."""
    curve: list[tuple[int, float]] = []
    for quality in sorted({point.quality for point in points}):
        logs = [_log_distortion(point) for point in points if point.quality == quality]
        curve.append((quality, round(statistics.median(logs), 4)))
    return tuple(curve)


def _sample_line(
    points: Sequence[Point], curve: Sequence[tuple[int, float]], model: Model
) -> tuple[float, float]:
    """Return the factor and the summand that predict a picture's deviation from its sample's.

    A picture's deviation: the logarithm of the median picture's distortion at the quality that this
    picture needs, less that at the quality that the median picture needs.
    """
    known, typical = (np.array(values) for values in zip(*curve, strict=True))
    told: list[float] = []
    needed: list[float] = []
    for pair in _pairs(points):
        qualities = [point.quality for point in pair]
        logs = np.minimum.accumulate([_log_distortion(point) for point in pair])
        sampled = [log(model.distortion(point.sample_terms)) for point in pair]
        for target in FITTED_TARGETS:
            wanted = log(distortion_of(target))
            if logs[0] > wanted > logs[-1]:
                start = np.interp(-wanted, -typical, known)
                off = wanted - float(np.interp(start, qualities, sampled))
                told.append(max(-SAMPLE_MOST, min(SAMPLE_MOST, off)))
                quality = np.interp(-wanted, -logs, qualities)
                needed.append(float(np.interp(quality, known, typical)) - wanted)
    gain, bias = np.polyfit(told, needed, 1)
    return round(float(gain), 4), round(float(bias), 4)


def _pairs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the points of each picture and size that has a sample, by quality."""
    of_pair: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if point.sample_terms:
            of_pair.setdefault((point.picture, point.rendition), []).append(point)
    for pair in of_pair.values():
        yield sorted(pair, key=lambda point: point.quality)


def _log_distortion(point: Point) -> float:
    return log(distortion_of(min(point.score, _HIGHEST)))


_TEMPLATE: Final = '''\
"""The numbers of a target quality, as ``bench maintain quality --refit`` fits them."""

from collections.abc import Mapping
from typing import Final

from function.engine.renditions import OutputFormat

# fmt: off
WEIGHTS: Final[tuple[float, ...]] = (
{weights}
)
"""Weight of each term of ``score.compare_whole`` in the distortion."""

BASE: Final = {base}
"""Distortion of pictures without any difference in the terms."""

CURVES: Final[Mapping[OutputFormat, tuple[tuple[int, float], ...]]] = {{
{curves}
}}
"""The median picture: pairs of a quality and of the logarithm of the distortion."""

SAMPLE: Final[Mapping[OutputFormat, tuple[float, float]]] = {{
{sample}
}}
"""Factor and summand that turn a sample's deviation from the median picture into its picture's."""
'''


def write(model: Model, path: Path = MODEL) -> None:
    """Write the model's numbers as a module of the engine."""
    rows = [model.weights[start : start + 6] for start in range(0, len(model.weights), 6)]
    weights = "\n".join("    " + ", ".join(map(str, row)) + "," for row in rows)
    curves = "\n".join(
        f"    OutputFormat.{name.name}: (\n"
        + "".join(f"        ({quality}, {value}),\n" for quality, value in curve)
        + "    ),"
        for name, curve in model.curves.items()
    )
    sample = "\n".join(f"    OutputFormat.{name.name}: {v}," for name, v in model.sample.items())
    text = _TEMPLATE.format(weights=weights, base=model.base, curves=curves, sample=sample)
    path.write_text(text, encoding="utf-8")
