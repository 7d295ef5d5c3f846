"""What people see: a progress bar and a table on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from function.contract import Status
from local.uploader import Result

MARKS = {
    Status.READY: "green",
    Status.REJECTED: "yellow",
    Status.FAILED: "red",
    "refused": "red",
    "lost": "red",
}


def console(*, stderr: bool = False) -> Console:
    """A console as wide as the terminal; 120 columns where there is none."""
    made = Console(stderr=stderr, highlight=False)
    if not made.is_terminal:
        made.width = 120
    return made


@contextmanager
def progress(label: str, total: int | None) -> Generator[Callable[[str], None]]:
    """Show how far something is; yields what to call after each step, with its name.

    Args:
        label: what is being done.
        total: number of steps; None if that is not known.
    """
    screen = console(stderr=True)
    if not screen.is_terminal:
        screen.print(f"{label} …")
        yield lambda _name: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("[dim]{task.fields[step]}"),
    )
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task(label, total=total, step="")
        yield lambda name: bar.update(task, advance=1, step=name)


def results_table(results: list[Result]) -> Table:
    """One row an upload, its renditions below each other."""
    table = Table(title="Renditions", title_justify="left")
    table.add_column("photo")
    table.add_column("size", justify="right")
    table.add_column("status")
    table.add_column("renditions")
    table.add_column("latency", justify="right")
    for result in results:
        table.add_row(
            Path(result.file).name,
            human_bytes(result.bytes),
            f"[{MARKS[result.status]}]{result.status}[/]",
            "\n".join(_rendition_lines(result)),
            f"{result.ms} ms",
            end_section=True,
        )
    return table


def _rendition_lines(result: Result) -> list[str]:
    if result.error:
        return [f"{result.error['code']}: {result.error['message']}"]
    lines: dict[str, str] = {}
    for r in result.renditions:
        start = lines.get(r["name"], f"{r['name']:<7} {r['width']:>4}x{r['height']:<4} ")
        kind = r["content_type"].removeprefix("image/")
        lines[r["name"]] = f"{start} {kind} {human_bytes(r['bytes']):>8} "
    not_kept = [f"not kept: {', '.join(result.losses)}"] if result.losses else []
    return [*lines.values(), *not_kept]


def human_bytes(count: int) -> str:
    """Bytes in the unit that people would use: 1 kB is 1,000 bytes."""
    if count >= 1_000_000:  # noqa: PLR2004 (one MB)
        return f"{count / 1_000_000:.1f} MB"
    return f"{count / 1000:.1f} kB"


def summary(results: list[Result]) -> str:
    """The last line: how much went in, came out, and was lost."""
    renditions = sum(len(result.renditions) for result in results)
    lost = sum(result.status in ("lost", "refused") for result in results)
    return f"{len(results)} photos in, {renditions} renditions out, {lost} lost"
