"""Tables of uploads and their renditions, for a person."""

from pathlib import Path
from typing import Final

from rich.table import Table
from rich.text import Text

from function.contract import Status
from local.uploader import Result
from terminal import counted, printable

MARKS: Final = {
    Status.READY: "green",
    Status.REJECTED: "yellow",
    Status.FAILED: "red",
    "refused": "red",
    "lost": "red",
}
"""Colours, by the outcome of an upload."""


def results_table(results: list[Result]) -> Table:
    """Return one row for each upload, its renditions below each other."""
    table = Table(title="Renditions", title_justify="left")
    table.add_column("photo", overflow="fold")
    table.add_column("size", justify="right")
    table.add_column("status")
    table.add_column("renditions")
    table.add_column("latency", justify="right")
    for result in results:
        table.add_row(
            shown(Path(result.file).name),
            human_bytes(result.bytes),
            Text(result.status, style=MARKS[result.status]),
            Text("\n").join(map(shown, _rendition_lines(result))),
            f"{result.ms} ms",
            end_section=True,
        )
    return table


def shown(text: str) -> Text:
    """Return a cell with a text as it is; a name may look like markup or steer a terminal."""
    return Text(printable(text))


def _rendition_lines(result: Result) -> list[str]:
    if result.error:
        return [result.reason]
    lines: dict[str, str] = {}
    for r in result.renditions:
        start = lines.get(r.name, f"{r.name:<7} {r.width:>4}x{r.height:<4} ")
        kind = r.content_type.removeprefix("image/")
        size = "at first view" if r.bytes is None else human_bytes(r.bytes)
        lines[r.name] = f"{start} {kind} {size:>8} "
    not_kept = [f"not kept: {', '.join(result.losses)}"] if result.losses else []
    return [*lines.values(), *not_kept]


def human_bytes(count: int) -> str:
    """Return bytes in a readable unit: 1 kB is 1,000 bytes."""
    if count >= 1_000_000:  # noqa: PLR2004 (one MB)
        return f"{count / 1_000_000:.1f} MB"
    return f"{count / 1000:.1f} kB"


def summary(results: list[Result]) -> str:
    """Return the last line: how much went in, came out, and was lost."""
    renditions = sum(len(result.renditions) for result in results)
    lost = sum(result.status in ("lost", "refused") for result in results)
    return (
        f"{counted(len(results), 'photo')} in, {counted(renditions, 'rendition')} out, {lost} lost"
    )
