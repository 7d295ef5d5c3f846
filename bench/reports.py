"""Results on the terminal, as JSON files and as pages."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclopts import Group, Parameter
from rich.markup import escape
from rich.table import Table

from terminal import console

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@Parameter(name="*", group=Group("Files"))
@dataclass(frozen=True, kw_only=True)
class Files:
    """Options: the files to write.

    Attributes:
        json: Write all figures to this file.
        html: Write a page to this file.
    """

    json: Path | None = None
    html: Path | None = None


NO_FILES: Final = Files()


def publish(
    report: "DataclassInstance",
    tables: Iterable[Table],
    sentences: Iterable[str],
    page: Callable[[], str],
    files: Files,
) -> None:
    """Print the tables and the sentences; write the report and the page if they were asked for."""
    out = console()
    for each in tables:
        out.print(each)
    for sentence in sentences:
        out.print(sentence, markup=False, soft_wrap=True)
    write_json(files.json, report)
    if files.html:
        files.html.write_text(page(), encoding="utf-8")


def write_json(path: Path | None, report: "DataclassInstance") -> None:
    """Write a report as JSON; nothing if no file was asked for."""
    if path:
        path.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")


def table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[str] = ()
) -> Table:
    """Return a table of plain text.

    ``left`` names columns of words, aligned left as the first one is; figures are aligned right.
    """
    made = Table(title=title, title_justify="left")
    for number, name in enumerate(head):
        is_left = number == 0 or name in left
        made.add_column(name, justify="left" if is_left else "right", overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    return made
