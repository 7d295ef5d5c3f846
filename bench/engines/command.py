"""``python -m bench compare``: image engines side by side."""

from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from cyclopts.types import PositiveInt
from PIL import Image

from bench import machine
from bench.engines import processes, report
from bench.engines.compare import compare as compare_engines
from bench.engines.results import Comparison, Missing, Result
from bench.engines.tasks import ENGINES, TASKS, source_file
from bench.reports import NO_FILES, Files, publish
from terminal import Misuse, console

ROUNDS: Final = 9


def compare(
    *,
    photo: Path | None = None,
    tasks: Annotated[tuple[str, ...], Parameter(choices=[task.name for task in TASKS])] = (),
    engines: Annotated[tuple[str, ...], Parameter(choices=ENGINES)] = (),
    rounds: PositiveInt = ROUNDS,
    install: bool = False,
    files: Files = NO_FILES,
) -> None:
    """Measure, print the tables, write the files asked for.

    Args:
        photo: JPEG to measure with; by default one is made.
        tasks: Those to measure; all by default.
        engines: Those to measure beside ours; all by default.
        rounds: How often each engine does a task.
        install: Install missing engines first.
        files: to write.
    """
    if photo and not photo.is_file():
        raise Misuse(f"There is no photo at {photo}.")
    if photo and not _is_jpeg(photo):
        raise Misuse(f"{photo} is not a JPEG; name one, or leave out --photo.")
    if install:
        processes.install()
    missing = processes.missing()
    for engine, why in missing.items():
        console().print(f"{engine} is left out: {why}", markup=False, soft_wrap=True)
    chosen = [task for task in TASKS if not tasks or task.name in tasks]
    results: list[Result] = []
    skipped: list[Missing] = []
    for task in chosen:
        asked = ["ours", *(engines or task.engines)]
        wanted = [engine for engine in task.engines if engine in asked and engine not in missing]
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


def _is_jpeg(path: Path) -> bool:
    try:
        with Image.open(path) as opened:
            return opened.format in {"JPEG", "MPO"}  # MPO: a JPEG with further pictures
    except (OSError, Image.DecompressionBombError):
        return False
