"""A command line: its commands, and what becomes of the errors that they raise."""

import signal
import sys
from collections.abc import Sequence
from typing import Final, cast

from cyclopts import App, CycloptsError, Parameter

from terminal.errors import Failure, Misuse
from terminal.screen import console

OK, FAILED, MISUSED = 0, 1, 2

_EPILOGUE: Final = "Exit codes: 0 worked, 1 failed, 2 misused."


def app(name: str, description: str) -> App:
    """Return a command line without commands; a list option takes all values that follow it.

    Args:
        name: how it is started, such as ``python -m bench``.
        description: what ``--help`` says first.
    """
    return App(
        name=name,
        help=description,
        help_epilogue=_EPILOGUE,
        version_flags=[],
        default_parameter=Parameter(
            negative="", consume_multiple=True, show_default=_shown_default
        ),
        suppress_keyboard_interrupt=False,
    )


def run(app: App, arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return its exit code; an error is one sentence on stderr.

    Being told to end (SIGTERM), or the end of the terminal (SIGHUP), is like Ctrl-C, so that a
    command removes what it made for a while. Under nohup the terminal may end.

    Args:
        app: the command line.
        arguments: what follows its name; those of this process if None.
    """
    tokens = sys.argv[1:] if arguments is None else arguments
    if not tokens and app.default_command is None:
        return _told(Misuse("Name a command; --help lists them."), MISUSED)
    told = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        told.append(signal.SIGHUP)
    before = {number: signal.signal(number, _interrupt) for number in told}
    try:
        code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except (CycloptsError, Misuse) as error:
        return _told(error, MISUSED)
    except Failure as error:
        return _told(error, FAILED)
    except KeyboardInterrupt:
        return FAILED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if isinstance(code, int) else OK


def _shown_default(value: object) -> str | None:
    """Return a default as one would type it; None for an option that is off without it."""
    if isinstance(value, tuple):
        value = " ".join(map(str, cast("tuple[object, ...]", value)))
    return None if value is None or value is False or value == "" else str(value)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _told(error: Exception, code: int) -> int:
    console(stderr=True).print(f"error: {error}", style="red", markup=False, soft_wrap=True)
    return code
