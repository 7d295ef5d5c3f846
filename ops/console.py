"""Print dead letters and findings for an operator."""

import json
from collections.abc import Sequence
from typing import Final

from rich.table import Column, Table

from ops.finding import Finding
from ops.redrive import DeadLetter
from terminal import as_started, console, printable

UNKNOWN: Final = "not in the log: it timed out, crashed, or its log expired"
MARKS: Final = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


def print_letters(letters: Sequence[DeadLetter], reasons: dict[str, str]) -> None:
    """Print one row for each dead letter; nothing if there are none."""
    if not letters:
        return
    # Names are wrapped, not cut: --key takes them.
    table = Table(Column("upload", overflow="fold"), "reason", "age", "receives")
    for letter in letters:
        table.add_row(
            "\n".join(map(printable, letter.keys)) or "(no S3 event)",
            printable(reasons.get(letter.message_id, UNKNOWN)),
            human_age(letter.age_seconds),
            str(letter.receives),
        )
    console().print(table, markup=False)


def print_letters_as_json(letters: Sequence[DeadLetter], reasons: dict[str, str]) -> None:
    """Print one JSON object a line; ``reason`` is null where the log has none."""
    for letter in letters:
        fields = {
            "message_id": letter.message_id,
            "keys": letter.keys,
            "reason": reasons.get(letter.message_id),
            "age_seconds": letter.age_seconds,
            "receives": letter.receives,
        }
        print(json.dumps(fields))


def print_note(sentence: str) -> None:
    """Print a sentence on stderr, apart from the command's output."""
    console(stderr=True).print(sentence, markup=False, soft_wrap=True)


def print_finding(finding: Finding) -> None:
    """Print one line, which ends with the fix."""
    fix = f"; {finding.fix}" if finding.fix else ""
    line = f"{MARKS[finding.level]} {finding.check:<14} {printable(finding.detail + fix)}"
    print(as_started(line), flush=True)


def human_age(seconds: int) -> str:
    """Return seconds in a readable unit, e.g. ``3 min``."""
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
