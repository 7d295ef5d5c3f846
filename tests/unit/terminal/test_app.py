"""Exit codes, sentences and help of a command line."""

import os
import re
import signal
from typing import Annotated

import pytest
from cyclopts import Parameter
from cyclopts.validators import Number

from terminal import FAILED, MISUSED, OK, Failure, Misuse, app, run


@pytest.fixture
def line():
    made = app("python -m hello", "Greets people.")

    @made.command
    def greet(
        *,
        names: tuple[str, ...] = (),
        times: Annotated[tuple[int, ...], Parameter(validator=Number(lt=2))] = (1, 0),
        age: int = 0,
        loud: bool = False,
    ) -> int | None:
        """Greet people."""
        print(names, loud)  # noqa: T201 - what a command says
        return 1 if loud else None

    below = app("below", "Has commands of its own.")
    below.command(greet, name="again")
    made.command(below)

    @made.command
    def end(kind: str) -> None:
        """End badly."""
        if kind == "killed":
            os.kill(os.getpid(), signal.SIGTERM)
        if kind == "hung up":
            os.kill(os.getpid(), signal.SIGHUP)
            return
        raise {"failure": Failure, "misuse": Misuse, "bug": RuntimeError}[kind]("Do [this].")

    return made


def test_a_command_that_returns_nothing_worked(line, capsys):
    assert run(line, ["greet", "--names", "a", "b"]) == OK
    assert capsys.readouterr().out == "('a', 'b') False\n"


def test_a_command_may_return_its_exit_code(line):
    assert run(line, ["greet", "--loud"]) == FAILED


@pytest.mark.parametrize(("kind", "code"), [("failure", FAILED), ("misuse", MISUSED)])
def test_an_error_is_one_sentence_and_a_code(line, capsys, kind, code):
    assert run(line, ["end", kind]) == code
    assert capsys.readouterr() == ("", "error: Do [this].\n")


def test_a_bug_keeps_its_traceback(line):
    with pytest.raises(RuntimeError):
        run(line, ["end", "bug"])


@pytest.mark.parametrize(("handler", "code"), [(signal.SIG_DFL, FAILED), (signal.SIG_IGN, OK)])
def test_the_end_of_the_terminal_is_a_failure_but_under_nohup(line, handler, code):
    before = signal.signal(signal.SIGHUP, handler)
    assert run(line, ["end", "hung up"]) == code
    assert signal.signal(signal.SIGHUP, before) == handler


def test_being_told_to_end_is_a_failure_and_the_next_signal_ends_the_process(line):
    before = signal.getsignal(signal.SIGTERM)
    assert run(line, ["end", "killed"]) == FAILED
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    "wrong",
    [
        *([], ["nope"], ["greet", "--nope"], ["greet", "--no-loud"], ["end"], ["below"]),
        *(["greet", "--names"], ["greet", "--names", "--loud"], ["greet", "--times", "1", "2"]),
    ],
)
def test_a_wrong_command_line_is_misuse_told_in_one_sentence(line, capsys, wrong):
    assert run(line, wrong) == MISUSED
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1


def test_arguments_that_no_command_takes_are_told_as_they_were_typed(line, capsys):
    assert run(line, ["greet", "--loud", "you", "there"]) == MISUSED
    assert capsys.readouterr().err == "error: Not expected here: you there; see --help.\n"


@pytest.mark.parametrize("times", ["9", "1 9"])
def test_the_values_of_a_list_are_told_as_they_were_typed(line, capsys, times):
    assert run(line, ["greet", "--times", *times.split()]) == MISUSED
    sentence = f'error: Invalid value "{times}" for --times. Must be < 2.'
    assert capsys.readouterr().err.strip() == sentence


def test_a_group_of_commands_runs_them_and_has_help(line, capsys):
    assert run(line, ["below", "again", "--names", "a"]) == OK
    assert run(line, ["below", "--help"]) == OK
    assert "Has commands of its own." in capsys.readouterr().out
    assert run(line, ["below"]) == MISUSED
    assert capsys.readouterr().err == "error: Name a command; --help lists them.\n"


def test_help_names_commands_options_and_exit_codes(line, capsys):
    assert run(line, ["--help"]) == OK
    top = capsys.readouterr().out
    assert "Greets people." in top
    assert "greet" in top
    assert "Exit codes: 0 worked, 1 failed, 2 misused." in top
    assert run(line, ["greet", "--help"]) == OK
    assert "--names" in capsys.readouterr().out


def test_help_shows_defaults_as_one_would_type_them(line, capsys):
    run(line, ["greet", "--help"])
    assert re.findall(r"\[default: .*?\]", capsys.readouterr().out) == [
        *("[default: 1 0]", "[default: 0]"),
    ]


def test_a_command_line_of_one_command_needs_no_name_and_takes_the_processs_arguments(monkeypatch):
    made = app("python -m only", "Does one thing.")
    taken = []

    @made.default
    def only(*words: str) -> int:
        taken.append(words)
        return FAILED

    assert run(made, []) == FAILED
    monkeypatch.setattr("sys.argv", ["only", "a"])
    assert run(made) == FAILED
    assert taken == [(), ("a",)]
