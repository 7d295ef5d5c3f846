"""The frontier as tables for a terminal, and as a page with its plots."""

from collections.abc import Sequence
from typing import Final

from rich.table import Table

from bench import charts, pages
from bench.engines.frontier.results import Frontier, Row
from bench.reports import table
from terminal import counted

HEAD: Final = (
    *("encoder", "score", "pictures", "quality", "KB", "CPU ms"),
    *("KB, ours / it", "CPU, ours / it", "colour"),
)


def tables(found: Frontier) -> list[Table]:
    """Return a table for each format and group of pictures."""
    return [table(title, HEAD, rows) for title, rows in _titled(found)]


def page(found: Frontier) -> str:
    """Return the same as a page, with a plot for each table."""
    return pages.render(
        "engines/frontier/page.html",
        title="Bytes and CPU time at equal quality",
        verdict=SENTENCES,
        head=HEAD,
        parts=[
            (title, rows, plot(_of(found, format_name, group)))
            for (format_name, group), (title, rows) in zip(
                _keys(found), _titled(found), strict=True
            )
        ],
        how=conditions(found),
    )


def plot(rows: Sequence[Row]) -> charts.Chart | None:
    """Draw each encoder as a line through its scores, from 70 up, as multiples of ours.

    Sizes of two scores cannot be drawn: the pictures that reach them differ, ratios are paired.
    """
    paired = [row for row in rows if row.bytes_ratio and row.cpu_ratio]
    names = dict.fromkeys(row.encoder for row in paired)
    return charts.shares(
        {
            name: [
                (1 / row.cpu_ratio, 1 / row.bytes_ratio) for row in paired if row.encoder == name
            ]
            for name in names
        },
        x="CPU time, as a multiple of ours",
        y="Bytes at a score of 70, 80 and 90, as a multiple of ours",
    )


SENTENCES: Final = (
    "Score: SSIMULACRA2. At 80 no difference is noticed side by side, at 90 none when flickered.",
    "Figures are medians over the pictures with which the encoder reaches the score.",
    "Ratios are medians over pictures with which ours does too; below 1 ours needs less.",
    "Colour: 95th percentile of the pixels' difference in chroma and hue (delta E 2000).",
)
"""How the tables are read."""


def conditions(found: Frontier) -> str:
    """Return the machine, the libraries and the pictures in a line."""
    on = found.machine
    libraries = ", ".join(f"{name} {version}" for name, version in on.libraries.items())
    return (
        f"{on.cpu}, {on.cpus} CPUs, Python {on.python}, {libraries}; "
        f"{counted(len(found.pictures), 'picture')}: {', '.join(found.pictures)}; "
        f"longer side {found.side} pixels; "
        f"judged by {found.judge}; commit {on.commit}; {on.date}"
    )


def _keys(found: Frontier) -> list[tuple[str, str]]:
    return list(dict.fromkeys((row.format, row.group) for row in found.rows))


def _of(found: Frontier, format_name: str, group: str) -> list[Row]:
    return [row for row in found.rows if (row.format, row.group) == (format_name, group)]


def _titled(found: Frontier) -> list[tuple[str, list[Sequence[str]]]]:
    return [
        (f"{format_name.upper()}, {group}", [_cells(row) for row in _of(found, format_name, group)])
        for format_name, group in _keys(found)
    ]


def _cells(row: Row) -> Sequence[str]:
    return (
        row.encoder,
        str(row.score),
        str(row.pictures),
        f"{row.quality:.0f}",
        f"{row.bytes / 1000:.1f}",
        f"{row.cpu_ms:.1f}",
        f"{row.bytes_ratio:.2f}" if row.bytes_ratio else "-",
        f"{row.cpu_ratio:.2f}" if row.cpu_ratio else "-",
        f"{row.colour:.1f}",
    )
