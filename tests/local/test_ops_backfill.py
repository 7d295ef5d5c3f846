"""Existing uploads through the queue of the embedded AWS again."""

import gzip
import json

import pytest

from function.contract import StackOutput
from function.contract.keys import manifest_key, upload_name
from ops import backfill, backfill_queue, mappings
from ops.__main__ import main
from ops.stack import Stack, connect
from tests.support.waiting import wait_until


@pytest.fixture
def run(aws, monkeypatch, capsys):
    """Runs a backfill of one test's prefix and returns what it printed.

    The embedded AWS counts messages exactly, so that no minute has to pass.
    """
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(aws.server.folder))

    def call(*arguments: str, code: int = 0) -> str:
        assert main(["backfill", "--stack", "local", *arguments]) == code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return (printed.err if code else printed.out).strip()

    return call


@pytest.fixture
def lost(aws, photo):
    """Uploads a and b of a prefix, whose manifests are lost."""

    def make(prefix: str) -> list[str]:
        keys = [f"uploads/{prefix}/{name}.jpg" for name in ("a [1]", "b")]
        for key in keys:
            assert aws.upload(photo("small.jpg", (200, 100)), key).status == "ready"
            forget(aws, key)
        return keys

    return make


def forget(aws, key: str) -> None:
    manifest = manifest_key(upload_name(key))
    aws.client("s3").delete_object(Bucket=aws.outputs["destinationBucket"], Key=manifest)


def has_manifest(aws, key: str) -> bool:
    name = manifest_key(upload_name(key))
    found = aws.client("s3").list_objects_v2(Bucket=aws.outputs["destinationBucket"], Prefix=name)
    return found["KeyCount"] == 1


def wait_for(aws, key: str) -> dict:
    wait_until(lambda: has_manifest(aws, key))
    return aws.manifest(key)


def test_an_upload_backfilled_twice_is_whole(aws, run, lost):
    (key, _) = lost("twice")
    run("--prefix", key)
    first = wait_for(aws, key)["processed_at"]
    run("--prefix", key)
    wait_until(lambda: aws.manifest(key)["processed_at"] != first)
    assert aws.manifest(key)["status"] == "ready"


def test_no_upload_needs_no_queue(run, monkeypatch):
    def switch(*_arguments, **_options):
        raise AssertionError("the mapping was switched")

    monkeypatch.setattr(mappings, "switch", switch)
    assert run("--prefix", "uploads/nothing-here/") == "0 uploads sent"


def state(aws) -> str:
    """The state of the mapping that polls the queue of backfills."""
    return mapping(aws)["State"]


def mapping(aws) -> dict:
    (found,) = mappings.find(connect("local"), StackOutput.BACKFILL_QUEUE_URL)
    return found


def test_it_waits_until_all_is_processed_and_has_its_queue_polled_meanwhile(
    aws, run, lost, monkeypatch
):
    keys, states = lost("polled"), []
    send = backfill.send

    def look(*arguments, **options):
        states.append(state(aws))
        yield from send(*arguments, **options)

    monkeypatch.setattr(backfill, "send", look)
    assert state(aws) == "Disabled"
    run("--prefix", "uploads/polled/")
    assert states == ["Enabled"]
    assert state(aws) == "Disabled"
    assert all(has_manifest(aws, key) for key in keys)
    assert aws.messages("backfillQueueUrl") == 0


def test_a_state_that_is_a_folder_is_told_before_anything_is_sent(aws, run, lost, tmp_path):
    (key, *_), before = lost("stateless"), state(aws)
    told = run("--prefix", "uploads/stateless/", "--state", str(tmp_path), code=1)
    assert f"error: {tmp_path} cannot be read" in told
    assert "stay" not in told
    assert state(aws) == before
    assert not has_manifest(aws, key)


def test_ctrl_c_leaves_it_polled_and_the_same_command_ends_that(
    aws, run, lost, monkeypatch, tmp_path
):
    keys, place = lost("interrupted"), str(tmp_path / "state")
    with monkeypatch.context() as patch:
        patch.setattr(backfill_queue, "count", interrupt_at(2))
        told = run("--prefix", "uploads/interrupted/", "--state", place, code=1)
    kept = f"The event source mapping {mapping(aws)['UUID']} stays enabled, so that what was sent"
    assert kept in told
    assert "error: Interrupted; nothing is lost" in told
    assert state(aws) == "Enabled"
    for key in keys:
        wait_for(aws, key)
    assert run("--prefix", "uploads/interrupted/", "--state", place) == "0 uploads sent, 2 before"
    assert state(aws) == "Disabled"


def interrupt_at(look: int):
    """Ctrl-C at the so-manieth look at the queue: the first is before anything is sent."""
    count, looks = backfill_queue.count, iter(range(1, look + 1))

    def counting(sqs, url):
        if next(looks) == look:
            raise KeyboardInterrupt
        return count(sqs, url)

    return counting


def test_a_stack_without_the_queue_is_told_so_and_served(
    aws, run, lost, monkeypatch, tmp_path, capsys
):
    keys = lost("earlier")
    found = json.loads((aws.server.folder / "state.json").read_text())
    del found["outputs"]["backfillQueueUrl"]
    (tmp_path / "state.json").write_text(json.dumps(found))
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(tmp_path))
    assert main(["backfill", "--stack", "local", "--prefix", "uploads/earlier/"]) == 0
    told = "This stack has no queue of backfills yet, so new uploads wait behind this one; deploy"
    assert told in capsys.readouterr().err
    for key in keys:
        wait_for(aws, key)


def test_the_same_command_goes_on_where_it_ended(aws, run, lost, photo, tmp_path):
    state = str(tmp_path / "state")
    lost("resume")
    assert run("--prefix", "uploads/resume/", "--state", state) == "2 uploads sent"
    assert run("--prefix", "uploads/resume/", "--state", state) == "0 uploads sent, 2 before"
    aws.upload(photo("small.jpg", (200, 100)), "uploads/resume/c.jpg")
    done = run("--prefix", "uploads/resume/", "--state", state, "--json")
    assert json.loads(done) == {"sent": 1, "sent_before": 2}


def test_an_inventory_report_in_s3_is_read_by_its_manifest(aws, run, lost):
    keys = lost("report")
    s3, bucket = aws.client("s3"), "reports"
    rows = []
    for key in keys:
        head = s3.head_object(Bucket=aws.outputs["sourceBucket"], Key=key)
        encoded = key.replace(" ", "+").replace("[", "%5B").replace("]", "%5D")
        rows.append(f'"{encoded}","{head["VersionId"]}","true","{head["ContentLength"]}"')
    manifest = {
        "sourceBucket": aws.outputs["sourceBucket"],
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "fileFormat": "CSV",
        "fileSchema": "Key, VersionId, IsLatest, Size",
        "files": [{"key": "all/data/1.csv.gz"}],
    }
    s3.create_bucket(Bucket=bucket)
    s3.put_object(
        Bucket=bucket, Key="all/data/1.csv.gz", Body=gzip.compress("\n".join(rows).encode())
    )
    s3.put_object(Bucket=bucket, Key="all/manifest.json", Body=json.dumps(manifest))
    where = ("--prefix", "uploads/report/", "--inventory", f"s3://{bucket}/all/manifest.json")
    assert run(*where) == "2 uploads sent"
    assert [wait_for(aws, key)["status"] for key in keys] == ["ready", "ready"]


def test_a_newer_report_in_the_place_of_another_is_not_gone_on_with(aws, run, tmp_path):
    """Its uploads are in another order, so that some would be left out."""
    state, manifest = str(tmp_path / "state"), tmp_path / "manifest.json"
    where = ("--prefix", "uploads/newer/", "--inventory", str(manifest), "--state", state)
    report = {
        "sourceBucket": aws.outputs["sourceBucket"],
        "destinationBucket": "arn:aws:s3:::reports",
        "fileFormat": "CSV",
        "fileSchema": "Key, Size",
        "files": [{"key": "all/data/1.csv.gz"}],
    }
    for name in ("1.csv.gz", "2.csv.gz"):
        (tmp_path / name).write_bytes(gzip.compress(b'"uploads/other.jpg","7"'))
    manifest.write_text(json.dumps(report))
    assert run(*where) == "0 uploads sent"
    assert run(*where) == "0 uploads sent"
    manifest.write_text(json.dumps(report | {"files": [{"key": "all/data/2.csv.gz"}]}))
    assert "is the state of another backfill" in run(*where, code=1)


KEYS = [
    f"uploads/{name}"
    for name in (
        "a",
        "a!b",
        "a+b/c d",
        "a-1",
        "a.jpg",
        "a/b",
        "a/c/d",
        "a/e%2F",
        "b/1",
        "b/2",
        "é/x",
    )
]


@pytest.fixture(scope="module")
def versioned(aws):
    """A client that asks for two keys a page, and a bucket with versions and a deleted upload."""
    s3, bucket = aws.client("s3"), "listed"

    def ask_for_two(params, **_more):
        params["MaxKeys"] = 2

    for operation in ("ListObjectsV2", "ListObjectVersions"):
        s3.meta.events.register(f"before-parameter-build.s3.{operation}", ask_for_two)
    s3.create_bucket(Bucket=bucket)
    enabled = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
    for key in [*KEYS, *KEYS[2:5], "uploads/a/b", "uploads/a0", "uploads/b/gone"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    for key in ("uploads/a0", "uploads/b/gone"):
        s3.delete_object(Bucket=bucket, Key=key)
    return Stack(outputs={"sourceBucket": bucket}, client={"s3": s3}.get)


@pytest.mark.parametrize("after", ["", "uploads/a", "uploads/a/b", "uploads/a0", "uploads/b/2"])
def test_uploads_are_listed_side_by_side_page_after_page(versioned, after):
    expected = [key for key in sorted(KEYS) if key > after]
    found = list(backfill.find(versioned, "uploads/", after))
    assert [upload.key for upload in found] == expected
    assert backfill.count(versioned, "uploads/", after) == len(expected)
    for upload in found:
        head = versioned.client("s3").head_object(Bucket="listed", Key=upload.key)
        assert (upload.version_id, upload.size) == (head["VersionId"], 1)


def test_dry_run_as_json(run, lost):
    lost("dry")
    done = run("--prefix", "uploads/dry/", "--dry-run", "--json")
    assert json.loads(done) == {"would_send": 2}


def test_a_prefix_outside_uploads_is_one_sentence(run):
    assert "must start with uploads/" in run("--prefix", "other/", code=1)


def test_an_inventory_that_is_not_there_is_one_sentence(run):
    assert "does not exist" in run("--inventory", "s3://no-such-bucket/manifest.json", code=1)


def test_an_overwrite_whose_event_was_lost_is_made_good_once_the_manifest_is_gone(
    aws, run, lost, photo
):
    """The runbook's way (docs/operate.md): a backfilled event alone does not beat a manifest."""
    (key, _) = lost("overwritten")
    run("--prefix", key)
    wait_for(aws, key)
    s3, bucket = aws.client("s3"), aws.outputs["sourceBucket"]
    before = s3.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    try:
        body = photo("newer.jpg", (300, 100)).read_bytes()
        newer = s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"]
    finally:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)
    forget(aws, key)
    run("--prefix", key)
    assert wait_for(aws, key)["source"]["version_id"] == newer


def test_what_is_left_of_an_upload_whose_deletion_was_missed_is_removed(aws, run, photo):
    s3, bucket = aws.client("s3"), aws.outputs["destinationBucket"]
    key = "uploads/missed/kept.jpg"
    assert aws.upload(photo("small.jpg", (200, 100)), key).status == "ready"
    for name in ("manifest.json", "thumb.jpg"):
        body = s3.get_object(Bucket=bucket, Key=f"missed/kept.jpg/{name}")["Body"].read()
        left = body.replace(b"missed/kept.jpg", b"missed/gone.jpg")
        s3.put_object(
            Bucket=bucket,
            Key=f"missed/gone.jpg/{name}",
            Body=left,
            Metadata={"sequencer": "01"},
        )
    assert run("--prefix", "uploads/missed/", "--gone", "--dry-run") == "1 upload would be sent"
    assert run("--prefix", "uploads/missed/", "--gone") == "1 upload sent"
    left = {"Bucket": bucket, "Prefix": "missed/gone.jpg/"}
    wait_until(lambda: s3.list_objects_v2(**left)["KeyCount"] == 0)
    assert has_manifest(aws, key)
