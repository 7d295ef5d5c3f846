"""The comparison as tables for a terminal and as a page."""

from collections.abc import Sequence
from typing import Final

from rich.markup import escape
from rich.table import Table

from bench import pages
from bench.engines.results import Comparison, Skipped
from bench.engines.tasks import Task
from bench.reports import table
from terminal import counted

_HEAD: Final = ("engine", "CPU ms", "ours / it", "peak MB", "KB out", "score", "colour")


def tables(tasks: Sequence[Task], found: Comparison) -> list[Table]:
    """Return a table for each task; its caption names the engines that failed on it."""
    made = [table(task.title, _HEAD, _rows(task, found)) for task in tasks]
    for task, each in zip(tasks, made, strict=True):
        left_out = [s for s in found.skipped if isinstance(s, Skipped) and s.task == task.name]
        each.caption = escape("\n".join(f"{s.engine} is left out: {s.why}" for s in left_out))
    return made


def page(tasks: Sequence[Task], found: Comparison) -> str:
    """Return the same as a page."""
    return pages.render(
        "engines/page.html",
        title="Image engines side by side",
        verdict=[],
        head=_HEAD,
        tables=[(task.title, _rows(task, found)) for task in tasks],
        how=conditions(found),
    )


def conditions(found: Comparison) -> str:
    """Return the machine, the photo and the rounds in a line."""
    on = found.machine
    libraries = ", ".join(f"{name} {version}" for name, version in on.libraries.items())
    return (
        f"{on.cpu}, {on.cpus} CPUs, Python {on.python}, {libraries}; "
        f"photo: {found.photo}; {counted(found.rounds, 'round')}; commit {on.commit}; {on.date}"
    )


def _rows(task: Task, found: Comparison) -> list[Sequence[str]]:
    return [
        (
            result.engine,
            f"{result.cpu_ms:.1f}",
            f"{result.ratio:.2f}",
            "-" if result.peak_rss_mb is None else f"{result.peak_rss_mb:.0f}",
            f"{result.bytes / 1000:.0f}",
            f"{result.score:.1f}",
            f"{result.colour:.1f}",
        )
        for result in found.results
        if result.task == task.name
    ]
