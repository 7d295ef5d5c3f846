import json
import os
import subprocess

import botocore.exceptions
import pytest
import yaml

from bench.__main__ import main
from bench.accept import clone as clones
from bench.accept import cloud, command, evidence, trial
from bench.accept.engine import EngineError
from bench.accept.steps import Outcome, StepFailed
from tests.support.aws_client import aws_client

ACCOUNT = "210987654321"


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(clones, "ROOT", tmp_path)
    monkeypatch.setattr(evidence, "FOLDER", tmp_path / "evidence")
    content = {"config": {"aws:region": "us-east-1"}}
    (tmp_path / "Pulumi.dev.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch, tmp_path):
    sts = aws_client("sts", get_caller_identity={"Account": ACCOUNT})
    monkeypatch.setattr(cloud, "clients", lambda _clone, _region=None: lambda _service: sts)
    cli = tmp_path / "bin" / "pulumi"
    cli.parent.mkdir()
    cli.write_text("#!/bin/sh\n[ $1 = version ] && echo v3.1.2\n")
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", f"{cli.parent}:{os.environ['PATH']}")


@pytest.fixture
def removed(monkeypatch):
    done = []
    monkeypatch.setattr(command.cleanup, "remove", lambda clone, *_: not done.append(clone.name))
    monkeypatch.setattr(command.cleanup, "check", lambda clone: done.append(f"check {clone.name}"))
    return done


@pytest.fixture
def ends(monkeypatch):
    """Give the run one step, which ends as told."""

    def set_end(error=None):
        def step():
            if error:
                raise error
            return Outcome(detail="47 created", usd=0.5)

        monkeypatch.setattr(trial.Trial, "steps", lambda _self: {"up": step})

    return set_end


def test_a_run_that_passes_writes_the_evidence(root, ends, capsys):
    ends()
    assert main(["accept", "--stack", "dev"]) == 0
    out, err = capsys.readouterr()
    (path,) = (root / "evidence").glob("*.json")
    assert path.with_suffix(".html").is_file()
    assert json.loads(path.read_text())["versions"]["Pulumi CLI"] == "v3.1.2"
    assert "a copy of dev, which is not touched" in out
    assert "\npassed      up             0.0 s  $0.50000  47 created\n" in out
    assert "Accepted in 0 s, $0.50000." in out
    assert "Put this sentence into README.md" in out
    assert out.endswith(f"{evidence.sentence(root / 'evidence')}\n")
    assert err == ""


def test_of_the_embedded_aws_none_is_written(root, ends, capsys):
    ends()
    content = {"config": {"aws:region": "eu-north-9", "aws:endpoints": [{"s3": "http://x:1"}]}}
    (root / "Pulumi.dev.yaml").write_text(yaml.safe_dump(content))
    assert main(["accept", "--stack", "dev"]) == 0
    out = capsys.readouterr().out
    assert "No evidence is written: this was the embedded AWS." in out
    assert "bench/cost/prices has no eu-north-9" in out
    assert not (root / "evidence").exists()
    assert main(["accept", "--stack", "dev", "--evidence", str(root / "proof")]) == 0
    assert len(list((root / "proof").iterdir())) == 2
    assert "README.md" not in capsys.readouterr().out


@pytest.mark.parametrize("error", [StepFailed("It is red."), EngineError("It is red.")])
def test_a_failure_prints_what_removes_the_clone(root, ends, removed, capsys, error):
    ends(error)
    assert main(["accept", "--stack", "dev"]) == 1
    err = capsys.readouterr().err
    assert "error: up failed: It is red.\n" in err
    (line,) = [line for line in err.splitlines() if "--clean" in line]
    name = line.split()[-1]
    assert line.split()[1:-1] == ["-m", "bench", "accept", "--clean"]
    assert removed == []
    assert not (root / "evidence").exists()
    assert main(["accept", "--clean", name]) == 0
    assert removed == [name, f"check {name}"]
    assert f"{name} is removed; nothing of it is left." in capsys.readouterr().out


def test_a_name_that_no_clone_has_is_told(removed, monkeypatch, capsys):
    monkeypatch.setattr(command.cleanup, "remove", lambda *_: False)
    assert main(["accept", "--clean", "dev-accept-0a0b0c"]) == 0
    assert removed == ["check dev-accept-0a0b0c"]
    said = "There is no stack dev-accept-0a0b0c; nothing of it is left.\n"
    assert capsys.readouterr().out == said


def test_a_signal_prints_it_too(ends, removed, capsys):
    ends(KeyboardInterrupt())
    assert main(["accept", "--stack", "dev"]) == 1
    err = capsys.readouterr().err
    assert "accept --clean dev-accept-" in err
    assert "error" not in err
    assert removed == []


def test_a_bug_prints_it_too(ends, removed, capsys):
    ends(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main(["accept", "--stack", "dev"])
    assert "accept --clean dev-accept-" in capsys.readouterr().err


def test_told_so_it_removes_the_clone_itself(ends, removed, capsys):
    ends(StepFailed("It is red."))
    assert main(["accept", "--stack", "dev", "--clean-up", "always"]) == 1
    assert len(removed) == 2
    assert "--clean" not in capsys.readouterr().err


def test_a_removal_that_fails_prints_what_repeats_it(ends, monkeypatch, capsys):
    def fail(*_):
        raise EngineError("It is locked.")

    ends(KeyboardInterrupt())
    monkeypatch.setattr(command.cleanup, "remove", fail)
    assert main(["accept", "--stack", "dev", "--clean-up", "always"]) == 1
    err = capsys.readouterr().err
    assert "accept --clean dev-accept-" in err
    assert err.endswith("error: It is locked.\n")


@pytest.mark.parametrize("words", [["--clean", "dev-accept-0a0b0c"], ["--stack", "dev"]])
def test_what_a_removal_leaves_is_one_sentence(ends, removed, monkeypatch, capsys, words):
    def find(_clone):
        raise StepFailed("1 resources are left: arn.")

    ends(StepFailed("It is red."))
    monkeypatch.setattr(command.cleanup, "check", find)
    always = ["--clean-up", "always"] if "--stack" in words else []
    assert main(["accept", *words, *always]) == 1
    err = capsys.readouterr().err
    assert "is not removed yet. Remove it with:" in err
    assert err.endswith("error: 1 resources are left: arn.\n")


def test_a_second_signal_still_prints_what_removes_the_clone(ends, removed, monkeypatch, capsys):
    def close(_engine):
        monkeypatch.undo()
        raise KeyboardInterrupt

    ends(KeyboardInterrupt())
    monkeypatch.setattr(command.Engine, "close", close)
    assert main(["accept", "--stack", "dev", "--clean-up", "always"]) == 1
    assert "accept --clean dev-accept-" in capsys.readouterr().err
    assert removed == []


def test_another_aws_than_amazons_is_no_evidence(ends, monkeypatch, capsys):
    ends()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:4566")
    assert main(["accept", "--stack", "dev"]) == 1
    assert capsys.readouterr().err == (
        "error: AWS_ENDPOINT_URL_SQS sends requests to 'http://127.0.0.1:4566' instead of AWS, "
        "where a run proves nothing; unset it.\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--stack", "nightly"], "There is no stack 'nightly'; choose one of dev."),
        (["--clean", "dev"], "dev is no clone: their names end in -accept- and six hex digits."),
        (["--stack", "dev", "--uploads", "0"], 'Invalid value "0" for --uploads. Must be > 0.'),
        (["--stack", "dev", "--storm", "0"], 'Invalid value "0" for --storm. Must be > 0.'),
        ([], "Give --stack or --clean; --help says what they are."),
    ],
)
def test_misuse_is_one_sentence(words, sentence, capsys):
    assert main(["accept", *words]) == 2
    assert capsys.readouterr().err == f"error: {sentence}\n"


def test_without_the_cli_it_says_where_it_is(monkeypatch, capsys):
    monkeypatch.setattr(command.shutil, "which", lambda _name: None)
    assert main(["accept", "--stack", "dev"]) == 1
    assert capsys.readouterr().err.startswith("error: The Pulumi CLI is not installed; see https:")


def test_without_credentials_it_says_what_to_do(monkeypatch, capsys):
    def refuse():
        raise botocore.exceptions.NoCredentialsError

    sts = aws_client("sts", get_caller_identity=refuse)
    monkeypatch.setattr(cloud, "clients", lambda _clone: lambda _service: sts)
    assert main(["accept", "--stack", "dev"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: No AWS credentials work here (Unable to locate credentials")
    assert err.endswith("sign in, or set AWS_PROFILE.\n")


def test_without_a_region_it_says_so(root, monkeypatch, capsys):
    (root / "Pulumi.dev.yaml").write_text("config: {}\n")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert main(["accept", "--stack", "dev"]) == 1
    assert capsys.readouterr().err == (
        "error: There is no region; set aws:region in the stack's settings.\n"
    )


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["STACK=dev"], 'python -m bench accept --stack "dev" \n'),
        (["STACK=dev", "CLEAN=always"], '--stack "dev" --clean-up "always"\n'),
    ],
)
def test_the_makefile_runs_it(words, command):
    assert command in subprocess.check_output(["make", "-n", "accept", *words], text=True)
