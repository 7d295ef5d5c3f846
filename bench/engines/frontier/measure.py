"""Encode every picture by every encoder at a few qualities, and judge the results."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.engines.frontier.encoders import QUALITIES, Encoder
from bench.engines.frontier.pictures import Picture
from bench.engines.frontier.results import Point
from bench.engines.job import Job, JobOutcome, Output
from bench.engines.judge import Verdict
from bench.engines.processes import Ask
from terminal import Failure

ENOUGH_MS: Final = 300.0
"""CPU time after which an encode is not repeated."""

MOST: Final = 3
"""Encodes of one picture at one quality, of which the least time counts: what comes on top of it
is other programs' use of the caches."""


def measure(
    picture: Picture,
    side: int,
    encoders: Sequence[Encoder],
    ask: Ask,
    *,
    judge: Callable[[list[Path], list[Path]], Iterable[Verdict]],
    done: Callable[[], None],
) -> Iterator[Point]:
    """Yield the points of one picture; the encoders take turns at each quality.

    Pictures are scaled down to ``side`` pixels. ``judge`` takes the originals and the bodies, as
    files.

    Raises:
        Failure: an encoder failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / "original.png"
        pixels = picture.pixels(side)
        pixels.save(original, compress_level=1)
        encoded: list[tuple[Point, Path]] = []
        rounds = max(len(QUALITIES[encoder.format]) for encoder in encoders)
        for turn in range(rounds):
            for number, encoder in enumerate(encoders):
                if turn >= len(QUALITIES[encoder.format]):
                    continue
                output = Output(
                    width=pixels.width,
                    height=pixels.height,
                    format=encoder.format,
                    quality=QUALITIES[encoder.format][turn],
                    effort=encoder.effort,
                )
                place = Path(folder) / f"{number}-{turn}"
                place.mkdir()
                job = Job(source=str(original), outputs=(output,), folder=str(place))
                answer = _encode(encoder, job, ask)
                encoded.append((_point(picture, encoder, output, answer), place / "0"))
                done()
        verdicts = judge([original] * len(encoded), [body for _, body in encoded])
        for (point, _), verdict in zip(encoded, verdicts, strict=True):
            yield replace(point, score=round(verdict.score, 3), colour=round(verdict.colour, 3))


def _encode(encoder: Encoder, job: Job, ask: Ask) -> JobOutcome:
    """Return the answer with the least CPU time."""
    answers: list[JobOutcome] = []
    while len(answers) < MOST and sum(answer.cpu_ms for answer in answers) < ENOUGH_MS:
        answers.append(answer := ask(encoder.engine, job))
        if answer.error:
            raise Failure(f"{encoder.name} failed on {encoder.format}: {answer.error}")
    return min(answers, key=lambda answer: answer.cpu_ms)


def _point(picture: Picture, encoder: Encoder, output: Output, answer: JobOutcome) -> Point:
    return Point(
        picture=picture.name,
        group=picture.group,
        format=encoder.format.value,
        encoder=encoder.name,
        quality=output.quality,
        bytes=answer.bytes,
        cpu_ms=round(answer.cpu_ms, 2),
        score=0.0,
        colour=0.0,
    )
