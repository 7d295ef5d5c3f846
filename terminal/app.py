"""A command line: its commands, and the exit code of each error that they raise."""

import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, cast

from cyclopts import (
    App,
    ArgumentCollection,
    CycloptsError,
    Parameter,
    UnusedCliTokensError,
    ValidationError,
)
from cyclopts.validators import Number

from terminal import output
from terminal.screen import console, printable

OK, FAILED, MISUSED = 0, 1, 2

PositiveNumber = Annotated[float, Parameter(validator=Number(gt=0, lt=float("inf")))]
"""An option above 0, but not infinite: figures made of it would be no JSON."""

INSTALLED: Final = "image-pipeline"
"""The program that the wheel installs (pyproject.toml)."""

_EPILOGUE: Final = "Exit codes: 0 worked, 1 failed, 2 misused."


class Failure(Exception):
    """A command could not do what it was asked; one sentence says why and what to do."""


class Misuse(Exception):
    """A command was asked for what makes no sense; one sentence says what to do."""


def app(name: str, description: str) -> App:
    """Return a command line without commands; a list option takes all values that follow it.

    ``name`` is how people start it, such as ``python -m bench``, which is ``image-pipeline bench``
    where that program was installed and runs; ``--help`` begins with the description.
    """
    parameter = Parameter(negative="", consume_multiple=1, show_default=_shown_default)
    return App(
        name=as_started(name),
        help=description,
        help_epilogue=_EPILOGUE,
        version_flags=[],
        default_parameter=parameter,
        suppress_keyboard_interrupt=False,
    )


def as_started(text: str) -> str:
    """Return a text with our commands spelled as they are started in this installation.

    ``python -m ops`` of a checkout is ``image-pipeline ops`` where the wheel is installed.
    """
    is_installed = Path(sys.argv[0]).name == INSTALLED
    return re.sub(r"\bpython -m (?=\w)", f"{INSTALLED} ", text) if is_installed else text


def run(app: App, arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one sentence on stderr.

    The arguments are those of this process unless given. SIGTERM, and SIGHUP at the end of the
    terminal, are like Ctrl-C, so that a command removes what it made for a while. Under nohup the
    terminal may end. Output that cannot be written is a failure; a reader that has left is told
    nothing.
    """
    try:
        with output.checked():
            return _run(app, list(sys.argv[1:] if arguments is None else arguments))
    except output.Lost as error:
        if str(error):
            with suppress(OSError):  # there is nobody to tell
                _print_error(Failure(f"The output cannot be written: {error}."), FAILED)
        output.give_up()  # last, because it is stderr, too, that Python would flush at exit
        return FAILED


def one_of(arguments: ArgumentCollection) -> None:
    """Validate a group of options: refuse all but exactly one of them."""
    at_most_one_of(arguments)
    if not arguments.filter_by(value_set=True):
        raise Misuse(f"Give {_either(arguments)}; --help says what they are.")


def at_most_one_of(arguments: ArgumentCollection) -> None:
    """Validate a group of options that exclude each other."""
    given = arguments.filter_by(value_set=True)
    if len(given) > 1:
        raise Misuse(f"Give {_either(given)}, not both.")


def _either(arguments: ArgumentCollection) -> str:
    return " or ".join(argument.name for argument in arguments)


def _run(app: App, tokens: list[str]) -> int:
    _, apps, left = app.parse_commands(tokens)
    if not left and apps[-1].default_command is None:
        return _print_error(Misuse("Name a command; --help lists them."), MISUSED)
    caught = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        caught.append(signal.SIGHUP)
    before = {number: signal.signal(number, _interrupt) for number in caught}
    try:
        code = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except (CycloptsError, Misuse) as error:
        return _print_error(_as_typed(error), MISUSED)
    except Failure as error:
        return _print_error(error, FAILED)
    except KeyboardInterrupt:
        return FAILED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if isinstance(code, int) else OK


def _shown_default(value: object) -> str | None:
    """Return a default as one would type it; None for an option that is off without it."""
    value = _joined(value)
    return None if value is None or value is False or value == "" else str(value)


def _as_typed(error: Exception) -> Exception:
    """Return the error with values as one would type them, not as a tuple or a list."""
    if isinstance(error, UnusedCliTokensError):
        return Misuse(f"Not expected here: {' '.join(error.unused_tokens or ())}; see --help.")
    if isinstance(error, ValidationError) and error.argument:
        error.value = _joined(error.argument.value)
    return error


def _joined(value: object) -> object:
    if isinstance(value, tuple):
        return " ".join(map(str, cast("tuple[object, ...]", value)))
    return value


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _print_error(error: Exception, code: int) -> int:
    sentence = as_started("\n".join(map(printable, f"error: {error}".splitlines())))
    console(stderr=True).print(sentence, style="red", markup=False, soft_wrap=True)
    return code
