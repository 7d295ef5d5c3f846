"""Existing uploads through the queue again, at a set rate, from where the last run ended."""

import json

import pytest

from local.http import request
from ops import backfill, checkpoint
from ops.__main__ import main
from ops.checkpoint import Checkpoint
from ops.stack import connect
from terminal import Failure
from tests.support.waiting import wait_until


@pytest.fixture
def stack(aws, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(aws.server.folder))
    return connect("local")


@pytest.fixture(scope="module")
def uploaded(aws, photo):
    """Three uploads whose renditions are as old settings had them."""
    keys = [f"uploads/backfill/{name}" for name in ("a b.jpg", "c+d.jpg", "é.jpg")]
    for key in keys:
        aws.upload(photo("fill.jpg", (300, 200)), key)
    return keys


def test_every_upload_is_rendered_anew(aws, stack, uploaded, capsys):
    before = {key: aws.manifest(key) for key in uploaded}
    code = main(["backfill", "--stack", "local", "--prefix", "uploads/backfill/"])
    assert (code, capsys.readouterr().out) == (0, "3 uploads sent\n")
    for key in uploaded:
        wait_until(lambda key=key: aws.manifest(key)["processed_at"] > before[key]["processed_at"])
        manifest = aws.manifest(key)
        assert manifest["source"] == before[key]["source"]
        assert request("GET", manifest["renditions"][0]["url"])[0] == 200


def test_a_state_file_lets_it_go_on_where_it_ended(aws, stack, uploaded, tmp_path, capsys):
    state = tmp_path / "state" / "backfill"
    of = f"{aws.outputs['sourceBucket']} uploads/backfill/"
    checkpoint.write(state, Checkpoint(of=of, sent=1, key=uploaded[0]))
    arguments = ["backfill", "--stack", "local", "--prefix", "uploads/backfill/"]
    assert main([*arguments, "--state", str(state)]) == 0
    assert main([*arguments, "--state", str(state)]) == 0
    assert capsys.readouterr().out == "2 uploads sent, 1 before\n0 uploads sent, 3 before\n"
    assert checkpoint.read(state, of) == Checkpoint(of=of, sent=3, key=uploaded[2])


def test_dry_run_counts_and_sends_nothing(aws, stack, uploaded, capsys):
    before = aws.manifest(uploaded[0])["processed_at"]
    arguments = ["backfill", "--stack", "local", "--prefix", "uploads/backfill/", "--dry-run"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "3 uploads would be sent\n"
    aws.wait_until_drained()  # a message that was sent would be in the queue, or processed
    assert aws.manifest(uploaded[0])["processed_at"] == before


def test_a_prefix_that_the_function_ignores_is_refused(stack):
    with pytest.raises(Failure, match="must start with uploads/"):
        next(backfill.find(stack, "private/"))


def test_events_are_what_the_function_reads():
    upload = backfill.Existing(key="uploads/a b+é.jpg", version_id="v", etag="e", size=3)
    (record,) = json.loads(backfill.event("source", upload))["Records"]
    assert record["s3"]["object"]["key"] == "uploads/a+b%2B%C3%A9.jpg"
    assert (record["s3"]["object"]["sequencer"], record["reprocess"]) == ("00", True)
