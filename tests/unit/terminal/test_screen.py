"""Progress with and without a terminal."""

import sys
import time

import pytest

from terminal import console, counted, printable, progress
from terminal.screen import LINE_SECONDS, PLAIN_WIDTH


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 photos"), (1, "1 photo"), (2, "2 photos"), (1200, "1,200 photos")]
)
def test_a_noun_is_in_the_plural_but_for_one(number, told):
    assert counted(number, "photo") == told


@pytest.mark.parametrize(
    "key",
    [
        "Screenshot 2026-11-28 at 2.37.13\u202fPM.png",  # as macOS names it
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001fae9 \u200f\u05d0\u00a0b.jpg",
    ],
)
def test_a_key_can_be_copied_from_the_output(key):
    assert printable(key) == key


@pytest.mark.parametrize(
    "control", ["\x1b", "\n", "\x7f", "\x9b", "\u2028", "\u202e", "\u2066", "\udcff"]
)
def test_a_character_that_would_change_the_terminal_is_escaped(control):
    assert printable(f"a{control}b") == f"a{ascii(control)[1:-1]}b"
    assert "\\" in printable(control)


def test_without_a_terminal_lines_are_120_columns_wide():
    assert console().width == PLAIN_WIDTH == 120


def test_a_part_of_a_key_is_no_emoji(capsys):
    console().print("uploads/:heart:.jpg", markup=False)
    assert capsys.readouterr().out == "uploads/:heart:.jpg\n"


def test_without_a_terminal_a_long_command_says_where_it_is(capsys, clock):
    with progress("Moving", 5) as advance:
        advance()
        clock[0] += LINE_SECONDS
        advance(2, "c.jpg")
        advance()
    assert capsys.readouterr() == ("", "Moving …\nMoving: 3 of 5, c.jpg\n")


def test_an_unknown_number_of_steps_is_not_told(capsys, clock):
    with progress("Moving [all]", None) as advance:
        clock[0] += LINE_SECONDS
        advance()
    assert capsys.readouterr().err == "Moving [all] …\nMoving [all]: 1\n"


@pytest.fixture
def terminal(monkeypatch):
    """Rich takes stdout and stderr for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")


def test_a_key_is_no_markup_and_cannot_change_the_terminal(terminal, capsys):
    with progress("Moving", 1) as advance:
        advance(1, "[/b] \x1b[2Jü.jpg")
    assert "[/b] \\x1b[2Jü.jpg" in capsys.readouterr().err


def test_a_key_in_a_line_cannot_change_what_reads_it(capsys, clock):
    with progress("Moving", 1) as advance:
        clock[0] += LINE_SECONDS
        advance(1, "[/b]\n\x1b[2J.jpg")
    assert capsys.readouterr().err.splitlines()[1] == "Moving: 1 of 1, [/b]\\n\\x1b[2J.jpg"


def test_a_terminal_gets_a_bar(terminal, capsys):
    with progress("Moving", 2) as advance:
        advance(2, "b.jpg")
    err = capsys.readouterr().err
    assert "2/2" in err
    assert "b.jpg" in err


@pytest.mark.parametrize("is_shared", [False, True])
def test_beside_a_bar_output_goes_to_stdout_unless_that_is_the_terminal_too(
    terminal, capsys, monkeypatch, is_shared
):
    """``ops doctor --json > file`` on a terminal; on the terminal, lines are put above the bar."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_shared)
    with progress("Checking", 1):
        sys.stdout.write("a finding\n")
    out, err = capsys.readouterr()
    assert (out == "a finding\n", "a finding" in err) == (not is_shared, is_shared)
