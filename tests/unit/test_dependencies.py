"""Dependencies are raised by Dependabot, or by the workflow that makes the lock files."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPENDABOT = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())
WORKFLOW = yaml.load(
    (ROOT / ".github" / "workflows" / "dependencies.yml").read_text(), yaml.BaseLoader
)
STEPS = WORKFLOW["jobs"]["lock"]["steps"]
MANIFESTS = {"gomod": "*go.mod", "npm": "*package.json"}


@pytest.mark.parametrize("ecosystem", MANIFESTS)
def test_dependabot_knows_each_folder(ecosystem):
    listed = subprocess.run(
        ["git", "ls-files", MANIFESTS[ecosystem]], cwd=ROOT, capture_output=True, check=True
    )
    folders = {f"/{Path(name).parent}" for name in listed.stdout.decode().splitlines()}
    known = [each for each in DEPENDABOT["updates"] if each["package-ecosystem"] == ecosystem]
    named = {
        folder for each in known for folder in each.get("directories", [each.get("directory")])
    }
    assert named == folders


def test_there_is_one_pull_request_for_each_kind():
    for each in DEPENDABOT["updates"]:
        assert [group["patterns"] for group in each["groups"].values()] == [["*"]]


def test_python_is_left_to_make_lock():
    kinds = [each["package-ecosystem"] for each in DEPENDABOT["updates"]]
    assert kinds == ["github-actions", "gomod", "npm"]
    assert "make lock UPGRADE=1" in [step.get("run") for step in STEPS]


def run(folder, script):
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "BRANCH": "new"}
    subprocess.run(["bash", "-e", "-c", script], cwd=folder / "clone", env=environment, check=True)
    called = folder / "called"
    return called.read_text().splitlines() if called.exists() else []


@pytest.fixture
def clone(tmp_path):
    """A clone with a lock file and a stand-in for `gh`, which knows no pull request."""
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (
        ["init", "--quiet", "--bare", "remote"],
        ["clone", "--quiet", "remote", "clone"],
    ):
        subprocess.run([*git, *arguments], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "clone" / "requirements.txt").write_text("a==1\n")
    for arguments in (["add", "."], ["commit", "--quiet", "-m", "a"], ["push", "--quiet"]):
        subprocess.run([*git, *arguments], cwd=tmp_path / "clone", check=True, capture_output=True)
    tool = tmp_path / "bin" / "gh"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/called\n[ "$2" = create ]\n')
    tool.chmod(0o755)
    return tmp_path


def test_newer_versions_become_a_pull_request(clone):
    (clone / "clone" / "requirements.txt").write_text("a==2\n")
    called = run(clone, STEPS[-1]["run"])
    assert called == ["pr view new --json state --jq .state", "pr create --fill --head new"]
    pushed = subprocess.run(
        ["git", "show", "new:requirements.txt"],
        cwd=clone / "remote",
        capture_output=True,
        check=True,
    )
    assert pushed.stdout == b"a==2\n"


def test_nothing_newer_is_no_pull_request(clone):
    assert run(clone, STEPS[-1]["run"]) == []
