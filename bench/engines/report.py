"""The comparison as text for a terminal and as a page."""

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.engines.compare import Result, Task

_HEADINGS = ("engine", "CPU ms", "ours / it", "peak MB", "KB out", "SSIM")


def text(tasks: "Sequence[Task]", results: "Sequence[Result]", facts: dict[str, Any]) -> str:
    """The table, one block a task, and what it was measured on."""
    lines: list[str] = []
    for task in tasks:
        lines += ["", task.title, "  {:15}{:>9}{:>11}{:>9}{:>9}{:>9}".format(*_HEADINGS)]
        for row in _rows(task, results):
            lines.append("  {:15}{:>9}{:>11}{:>9}{:>9}{:>9}".format(*row))
        lines += [
            f"  {s['engine']} is left out: {s['why']}"
            for s in facts["skipped"]
            if s.get("task") == task.name
        ]
    return "\n".join([*lines, "", _caption(facts)])


def html(tasks: "Sequence[Task]", results: "Sequence[Result]", facts: dict[str, Any]) -> str:
    """The same as one page without scripts or anything from elsewhere."""
    blocks: list[str] = []
    for task in tasks:
        head = "".join(f"<th>{escape(name)}</th>" for name in _HEADINGS)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in _rows(task, results)
        )
        blocks.append(f"<h2>{escape(task.title)}</h2><table><tr>{head}</tr>{body}</table>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Image engines</title>'
        "<style>body{font:16px/1.5 system-ui;margin:2rem auto;max-width:52rem;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{padding:.25rem .9rem;text-align:right;"
        "border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}</style>"
        f"<h1>Image engines side by side</h1>{''.join(blocks)}<p>{escape(_caption(facts))}</p>\n"
    )


def _rows(task: "Task", results: "Sequence[Result]") -> list[tuple[str, ...]]:
    return [
        (
            result.engine,
            f"{result.cpu_ms:.1f}",
            f"{result.ratio:.2f}",
            "-" if result.peak_rss_mb is None else f"{result.peak_rss_mb:.0f}",
            f"{result.bytes / 1000:.0f}",
            f"{result.ssim:.4f}",
        )
        for result in results
        if result.task == task.name
    ]


def _caption(facts: dict[str, Any]) -> str:
    on = facts["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in on["libraries"].items())
    return (
        f"{on['cpu']}, {on['cpus']} CPUs, Python {on['python']}, {libraries}; "
        f"photo: {facts['photo']}; {facts['rounds']} rounds; commit {on['commit']}; {on['date']}"
    )
