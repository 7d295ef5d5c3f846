"""``python -m bench compare --frontier``: bytes and CPU time at equal quality."""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context

from bench import machine
from bench.engines import processes
from bench.engines.frontier import report
from bench.engines.frontier.curve import rows
from bench.engines.frontier.encoders import ENCODERS, QUALITIES, Encoder
from bench.engines.frontier.measure import measure
from bench.engines.frontier.pictures import Picture
from bench.engines.frontier.results import Frontier, Point
from bench.engines.judge import Judge
from bench.engines.results import Missing
from bench.reports import Files, publish
from function.engine.renditions import OutputFormat
from terminal import Failure, console, progress


def frontier(
    pictures: Sequence[Picture],
    formats: Sequence[OutputFormat],
    files: Files,
    *,
    side: int,
    judge: str,
) -> int:
    """Measure, print the tables, write the files asked for.

    Pictures are scaled down to ``side`` pixels. ``judge`` is a program that prints the score of two
    PNG files. Ctrl-C keeps the pictures that are done.

    Returns:
        0; 1 if some pictures were left out.

    Raises:
        Failure: an encoder or the judge failed, or Ctrl-C came before the first picture was done.
    """
    wanted = [encoder for encoder in ENCODERS if encoder.format in formats]
    absent = {e: why for e, why in processes.missing().items() if e in {w.engine for w in wanted}}
    skipped = [Missing(engine=engine, why=why) for engine, why in absent.items()]
    for one in skipped:
        console().print(f"{one.engine} is left out: {one.why}", markup=False, soft_wrap=True)
    encoders = [encoder for encoder in wanted if encoder.engine not in absent]
    done: dict[str, list[Point]] = {}
    try:
        _measure_all(pictures, side, encoders, judge, done)
    except BrokenProcessPool as error:
        raise Failure("A judge's process was killed; is there memory left?") from error
    except KeyboardInterrupt:
        pass  # what is done is told below
    if not done:
        raise Failure("No picture was done.")
    points = [point for each in done.values() for point in each]
    found = Frontier(
        machine=machine.facts(),
        pictures=list(done),
        side=side,
        judge=judge or "PyPI's ssimulacra2",
        rows=rows(points),
        points=points,
        skipped=skipped,
    )
    sentences = [*report.SENTENCES, report.conditions(found)]
    publish(found, report.tables(found), sentences, lambda: report.page(found), files)
    return int(len(done) < len(pictures))


def _measure_all(
    pictures: Sequence[Picture],
    side: int,
    encoders: Sequence[Encoder],
    judge: str,
    done: dict[str, list[Point]],
) -> None:
    """Add the points of each picture as soon as all of them are there."""
    encodes = sum(len(QUALITIES[encoder.format]) for encoder in encoders)
    engines = dict.fromkeys(encoder.engine for encoder in encoders)
    # A forked process would inherit the pipes of the engines' processes.
    judges = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
    judged = partial(judges.map, Judge(judge))
    with (
        judges,
        processes.started(engines) as ask,
        progress("Encoding", encodes * len(pictures)) as advance,
    ):
        for picture in pictures:
            made = measure(picture, side, encoders, ask, judge=judged, done=advance)
            done[picture.name] = list(made)
