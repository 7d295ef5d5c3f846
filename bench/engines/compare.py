"""Measure one task: every engine in a separate process, in turn.

In each round each engine does the same job once, so that a busy machine is busy for all; a ratio is
the median of the ratios of each round. Quality is the SSIMULACRA2 score of the encoded output
against a full decode resized with LANCZOS, and how far its colours are from it (``judge.py``).
"""

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from bench.engines import processes
from bench.engines.job import Job, Output
from bench.engines.judge import Verdict, judge
from bench.engines.peers import fill, register_heic
from bench.engines.results import Result, Skipped
from bench.engines.tasks import Task
from terminal import progress

SECONDS: Final = 8.0
"""CPU seconds after which a slow engine is measured no more on a task; three rounds at least."""

_FEWEST_ROUNDS: Final = 3


@dataclass(frozen=True, kw_only=True)
class _Look:
    """The outputs of one run in a fresh process; ``error`` says why there are none."""

    error: str = ""
    peak_rss_mb: float | None = None
    bytes: int = 0
    verdicts: tuple[Verdict, ...] = ()


def compare(
    task: Task, source: Path, engines: Sequence[str], rounds: int
) -> tuple[list[Result], list[Skipped]]:
    """Measure one task; engines that fail on it are returned apart, with the reason."""
    job = Job(source=str(source), outputs=task.outputs)
    original = _original(source)
    looks = {engine: _look(job, engine, original) for engine in engines}
    failed = {engine: look.error for engine, look in looks.items() if look.error}
    samples = _interleave(job, [e for e in engines if e not in failed], rounds, task.title)
    ours = samples.get("ours", [])
    results = [
        Result(
            task=task.name,
            engine=engine,
            cpu_ms=round(statistics.median(times), 1),
            ratio=_ratio(ours, times),
            peak_rss_mb=looks[engine].peak_rss_mb,
            bytes=looks[engine].bytes,
            score=round(statistics.mean(v.score for v in looks[engine].verdicts), 2),
            score_each=tuple(round(v.score, 2) for v in looks[engine].verdicts),
            colour=round(statistics.mean(v.colour for v in looks[engine].verdicts), 2),
            samples_ms=times,
        )
        for engine, times in samples.items()
    ]
    return results, [Skipped(task=task.name, engine=e, why=why) for e, why in failed.items()]


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds; 0 if ours failed."""
    pairs = [a / b for a, b in zip(ours, theirs, strict=False)]
    return round(statistics.median(pairs), 3) if pairs else 0.0


def _interleave(
    job: Job, engines: Sequence[str], rounds: int, title: str
) -> dict[str, list[float]]:
    """Return the CPU ms of each engine by round."""
    samples = {engine: list[float]() for engine in engines}
    with processes.started(engines) as ask, progress(title, rounds) as advance:
        for engine in engines:
            ask(engine, job)  # warm: imports, caches, first pages
        for _ in range(rounds):
            for engine, times in samples.items():
                if sum(times) < 1000 * SECONDS or len(times) < _FEWEST_ROUNDS:
                    times.append(round(ask(engine, job).cpu_ms, 2))
            advance()
    return samples


def _look(job: Job, engine: str, original: Image.Image) -> _Look:
    """Run once in a fresh process and read the outputs back."""
    with tempfile.TemporaryDirectory() as folder, processes.started([engine]) as ask:
        answer = ask(engine, replace(job, folder=folder))
        if answer.error:
            return _Look(error=answer.error)
        verdicts: list[Verdict] = []
        for index, wanted in enumerate(job.outputs):
            with Image.open(Path(folder) / str(index)) as output:
                reference = _reference(original, wanted, output.size)
                if reference is None:
                    width, height = output.size
                    return _Look(error=f"its output {index + 1} is {width} x {height}")
                verdicts.append(judge(reference, output))
    return _Look(
        # The floor's preparation holds pixels that it is not charged for.
        peak_rss_mb=None if engine == "floor" else round(answer.peak_rss_mb, 1),
        bytes=answer.bytes,
        verdicts=tuple(verdicts),
    )


def _original(source: Path) -> Image.Image:
    """Return the upload decoded in full."""
    register_heic(source)
    with Image.open(source) as opened:
        return ImageOps.exif_transpose(opened).convert("RGB")


def _reference(original: Image.Image, wanted: Output, size: tuple[int, int]) -> Image.Image | None:
    """Return what the output should look like; None if its size is off by more than a pixel.

    One pixel is allowed, and the reference is made at that size, because a cascade of libvips
    rounds each size from the one before; ours does not, and has a test for it.
    """
    exact = fill(original, wanted, Image.Resampling.LANCZOS)
    if exact.size == size:
        return exact
    if any(abs(a - b) > 1 for a, b in zip(exact.size, size, strict=True)):
        return None
    return original.resize(size, Image.Resampling.LANCZOS)
