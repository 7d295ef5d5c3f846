"""The screen, progress, errors and exit codes of every command line."""

from terminal.app import (
    FAILED,
    MISUSED,
    OK,
    Failure,
    Misuse,
    PositiveNumber,
    app,
    as_started,
    at_most_one_of,
    one_of,
    run,
)
from terminal.screen import Advance, console, counted, printable, progress

__all__ = [
    "FAILED",
    "MISUSED",
    "OK",
    "Advance",
    "Failure",
    "Misuse",
    "PositiveNumber",
    "app",
    "as_started",
    "at_most_one_of",
    "console",
    "counted",
    "one_of",
    "printable",
    "progress",
    "run",
]
