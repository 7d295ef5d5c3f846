"""Results on the terminal, as JSON files and as pages."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from cyclopts import Group, Parameter
from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table

from terminal import Failure, Misuse, console

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def _check_file(_type: object, path: Path | None) -> None:
    """Raise ``Misuse`` if a file cannot be written, before anything is measured."""
    if path is None:
        return
    is_new = not path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise Misuse(f"{path} cannot be written: {error.strerror}.") from error
    if is_new:
        path.unlink()


ReportFile = Annotated[Path | None, Parameter(validator=_check_file)]
"""Type of an option that names a file to write."""


@Parameter(name="*", group=Group("Files"))
@dataclass(frozen=True, kw_only=True)
class Files:
    """Options: the files to write.

    Attributes:
        json: Write all figures to this file.
        html: Write a page to this file.
    """

    json: ReportFile = None
    html: ReportFile = None

    def __post_init__(self) -> None:
        """Raise ``Misuse`` if one file is named for both."""
        if self.json and self.html and self.json.resolve() == self.html.resolve():
            raise Misuse(f"--json and --html both name {self.json}; give each its own file.")


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
        _write(files.html, page())


def write_json(path: Path | None, report: "DataclassInstance") -> None:
    """Write a report as JSON; nothing if no file was asked for."""
    if path:
        _write(path, json.dumps(to_data(report), indent=1) + "\n")


def to_data(report: "DataclassInstance") -> dict[str, Any]:
    """Return a report as JSON has it; the function's records in it become mappings, too."""
    return json.loads(json.dumps(asdict(report), default=methodcaller("to_dict")))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error


def table(
    title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[str] = ()
) -> Table:
    """Return a table of plain text.

    ``left`` names columns of words, aligned left as the first one is; figures are aligned right.
    """
    made = Table(title=title, title_justify="left", min_width=cell_len(title))
    for number, name in enumerate(head):
        is_left = number == 0 or name in left
        made.add_column(name, justify="left" if is_left else "right", overflow="fold")
    for row in rows:
        made.add_row(*map(escape, row))
    return made


def duration(seconds: float) -> str:
    """Return seconds in the unit that people would use."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"
