"""The command line: every command's help, and what a command costs that is not run."""

import subprocess
import sys

import pytest

from bench.__main__ import COMMANDS, MAINTAIN, main
from tests.support.output import assert_no_traceback

WORDS = [*([name] for name in COMMANDS), *(["maintain", name] for name in MAINTAIN)]


def test_the_list_names_every_command(capsys):
    assert main(["--help"]) == 0
    top = capsys.readouterr().out
    assert main(["maintain", "--help"]) == 0
    below = capsys.readouterr().out
    assert [name for name in (*COMMANDS, "maintain") if f" {name} " not in top] == []
    assert [name for name in MAINTAIN if f" {name} " not in below] == []
    assert "Measure image engines side by side." in top


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_each_command_has_help(words, capsys):
    assert main([*words, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    described = MAINTAIN.get(words[-1]) or COMMANDS[words[0]][1]
    assert " ".join(described.split("\n")[0].split()) in shown
    assert "Exit codes: 0 worked, 1 failed, 2 misused." in shown


@pytest.mark.parametrize("command", ["memory", "capacity", "cost", "tune"])
@pytest.mark.parametrize("stack", ["nightly", ""])
def test_a_stack_that_does_not_exist_is_misuse(command, stack, capsys):
    assert main([command, "--stack", stack]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: There is no stack {stack!r}; choose one of dev, local, prod.\n"


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_tune_needs_some_seconds(seconds, capsys):
    assert main(["tune", "--budget-s", seconds]) == 2
    assert "--budget-s" in capsys.readouterr().err


def test_help_imports_no_command():
    code = (
        "import sys; from bench.__main__ import main; main(['--help'])\n"
        "heavy = {'numpy', 'pulumi', 'boto3', 'PIL', 'matplotlib', 'jinja2', 'bench.machine'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize("words", [["--help"], ["memory"]])
def test_output_that_is_full_or_takes_ascii_alone_ends_without_a_traceback(words):
    assert_no_traceback("bench", *words)
