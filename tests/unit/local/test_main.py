"""The command line: ``python -m local``."""

import subprocess
import sys

import pytest

from local.__main__ import APP, main
from terminal import FAILED, MISUSED, OK
from tests.support.output import assert_no_traceback

COMMANDS = {
    "up": ["--port", "--stack", "local"],
    "put": ["PATHS", "--json"],
    "ls": [],
    "logs": ["--follow"],
    "down": [],
    "demo": ["--photos", "--keep"],
}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "Name a command"),
        (["--folder", "x"], "Name a command"),
        (["fly"], "fly"),
        (["up", "--port", "x"], "--port"),
        (["up", "--port", "65536"], "--port"),
        (["up", "--port", "-1"], "--port"),
        (["put"], "PATHS"),
        (["ls", "--nope"], "--nope"),
        (["--folder"], "--folder"),
    ],
)
def test_misuse_exits_with_2_and_one_sentence_that_names_it(arguments, named, capsys):
    assert main(arguments) == MISUSED
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert named in err


@pytest.mark.parametrize(("command", "options"), COMMANDS.items())
def test_help_names_every_option(command, options, capsys):
    assert main([command, "--help"]) == OK
    shown = capsys.readouterr().out
    assert f"Usage: python -m local {command}" in shown
    assert [name for name in [*options, "--folder"] if name not in shown] == []


def test_help_names_every_command(capsys):
    assert main(["--help"]) == OK
    shown = capsys.readouterr().out
    assert [name for name in [*COMMANDS, "--folder"] if name not in shown] == []
    assert "Exit codes: 0 worked, 1 failed, 2 misused." in shown
    assert set(COMMANDS) == {name for name in APP if not name.startswith("-")}


def test_help_imports_neither_pulumi_nor_a_client_of_aws():
    script = (
        "import sys; from local.__main__ import main; main(['--help']); "
        "print({'boto3', 'pulumi'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("arguments", [["--folder", "state", "ls"], ["ls", "--folder", "state"]])
def test_the_folder_is_named_before_or_after_the_command(arguments, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.json").write_text('{"port": 1, "pid": 0}')
    assert main(arguments) == FAILED
    assert f"its log: {tmp_path / 'state' / 'ministack.log'}" in capsys.readouterr().err


def test_the_folder_is_that_of_the_environment(monkeypatch, tmp_path, capsys):
    (tmp_path / "state.json").write_text('{"port": 1, "pid": 0}')
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(tmp_path))
    assert main(["ls"]) == FAILED
    assert str(tmp_path) in capsys.readouterr().err


def test_what_is_to_be_uploaded_must_exist(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("local.server.require", lambda _folder: None)
    assert main(["--folder", str(tmp_path), "put", "no-such.jpg"]) == MISUSED
    assert capsys.readouterr().err == "error: no-such.jpg does not exist.\n"


def test_an_unknown_stack_is_told_before_anything_starts(tmp_path, capsys):
    assert main(["--folder", str(tmp_path / "state"), "up", "--stack", "nope"]) == MISUSED
    sentence = "error: There is no stack 'nope'; choose one of dev, local, prod.\n"
    assert capsys.readouterr().err == sentence
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("none", "is not a folder; name one"), ("", "has no files; name a folder")],
)
def test_photos_are_a_folder_with_files(tmp_path, capsys, name, sentence):
    given = tmp_path / name
    assert main(["demo", "--photos", str(given)]) == MISUSED
    assert capsys.readouterr().err == f"error: {given} {sentence} that holds your photos.\n"


def test_an_interrupt_is_a_failure(monkeypatch):
    def interrupt(_folder):
        raise KeyboardInterrupt

    monkeypatch.setattr("local.server.require", interrupt)
    assert main(["logs", "--follow"]) == FAILED


@pytest.mark.parametrize("words", [["--help"], ["down"]])
def test_output_that_is_full_or_takes_ascii_alone_is_no_traceback(words, tmp_path, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(tmp_path / "none"))
    assert_no_traceback("local", *words)
