"""The command line: ``python -m ops``."""

import subprocess
import sys

import pytest

from ops.__main__ import APP, main
from terminal import MISUSED, OK

COMMANDS = ["redrive", "backfill", "doctor", "empty"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "--help"),
        (["fly"], "fly"),
        (["doctor"], "--stack"),
        (["doctor", "--stack", "dev", "--outputs", "outputs.json"], "--outputs"),
        (["backfill", "--stack", "dev", "--rate", "0"], "--rate"),
        (["backfill", "--stack", "dev", "--rate", "nan"], "--rate"),
        (["backfill", "--stack", "dev", "--rate", "inf"], "--rate"),
        (["backfill", "--stack", "dev", "--gone", "--inventory", "x"], "--inventory"),
        (["backfill", "--stack", "dev", "--inventory", ""], "--inventory"),
        (["backfill", "--stack", "dev", "--state", ""], "--state"),
        (["redrive", "--stack", "dev", "--limit", "0"], "--limit"),
        (["redrive", "--stack", "dev", "--limit", "x"], "--limit"),
    ],
)
def test_misuse_exits_with_2_and_one_sentence_that_names_it(arguments, named, capsys):
    assert main(arguments) == MISUSED
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named in err


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("redrive", ["--key", "--limit", "--dry-run"]),
        (
            "backfill",
            [
                "--prefix",
                "--gone",
                "--inventory",
                "--rate",
                "--state",
                "--dry-run",
                "uploads/",
                "50",
            ],
        ),
        ("doctor", []),
        ("empty", ["--yes"]),
    ],
)
def test_help_names_every_option(command, options, capsys):
    assert main([command, "--help"]) == OK
    shown = capsys.readouterr().out
    assert f"Usage: python -m ops {command}" in shown
    assert [
        name for name in ["--stack", "--outputs", "--json", *options] if name not in shown
    ] == []


def test_help_names_every_command(capsys):
    assert main(["--help"]) == OK
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if name not in shown] == []
    assert set(COMMANDS) == {name for name in APP if not name.startswith("-")}


def test_help_imports_no_client_of_aws():
    script = (
        "import sys; from ops.__main__ import main; main(['--help']); print('boto3' in sys.modules)"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
