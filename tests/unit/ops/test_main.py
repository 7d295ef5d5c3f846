"""The command line: ``python -m ops``."""

import subprocess
import sys

import pytest

from ops.__main__ import APP, main
from terminal import MISUSED, OK
from tests.support.output import assert_no_traceback

COMMANDS = ["redrive", "backfill", "doctor", "empty", "list", "erase", "moderate"]


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
        (["doctor", "--stack", ""], "--stack"),
        (["doctor", "--outputs", ""], "--outputs. It must name a file"),
        (["redrive", "--stack", "dev", "--limit", "0"], "--limit"),
        (["redrive", "--stack", "dev", "--limit", "x"], "--limit"),
        (["erase", "--stack", "dev", "--yes"], "--user"),
        (["erase", "uploads/a.jpg", "--stack", "dev", "--yes", "--user", "u"], "--user"),
        (["erase", "--stack", "dev", "--yes", "--user", ""], "--user"),
        (["erase", "uploads/a.jpg", "--stack", "dev"], "--yes"),
    ],
)
def test_misuse_exits_with_2_and_one_sentence_that_names_it(arguments, named, capsys):
    assert main(arguments) == MISUSED
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["doctor"], "Give --stack or --outputs; --help says what they are."),
        (["empty", "--stack", "a", "--outputs", "b"], "Give --stack or --outputs, not both."),
        (
            ["doctor", "--outputs", "no-such"],
            "There is no file no-such; name one that `pulumi stack output --json` wrote.",
        ),
        (
            ["backfill", "--stack", "a", "--gone", "--batch-operations"],
            "--gone has no effect with --batch-operations; leave it out.",
        ),
        (
            ["backfill", "--stack", "a", "--gone", "--inventory", "x"],
            "Give --gone or --inventory, not both.",
        ),
    ],
)
def test_what_is_misused_is_told_in_words_of_ours(arguments, sentence, capsys):
    assert main(arguments) == MISUSED
    assert capsys.readouterr().err == f"error: {sentence}\n"


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


@pytest.mark.parametrize("words", [["--help"]])
def test_output_that_is_full_or_takes_ascii_alone_ends_without_a_traceback(words):
    assert_no_traceback("ops", *words)
