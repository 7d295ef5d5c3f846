"""Test a target quality: encode each test pair with the engine, and score the result."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from bench.engines.frontier.pictures import Picture
from bench.engines.judge import Judge
from bench.quality.pairs import WHITE, Pair, pairs
from bench.quality.points import decoded
from function.engine.encode import encode
from function.engine.pixels import Pixels
from function.engine.renditions import OutputFormat
from function.engine.target import BEST, LOWEST, reach

TARGETS: Final = (65, 70, 75, 80, 85, 90)
NEAR: Final = 3.0  # points
FORMATS: Final = (OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.AVIF)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One pair in one format, encoded for one target."""

    picture: str
    group: str  # "photographs" or "graphics"
    rendition: str
    format: str
    target: int
    quality: int
    score: float  # SSIMULACRA2
    reachable: bool = True  # False if the format has no quality that is near the target
    encodes: int  # of the whole picture
    sampled: float  # pixels of the encoded sample / the picture's
    bytes: int
    cpu_ms: float
    fixed_cpu_ms: float  # of one encode at the quality that was found

    @property
    def off(self) -> float:
        """Points that the score is above the target; below 0 it is too low."""
        return self.score - self.target


def outcomes(picture: Picture, program: str) -> list[Outcome]:
    """Return the outcome of a picture at each size, in each format, for each target."""
    found: list[Outcome] = []
    for pair in pairs(picture):
        for format_name in FORMATS:
            found += _of_format(pair, format_name, Judge(program))
    return found


def _of_format(pair: Pair, format_name: OutputFormat, judge: Judge) -> Iterator[Outcome]:
    @cache  # targets may find the same quality
    def score(quality: int, *, full_chroma: bool) -> float:
        body = encode(pair.pixels, format_name, quality, background=WHITE, full_chroma=full_chroma)
        return round(judge.score(pair.original, decoded(body, format_name)), 3)

    for target in TARGETS:
        outcome, full_chroma = _reach(pair, format_name, target)
        found = replace(outcome, score=score(outcome.quality, full_chroma=full_chroma))
        reachable = True
        if found.off < -NEAR:
            reachable = score(BEST, full_chroma=True) >= target - NEAR
        elif found.off > NEAR:
            reachable = score(LOWEST, full_chroma=False) <= target + NEAR
        yield replace(found, reachable=reachable)


def _reach(pair: Pair, format_name: OutputFormat, target: int) -> tuple[Outcome, bool]:
    """Return a target's outcome, still without its score, and whether it has full chroma."""
    sizes: list[int] = []
    full: list[bool] = []

    def encode_at(pixels: Pixels, quality: int, *, full_chroma: bool = False) -> bytes:
        sizes.append(pixels.size[0] * pixels.size[1])
        full.append(full_chroma)
        return encode(pixels, format_name, quality, background=WHITE, full_chroma=full_chroma)

    whole = pair.pixels.size[0] * pair.pixels.size[1]
    start = time.process_time()
    encoded = reach(pair.pixels, target, format_name, encode_at, background=WHITE)
    middle = time.process_time()
    encode_at(pair.pixels, encoded.quality, full_chroma=full[-1])
    end = time.process_time()
    outcome = Outcome(
        picture=pair.picture.name,
        group=pair.picture.group,
        rendition=pair.rendition,
        format=format_name.value,
        target=target,
        quality=encoded.quality,
        score=0.0,
        encodes=sizes[:-1].count(whole),
        sampled=round(sum(size for size in sizes if size != whole) / whole, 3),
        bytes=len(encoded.body),
        cpu_ms=round(1000 * (middle - start), 2),
        fixed_cpu_ms=round(1000 * (end - middle), 2),
    )
    return outcome, full[-1]
