"""``python -m bench compare``: image engines side by side."""

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.types import PositiveInt
from PIL import Image

from bench import machine
from bench.engines import processes, report
from bench.engines.compare import compare as compare_engines
from bench.engines.frontier import pictures as known_pictures
from bench.engines.frontier.command import frontier as compare_encoders
from bench.engines.frontier.encoders import QUALITIES
from bench.engines.results import Comparison, Missing, Result
from bench.engines.tasks import ENGINES, TASKS, source_file
from bench.reports import NO_FILES, Files, publish
from function.engine.renditions import OutputFormat
from terminal import Misuse, console

ROUNDS: Final = 9


def compare(
    *,
    photo: Path | None = None,
    tasks: Annotated[tuple[str, ...], Parameter(choices=[task.name for task in TASKS])] = (),
    engines: Annotated[tuple[str, ...], Parameter(choices=ENGINES)] = (),
    rounds: PositiveInt | None = None,
    install: bool = False,
    frontier: bool = False,
    formats: Annotated[tuple[OutputFormat, ...], Parameter(choices=[*QUALITIES])] = (),
    pictures: Path | None = None,
    side: PositiveInt | None = None,
    judge: str = "",
    files: Files = NO_FILES,
) -> int:
    """Measure, print the tables, write the files asked for.

    Args:
        photo: JPEG to measure with; by default one is made.
        tasks: Those to measure; all by default.
        engines: Those to measure beside ours; all by default.
        rounds: How often each engine does a task; 9 times by default.
        install: Install missing engines first.
        frontier: Compare encoders at equal quality instead.
        formats: With --frontier, those to encode; all lossy ones by default.
        pictures: With --frontier, a folder with your pictures in place of the public ones.
        side: With --frontier, the longest side in pixels to which pictures are scaled down;
            640 by default.
        judge: With --frontier, a program that prints the score of two PNG files, as libjxl's
            ssimulacra2 does; PyPI's by default, which takes 1 s a megapixel.
        files: to write.
    """
    if frontier:
        if photo or tasks or engines or rounds:
            raise Misuse("--photo, --tasks, --engines and --rounds cannot be used with --frontier.")
        side = side or known_pictures.SIDE
        return _frontier(formats, pictures, files, side=side, judge=judge, install=install)
    if formats or pictures or side or judge:
        raise Misuse("--formats, --pictures, --side and --judge need --frontier.")
    rounds = rounds or ROUNDS
    if photo and not photo.is_file():
        raise Misuse(f"There is no photo at {photo}.")
    if photo and not _is_jpeg(photo):
        raise Misuse(f"{photo} is not a JPEG; name one, or leave out --photo.")
    if install:
        processes.install()
    chosen = [task for task in TASKS if not tasks or task.name in tasks]
    able = {engine for task in chosen for engine in task.engines}
    asked = able.intersection(engines or ENGINES)
    missing = {engine: why for engine, why in processes.missing().items() if engine in asked}
    for engine, why in missing.items():
        console().print(f"{engine} is left out: {why}", markup=False, soft_wrap=True)
    results: list[Result] = []
    skipped: list[Missing] = []
    for task in chosen:
        wanted = [e for e in task.engines if e in {"ours", *asked} and e not in missing]
        done, failed = compare_engines(task, source_file(task.source, photo), wanted, rounds)
        results += done
        skipped += failed
    found = Comparison(
        machine=machine.facts(),
        photo=photo.name if photo else "made by bench.photos",
        rounds=rounds,
        results=results,
        skipped=[*skipped, *(Missing(engine=engine, why=why) for engine, why in missing.items())],
    )
    tables, conditions = report.tables(chosen, found), [report.conditions(found)]
    publish(found, tables, conditions, lambda: report.page(chosen, found), files)
    return 0


def _frontier(
    formats: tuple[OutputFormat, ...],
    folder: Path | None,
    files: Files,
    *,
    side: int,
    judge: str,
    install: bool,
) -> int:
    if folder and not folder.is_dir():
        raise Misuse(f"There is no folder at {folder}.")
    chosen = known_pictures.own(folder) if folder else known_pictures.public()
    if install:
        processes.install()
    return compare_encoders(chosen, formats or tuple(QUALITIES), files, side=side, judge=judge)


def _is_jpeg(path: Path) -> bool:
    try:
        with Image.open(path) as opened:
            return opened.format in {"JPEG", "MPO"}  # MPO: a JPEG with further pictures
    except (OSError, Image.DecompressionBombError):
        return False
