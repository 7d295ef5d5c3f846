"""Bytes and CPU time of an encoder at a given score, interpolated between measured points."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from bench.engines.frontier.encoders import OURS
from bench.engines.frontier.results import Point, Row

SCORES: Final = (70, 80, 90)

_FEWEST: Final = 2


@dataclass(frozen=True, kw_only=True)
class Need:
    """Quality, bytes and CPU milliseconds at which an encoder reaches a score for one picture."""

    quality: float
    bytes: float
    cpu_ms: float
    colour: float


def need(points: Iterable[Point], score: float) -> Need | None:
    """Interpolate between the measured points at a score; None if they end below or above it.

    By the monotone cubic of Fritsch and Carlson, of the bytes' logarithm: as Bjontegaard's rates of
    video coding are interpolated since straight lines and polynomials were found wanting.
    """
    rising: list[Point] = []
    for point in sorted(points, key=lambda point: point.quality):
        if not rising or point.score > rising[-1].score:
            rising.append(point)
    if len(rising) < _FEWEST or not rising[0].score <= score <= rising[-1].score:
        return None
    scores = [point.score for point in rising]

    def at(values: Iterable[float]) -> float:
        return float(_interpolator(scores, [*values])(score))

    return Need(
        quality=at(point.quality for point in rising),
        bytes=math.exp(at(math.log(point.bytes) for point in rising)),
        cpu_ms=at(point.cpu_ms for point in rising),
        colour=at(point.colour for point in rising),
    )


def _interpolator(scores: Sequence[float], values: Sequence[float]) -> Callable[[float], float]:
    library: Any = import_module("scipy.interpolate")  # without types
    return library.PchipInterpolator(scores, values)


def rows(points: Sequence[Point]) -> list[Row]:
    """Return a row for each group, format, encoder and score that at least one picture reaches."""
    keys = dict.fromkeys((point.group, point.format, point.encoder) for point in points)
    made = (_row(points, key, score) for key in keys for score in SCORES)
    return [row for row in made if row]


def _row(points: Sequence[Point], key: tuple[str, str, str], score: int) -> Row | None:
    group, format_name, encoder = key
    theirs = _needs(points, key, score)
    ours = _needs(points, (group, format_name, OURS), score)
    if not theirs:
        return None
    both = [(ours[name], theirs[name]) for name in theirs if name in ours]
    needs = theirs.values()
    return Row(
        group=group,
        format=format_name,
        encoder=encoder,
        score=score,
        pictures=len(theirs),
        quality=round(statistics.median(n.quality for n in needs), 1),
        bytes=round(statistics.median(n.bytes for n in needs)),
        cpu_ms=round(statistics.median(n.cpu_ms for n in needs), 2),
        colour=round(statistics.median(n.colour for n in needs), 2),
        bytes_ratio=_ratio([a.bytes / b.bytes for a, b in both]),
        cpu_ratio=_ratio([a.cpu_ms / b.cpu_ms for a, b in both]),
    )


def _needs(points: Sequence[Point], key: tuple[str, str, str], score: int) -> dict[str, Need]:
    """Return an encoder's needs by picture; without pictures that do not reach the score."""
    mine = [p for p in points if (p.group, p.format, p.encoder) == key]
    names = dict.fromkeys(point.picture for point in mine)
    found = {name: need([p for p in mine if p.picture == name], score) for name in names}
    return {name: one for name, one in found.items() if one}


def _ratio(ratios: Sequence[float]) -> float:
    return round(statistics.median(ratios), 3) if ratios else 0.0
