"""The hosted CI runs what the repository runs, and asks for no more rights than it needs."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
WORKFLOW = yaml.load(TEXT, yaml.BaseLoader)  # BaseLoader, or `on` is read as true
JOBS = WORKFLOW["jobs"]


def commands(job):
    return [step["run"] for step in JOBS[job]["steps"] if "run" in step]


def test_each_push_is_tested():
    assert set(WORKFLOW["on"]) == {"push", "pull_request", "workflow_dispatch"}
    assert ".ci/run" in commands("test")
    assert "if" not in JOBS["test"]


def test_what_it_runs_is_there():
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = [target for job in JOBS for run in commands(job) for target in _made(run)]
    assert named == ["accept"]
    assert set(named) <= set(targets)
    for path in re.findall(r"(?:go-version-file|cache-dependency-path): (\S+)", TEXT):
        assert (ROOT / path).is_file()


def test_an_account_is_used_only_by_hand_where_one_is_configured():
    condition = JOBS["accept"]["if"]
    assert condition == "github.event_name == 'workflow_dispatch' && vars.AWS_ROLE_ARN != ''"
    assert commands("accept")[0] == 'make accept STACK="$STACK" CLEAN=always'


def test_what_a_cancelled_run_leaves_is_removed(tmp_path):
    (step,) = (s for s in JOBS["accept"]["steps"] if s.get("if") == "${{ !success() }}")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@" >> called\n')
    python.chmod(0o755)
    for name in ("dev", "dev-accept-1a2b3c", "prod-accept-4d5e6f"):
        (tmp_path / f"Pulumi.{name}.yaml").touch()
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, check=True)
    assert (tmp_path / "called").read_text().splitlines() == [
        "-m bench accept --clean dev-accept-1a2b3c",
        "-m bench accept --clean prod-accept-4d5e6f",
    ]


def test_nothing_is_removed_where_nothing_is_left(tmp_path):
    (step,) = (s for s in JOBS["accept"]["steps"] if s.get("if") == "${{ !success() }}")
    (tmp_path / "Pulumi.dev.yaml").touch()
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, check=True)


def test_rights_are_the_least():
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert JOBS["accept"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert "permissions" not in JOBS["test"]


def test_what_a_person_types_reaches_no_shell_as_code():
    for job in JOBS:
        assert not [run for run in commands(job) if "${{" in run]


@pytest.mark.parametrize("name", ["AWS_ROLE_ARN", "AWS_REGION", "PULUMI_BACKEND_URL"])
def test_each_variable_is_documented(name):
    assert f"vars.{name}" in TEXT
    assert f"`{name}`" in (ROOT / "docs" / "accept.md").read_text()


def _made(run):
    return re.findall(r"make (\w+)", run)
