"""Asking, the proof and the audit; tests/local/test_ops_erase.py erases for real."""

import io
import json
import sys
from contextlib import contextmanager

import pytest

from ops import erase_command, versions
from ops.__main__ import main
from ops.erase import Erasure, Place, Result, Store
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

ARN = "arn:aws:iam::123456789012:user/operator"
ERASED = Result(
    found={Place.UPLOADS: 1234, Place.MESSAGES: 2},
    left={Place.UPLOADS: 0, Place.MESSAGES: 0},
    passes=3,
    invalidation="I1",
)


class Terminal(io.StringIO):
    """An operator who answers."""

    def isatty(self):
        return True


@pytest.fixture
def runs(monkeypatch):
    """How often something was erased; the results may be replaced."""
    sts = aws_client("sts", get_caller_identity={"Arn": ARN})

    @contextmanager
    def connected(*_target):
        yield Stack(outputs=OUTPUTS, client={"sts": sts}.__getitem__)

    def prepare(stack, scope):
        stores = {Place.UPLOADS: Store(count=lambda: 1234, clear=int)}
        return Erasure(stack=stack, scope=scope, stores=stores, seconds=40, distribution="D1")

    def run(self, _wait):
        runs.append(self.scope.key)
        self.result.found.update(ERASED.found)
        if runs.outcome:
            raise runs.outcome
        vars(self.result).update(vars(ERASED))

    class Runs(list):
        outcome = None

    runs = Runs()
    monkeypatch.setattr(erase_command, "connected", connected)
    monkeypatch.setattr(erase_command.erasures, "prepare", prepare)
    monkeypatch.setattr(Erasure, "run", run)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    return runs


ERASE = ["erase", "--user", "auth0|65f", "--stack", "x"]


def test_without_a_terminal_and_without_yes_it_is_refused_in_one_sentence(runs, capsys):
    assert main(ERASE) == 2
    told = "error: There is nobody to ask; pass --yes to erase, or --dry-run to count.\n"
    assert capsys.readouterr() == ("", told)
    assert runs == []


@pytest.mark.parametrize(("answer", "is_erased"), [("yes\n", True), ("y\n", False), ("", False)])
def test_on_a_terminal_it_shows_what_there_is_and_asks(
    runs, capsys, monkeypatch, answer, is_erased
):
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert main(ERASE) == 0
    out, err = capsys.readouterr()
    assert "1,234  uploads: versions and delete markers" in out
    assert "/auth0_7c65f/* of the CDN" in out
    assert "Type yes" in err
    assert ("nothing is left" in out) == is_erased
    assert ("Nothing was erased" in out) != is_erased
    assert runs == (["uploads/auth0_7c65f/"] if is_erased else [])


def test_nobody_is_asked_for_a_program_s_json(runs, monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal("yes\n"))
    assert main([*ERASE, "--json"]) == 2
    assert runs == []


def test_a_dry_run_erases_nothing(runs, capsys):
    assert main([*ERASE, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "would_erase": {"upload_versions": 1234},
        "would_invalidate": ["/auth0_7c65f/*"],
    }
    assert main([*ERASE, "--dry-run"]) == 0
    assert "That takes 80 seconds or more" in capsys.readouterr().out
    assert runs == []


def test_the_proof_says_what_was_found_and_what_is_left(runs, capsys):
    assert main([*ERASE, "--yes"]) == 0
    out = capsys.readouterr().out
    assert "    1,234      0  uploads: versions and delete markers\n" in out
    assert "        2      0  messages\n" in out
    assert "dead letters" not in out
    assert "Removed from the CDN: /auth0_7c65f/* (invalidation I1)" in out
    assert f"Erased by {ARN}; listed again at " in out


def test_the_audit_gets_a_line_for_each_run_which_does_not_name_the_user(runs, tmp_path, capsys):
    audit = tmp_path / "audit.jsonl"
    for outcome, code in ((None, 0), (KeyboardInterrupt(), 1), (Failure("S3 kept it."), 1)):
        runs.outcome = outcome
        assert main([*ERASE, "--yes", "--audit", str(audit)]) == code
    assert "Run the same command again" in capsys.readouterr().err
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["erased", "interrupted", "failed"]
    assert "65f/" not in audit.read_text()
    for line in lines:
        assert (line["kind"], line["operator"]) == ("user", ARN)
        assert line["subject"] == "cad0216cfd736a70a0b6276b2db142f7b1c461afb3d1da331cca17229dc46f83"
        assert line["found"] == {"upload_versions": 1234, "messages": 2}
        assert line["started"] <= line["ended"]
    assert lines[0]["left"] == {"upload_versions": 0, "messages": 0}
    assert (lines[1]["left"], lines[1]["passes"], lines[1]["invalidation"]) == (None, None, None)


def test_the_audit_s_line_is_what_a_program_gets(runs, tmp_path, capsys):
    audit = tmp_path / "audit.jsonl"
    assert main([*ERASE, "--yes", "--json", "--audit", str(audit)]) == 0
    assert capsys.readouterr().out == audit.read_text()


def test_an_audit_that_cannot_be_written_is_told_before_anything_is_erased(runs, tmp_path, capsys):
    assert main([*ERASE, "--yes", "--audit", str(tmp_path)]) == 1
    assert f"{tmp_path} cannot be written" in capsys.readouterr().err
    assert runs == []


def test_a_line_that_the_audit_lacks_is_told_in_the_error(runs, capsys):
    assert main([*ERASE, "--yes", "--json", "--audit", "/dev/full"]) == 1
    told = capsys.readouterr().err
    assert "error: /dev/full cannot be written: No space left on device." in told
    line = json.loads(told[told.index("{") :])
    assert (line["outcome"], line["found"]) == ("erased", {"upload_versions": 1234, "messages": 2})


@pytest.mark.parametrize("found", [0, 1])
def test_that_nothing_was_found_is_said(runs, capsys, monkeypatch, found):
    monkeypatch.setitem(ERASED.found, Place.UPLOADS, found)
    monkeypatch.setitem(ERASED.found, Place.MESSAGES, 0)
    assert main([*ERASE, "--yes", "--json"]) == 0
    assert ("a prefix ends with /" in capsys.readouterr().err) == (not found)


def test_a_key_cannot_change_the_operator_s_terminal(runs, capsys, monkeypatch):
    version = versions.Version(
        key="uploads/\x1b[2Jü\n.jpg",
        version_id="v",
        bytes=1,
        modified="m",
        is_latest=True,
        is_marker=False,
    )
    monkeypatch.setattr(versions, "find", lambda *_given: [[version]])
    assert main(["list", "--user", "x", "--stack", "x"]) == 0
    assert capsys.readouterr().out.startswith("uploads/\\x1b[2Jü\\n.jpg  current")


@pytest.mark.parametrize("command", [["list"], ["erase", "--yes"]])
def test_a_key_outside_the_prefixes_is_misuse(runs, capsys, command):
    assert main([*command, "a.jpg", "--stack", "x"]) == 2
    assert "Keys start with uploads/; got 'a.jpg'" in capsys.readouterr().err
    assert runs == []
