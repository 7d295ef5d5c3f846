"""Results as JSON files and as tables on the terminal."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_json(path: Path | None, report: "DataclassInstance") -> None:
    """Write a report as JSON; nothing if no file was asked for."""
    if path:
        path.write_text(to_json(report), encoding="utf-8")


def to_json(report: "DataclassInstance") -> str:
    """Return a report as JSON."""
    return json.dumps(asdict(report), indent=1) + "\n"


def table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[str] = ()
) -> Table:
    """Return a table of plain text.

    Args:
        title: above the table.
        head: names of the columns.
        rows: the cells of each row.
        left: columns of words, aligned left as the first one is; figures are aligned right.
    """
    made = Table(title=title, title_justify="left")
    for number, name in enumerate(head):
        is_left = number == 0 or name in left
        made.add_column(name, justify="left" if is_left else "right", overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    return made
