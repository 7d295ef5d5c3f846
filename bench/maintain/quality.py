"""``python -m bench maintain quality``: fit the model of a target quality, and test it.

The pictures are public ones, which packages hold: those of ``bench/quality/fit.yaml`` and of
``bench compare --frontier`` for the fit, those of ``bench/quality/test.yaml``, by other authors,
for the test. Each is encoded at the sizes of the default renditions.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final, TypeVar

from bench import reports
from bench.engines.frontier.pictures import Picture, own
from bench.quality import fit, pairs, report
from bench.quality.check import Outcome, outcomes
from bench.quality.points import measured
from terminal import Failure, progress

LEAST_NEAR: Final = 0.95  # share of the test pairs within ``report.NEAR`` points
MOST_ENCODES: Final = 1.3  # mean

T = TypeVar("T")


def quality(
    *,
    refit: bool = False,
    pictures: Path | None = None,
    judge: str = "",
    files: reports.Files = reports.NO_FILES,
) -> None:
    """Test the model; exit code 1 if it misses too often, or takes too many encodes.

    Args:
        refit: Fit the model first and write its numbers to function/engine/quality_model.py.
        pictures: A folder with your pictures to test it on, in place of the public ones.
        judge: A program that prints SSIMULACRA2 of two PNG files, such as libjxl's; by default
            PyPI's ssimulacra2, which takes hours.
        files: The files to write.
    """
    fit_pictures = pairs.fit_pictures() if refit or not pictures else []
    test_pictures = own(pictures) if pictures else pairs.test_pictures()
    if refit:
        points = _each("Encoding", fit_pictures, partial(measured, program=judge))
        fit.write(fit.fit([point for each in points for point in each]))
    # New processes import the model anew.
    found = _each("Testing", test_pictures, partial(_outcomes, program=judge))
    every = [outcome for each in found for outcome in each]
    result = replace(make_result(fit_pictures, every, judge), own=pictures is not None)
    table = reports.table("Targets", report.HEAD, (row.cells() for row in result.rows))
    sentences = report.sentences(result)
    reports.publish(result, [table], sentences, lambda: report.page(result), files)
    check(result.rows[-1])


def make_result(fit_pictures: Sequence[Picture], found: list[Outcome], judge: str) -> report.Result:
    """Return the result of a test."""
    fitted = sum(len(list(pairs.fit_pairs(*each))) for each in enumerate(fit_pictures))
    return report.Result(
        judge=judge or "PyPI's ssimulacra2",
        fitted_pairs=fitted,
        test_pairs=len({(outcome.picture, outcome.rendition) for outcome in found}),
        rows=report.rows(found),
        unreachable=sum(not outcome.reachable for outcome in found),
        outcomes=found,
    )


def check(row: report.Row) -> None:
    """Raise ``Failure`` if a model is not good enough to be a default."""
    if row.near < LEAST_NEAR:
        raise Failure(f"{row.near:.1%} of the pairs are within 3 points, not {LEAST_NEAR:.0%}.")
    if row.encodes > MOST_ENCODES:
        raise Failure(f"A pair takes {row.encodes:.2f} encodes, more than {MOST_ENCODES}.")


def _outcomes(numbered: tuple[int, Picture], program: str) -> list[Outcome]:
    return outcomes(numbered[1], program)


def _each(
    what: str, pictures: Sequence[Picture], do: Callable[[tuple[int, Picture]], T]
) -> list[T]:
    done: list[T] = []
    workers = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
    with workers, progress(what, len(pictures)) as advance:
        for picture, result in zip(pictures, workers.map(do, enumerate(pictures)), strict=True):
            done.append(result)
            advance(name=picture.name)
    return done
