"""Exit codes, sentences and help of a command line."""

import os
import re
import signal
import subprocess
import sys
from typing import Annotated

import pytest
from cyclopts import Group, Parameter
from cyclopts.validators import Number

from ops.console import print_finding
from ops.finding import warn
from terminal import FAILED, MISUSED, OK, Failure, Misuse, app, at_most_one_of, one_of, run
from tests.support.output import NO_SPACE, run_in_ascii, run_into_full


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


def test_an_error_that_quotes_a_key_cannot_change_the_terminal(line, capsys):
    assert run(line, ["greet", "--age", "\x1b[2J"]) == MISUSED
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\\x1b[2J" in err


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


@pytest.fixture
def choice():
    made = app("python -m choose", "Chooses.")
    which, how = Group("Which", validator=one_of), Group("How", validator=at_most_one_of)

    @made.default
    def choose(
        *,
        here: Annotated[str | None, Parameter(group=which)] = None,
        there: Annotated[str | None, Parameter(group=which)] = None,
        fast: Annotated[bool, Parameter(group=how)] = False,
        slow: Annotated[bool, Parameter(group=how)] = False,
    ) -> None:
        """Choose."""
        assert (here is None) is not (there is None)
        assert not (fast and slow)

    return made


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("--here a", ""),
        ("--there a --slow", ""),
        ("", "error: Give --here or --there; --help says what they are.\n"),
        ("--here a --there b", "error: Give --here or --there, not both.\n"),
        ("--here a --fast --slow", "error: Give --fast or --slow, not both.\n"),
    ],
)
def test_of_options_that_exclude_each_other_one_is_given(choice, capsys, given, sentence):
    assert run(choice, given.split()) == (MISUSED if sentence else OK)
    assert capsys.readouterr().err == sentence


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


TALKING = """
import sys
from terminal import app, console, run
made = app("python -m talk", "Talks.")
@made.default
def talk(*, how: str = "print", times: int = 1) -> None:
    for _ in range(times):
        {"print": print, "rich": console().print}[how]("caf\\xe9 \\u2026")
sys.exit(run(made))
"""


@pytest.mark.parametrize("words", [["--how", "print"], ["--how", "rich"], ["--times", "9999"]])
def test_output_that_cannot_be_written_is_a_failure_in_one_sentence(words):
    done = run_into_full("-c", TALKING, *words)
    assert (done.stderr, done.returncode) == (NO_SPACE, FAILED)


def test_where_nothing_can_be_written_the_exit_code_tells_it():
    for words in ([], ["--nope"]):
        assert run_into_full("-c", TALKING, *words, both=True).returncode == FAILED


@pytest.mark.parametrize("how", ["print", "rich"])
def test_a_reader_that_has_left_is_told_nothing(how):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", TALKING, "--how", how]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.stderr, done.returncode) == (b"", FAILED)


@pytest.mark.parametrize("how", ["print", "rich"])
def test_what_the_encoding_lacks_is_escaped(how):
    done = run_in_ascii("-c", TALKING, "--how", how)
    assert (done.stdout, done.returncode) == (b"caf\\xe9 \\u2026\n", OK)


def test_an_error_of_a_file_keeps_its_traceback(tmp_path):
    made = app("python -m read", "Reads.")
    made.default(tmp_path.read_bytes)
    with pytest.raises(IsADirectoryError):
        run(made, [])


def test_a_program_that_was_installed_is_named_as_it_was_started(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/image-pipeline", "hello"])
    assert app("python -m hello", "Greets people.").name == ("image-pipeline hello",)


def test_sentences_name_commands_as_they_are_started(monkeypatch, capsys):
    hello = app("python -m hello", "Greets people.")

    @hello.command
    def world() -> None:
        raise Failure("Nobody is there; run `python -m local up`.")

    finding = warn("letters", "2 are there", "see `python -m ops redrive`")
    for program, start in (("pytest", "python -m"), ("/bin/image-pipeline", "image-pipeline")):
        monkeypatch.setattr(sys, "argv", [program])
        assert run(hello, ["world"]) == FAILED
        print_finding(finding)
        printed = capsys.readouterr()
        assert printed.err == f"error: Nobody is there; run `{start} local up`.\n"
        assert printed.out == f"WARN letters        2 are there; see `{start} ops redrive`\n"
    monkeypatch.setattr(sys, "argv", ["/somewhere/hello/__main__.py"])
    assert app("python -m hello", "Greets people.").name == ("python -m hello",)
