"""How every command line talks to whoever started it: screen, progress, errors, exit codes."""

from terminal.app import FAILED, MISUSED, OK, app, run
from terminal.errors import Failure, Misuse
from terminal.screen import Advance, console, progress

__all__ = [
    "FAILED",
    "MISUSED",
    "OK",
    "Advance",
    "Failure",
    "Misuse",
    "app",
    "console",
    "progress",
    "run",
]
