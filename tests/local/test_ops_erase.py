"""A user's photos are erased while the function is at work on them, and nothing comes back."""

import itertools
import json
import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from function.contract.keys import manifest_key, part_of_user, upload_name
from function.contract.messages import BACKFILL_SEQUENCER, s3_event
from local.http import request
from local.uploader import post_form
from ops import backfill_queue, erase, erase_command, redrive
from ops import stack as stacks
from ops.__main__ import main
from tests.local.defaults import DEFAULTS
from tests.support.issuer import AUDIENCE, Issuer
from tests.support.waiting import wait_until

TIMEOUT = 4
"""Seconds that an invocation may take, which the command waits for twice."""

SUB, OTHER = "auth0|erased", "auth0|kept"
USER, NEIGHBOUR = (f"uploads/{part_of_user(sub)}/" for sub in (SUB, OTHER))

OWN = {
    "image-pipeline:timeout": TIMEOUT,
    "image-pipeline:memory": 512,
    "image-pipeline:maxUploadMb": 1,
}
PLAIN = OWN
EVERYTHING = OWN | {
    "image-pipeline:uploads": "presigned",
    "image-pipeline:delivery": "cdn",
    "image-pipeline:encryption": "kms",
    "image-pipeline:duplicates": "near",
    "image-pipeline:rejectedUploadDays": 7,
    "image-pipeline:quotaPerHour": 10_000,
    "image-pipeline:quotaBytesPerDay": 10**10,
}


@dataclass
class World:
    """A stack, and all that was ever uploaded to it."""

    server: Any
    issuer: Issuer
    signed: bool
    keys: dict[str, list[str]] = field(default_factory=lambda: {SUB: [], OTHER: []})

    def client(self, service: str, **how: Any) -> Any:
        return self.server.client(service, **how)

    @property
    def outputs(self) -> dict[str, str]:
        return self.server.outputs

    def upload(self, sub: str, name: str, body: bytes) -> str:
        """Upload as a user: with a form of the signer's, or directly where anyone may."""
        if not self.signed:
            key = f"uploads/{part_of_user(sub)}/{name}"
            url = f"{self.outputs['uploadEndpoint']}/{key}"
            status = request("PUT", url, body)[0]
        else:
            wanted = {"name": name, "type": "image/jpeg", "size": len(body)}
            sent = {"Authorization": f"Bearer {self.issuer.token(sub=sub)}"}
            sent["Content-Type"] = "application/json"
            where = self.outputs["uploadEndpoint"]
            status, answer = request("POST", where, json.dumps(wanted).encode(), sent)
            if status == 429:  # more than ten at one moment
                return ""
            assert status == 200, answer
            form = json.loads(answer)
            key, status = form["key"], post_form(form, name, body)[0]
        assert status in (200, 204)
        self.keys[sub].append(key)
        return key

    def versions(self, bucket: str, prefix: str) -> list[dict[str, Any]]:
        found = self.client("s3").list_object_versions(
            Bucket=self.outputs[bucket], Prefix=prefix, MaxKeys=1000
        )
        assert not found["IsTruncated"]
        return [*found.get("Versions", []), *found.get("DeleteMarkers", [])]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        dynamodb = self.client("dynamodb")
        names = dynamodb.list_tables()["TableNames"]
        return {name: dynamodb.scan(TableName=name)["Items"] for name in names}

    def queued(self) -> list[str]:
        """Bodies of all messages that can be received."""
        sqs, found = self.client("sqs"), {}
        for output in ("queueUrl", "backfillQueueUrl", "deadLetterQueueUrl"):
            while True:
                got = sqs.receive_message(
                    QueueUrl=self.outputs[output],
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=2,
                    WaitTimeSeconds=0,  # the queue's own is 20
                ).get("Messages", [])
                fresh = {m["MessageId"]: m["Body"] for m in got if m["MessageId"] not in found}
                found |= fresh
                if not fresh:
                    break
        return list(found.values())

    def messages(self) -> int:
        sqs = self.client("sqs")
        return sum(
            backfill_queue.count(sqs, self.outputs[output])
            for output in ("queueUrl", "backfillQueueUrl")
        )

    def send(self, key: str, output: str = "queueUrl", length: int = 7, **how: Any) -> None:
        """Send an event of an upload, as S3 or a backfill would."""
        event = {"sequencer": "01", "etag": "e", "version_id": "gone"} | how
        body = s3_event(self.outputs["sourceBucket"], key, length=length, **event)
        self.client("sqs").send_message(QueueUrl=self.outputs[output], MessageBody=body)

    def assert_nothing_of(self, prefix: str) -> list[str]:
        """List all that could hold something; return the messages, which are of others."""
        name = upload_name(prefix)
        assert self.versions("sourceBucket", prefix) == []
        assert self.versions("destinationBucket", name) == []
        unfinished = self.client("s3").list_multipart_uploads(Bucket=self.outputs["sourceBucket"])
        assert [u for u in unfinished.get("Uploads", []) if u["Key"].startswith(prefix)] == []
        part = name.removesuffix("/")
        assert part not in json.dumps(self.tables())
        queued = self.queued()
        assert [body for body in queued if part in body] == []
        return queued


@pytest.fixture(scope="module", params=[PLAIN, EVERYTHING], ids=["plain", "everything"])
def world(request, served, tmp_path_factory, issuer):
    settings = dict(request.param)
    signed = settings.get("image-pipeline:uploads") == "presigned"
    if signed:
        settings["image-pipeline:auth"] = {"issuer": issuer.url, "audience": AUDIENCE}
    folder = tmp_path_factory.mktemp("erase")
    with served(folder, DEFAULTS | settings, "dev" if signed else "local") as server:
        yield World(server=server, issuer=issuer, signed=signed)


@pytest.fixture(autouse=True)
def ours(world, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(world.server.folder))
    monkeypatch.setattr(erase, "MARGIN", 1)
    # The embedded AWS has one server, so a short poll sees all messages.
    monkeypatch.setattr(redrive, "WAIT_SECONDS", 0)
    # Messages that an interrupted command has hidden are waited for.
    monkeypatch.setattr(redrive, "HIDE_SECONDS", 5)


@pytest.fixture
def run(world, capsys):
    def call(*arguments: str, code: int = 0) -> str:
        stack = json.loads((world.server.folder / "state.json").read_text())["stack"]
        assert main([*arguments, "--stack", stack]) == code, capsys.readouterr().err
        printed = capsys.readouterr()
        return printed.err if code else printed.out

    return call


@pytest.fixture
def bodies(photo):
    """Photos without end: new ones, one that all upload, no image, and one that is too large.

    All are made beforehand, as two threads ask for them.
    """
    same = photo("same.jpg", (300, 200)).read_bytes()
    others = [photo("other.jpg", (width, 99)).read_bytes() for width in range(100, 300, 7)]

    def make(number: int) -> bytes:
        if number % 5 == 1:
            return same
        if number % 7 == 2:
            return b"no image"
        if number % 11 == 3:
            return b"\xff\xd8" + bytes(2_000_000)
        return others[number % len(others)]

    return make


class People:
    """Uploads of a user, in a thread, until they stop."""

    def __init__(self, world: World, sub: str, bodies) -> None:
        self._stop, self.count = threading.Event(), 0
        self._thread = threading.Thread(target=self._upload, args=(world, sub, bodies))
        self._thread.start()

    def _upload(self, world, sub, bodies) -> None:
        for number in itertools.count():
            if self._stop.wait(0.05):
                return
            body = bodies(number)
            if world.signed and len(body) > 1_000_000:
                continue  # the signer allows none so large
            world.upload(sub, f"{number % 40}.jpg", body)
            self.count = number

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


def is_ready(world: World, key: str) -> bool:
    found = world.versions("destinationBucket", f"{upload_name(key)}/manifest.json")
    return len(found) == 1


def test_under_load_nothing_is_left_and_nothing_comes_back(world, run, bodies):
    other = People(world, OTHER, bodies)
    user = People(world, SUB, bodies)
    try:
        wait_until(
            lambda: user.count > 30 and len(world.versions("destinationBucket", "")) > 60, 240
        )
        s3, source = world.client("s3"), world.outputs["sourceBucket"]
        key = world.keys[SUB][0]
        s3.delete_object(Bucket=source, Key=key)
        s3.create_multipart_upload(Bucket=source, Key=f"{USER}unfinished.jpg")
        for output in ("deadLetterQueueUrl", "backfillQueueUrl"):
            world.send(key, output)
            world.send(f"{NEIGHBOUR}kept.jpg", output)
        user.stop()
        counted = json.loads(run("erase", "--user", SUB, "--dry-run", "--json"))["would_erase"]
        assert counted["upload_versions"] > 30
        assert counted["unfinished_uploads"] == counted["dead_letters"] == 1
        done = json.loads(run("erase", "--user", SUB, "--yes", "--json"))
    finally:
        user.stop()
        other.stop()
    assert done["outcome"] == "erased"
    assert done["found"]["upload_versions"] >= counted["upload_versions"]
    assert done["found"]["dead_letters"] == 1
    assert done["found"]["messages"] >= 1
    assert set(done["left"].values()) == {0}
    assert ("quota_items" in counted) == ("index_entries" in counted) == world.signed
    waiting = [body for body in world.assert_nothing_of(USER) if "kept.jpg" in body]
    assert len(waiting) == 2, "messages of others are still there"

    come_back(world, run)
    world.assert_nothing_of(USER)
    wait_until(lambda: world.messages() <= 1, 240)
    kept = list(set(world.keys[OTHER]))
    wait_until(lambda: all(is_ready(world, k) for k in kept), 240)
    for key in kept[:20]:
        assert_whole(world, key)


def test_a_dead_letter_that_another_command_looks_at_is_erased_too(world, run, at_once):
    world.send(f"{USER}hidden.jpg", "deadLetterQueueUrl")
    url = world.outputs["deadLetterQueueUrl"]
    hidden = world.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=3
    )
    assert any("hidden.jpg" in message["Body"] for message in hidden["Messages"])
    # The others' look ends within the time that a command hides letters.
    done = json.loads(run("erase", "--user", SUB, "--yes", "--json"))
    assert done["found"]["dead_letters"] == 1
    world.assert_nothing_of(USER)


def come_back(world: World, run) -> None:
    """Everything that might bring an upload back happens."""
    for key in sorted(set(world.keys[SUB]))[:8]:
        world.send(key)
        world.send(key, length=2_000_000)
        world.send(key, reprocess=True, sequencer=BACKFILL_SEQUENCER)
        world.send(key, "deadLetterQueueUrl")
    run("redrive")
    run("backfill", "--prefix", USER)
    run("backfill", "--prefix", USER, "--gone")
    wait_until(lambda: world.messages() == 0, 90)


def assert_whole(world: World, key: str) -> None:
    s3, bucket = world.client("s3"), world.outputs["destinationBucket"]
    body = s3.get_object(Bucket=bucket, Key=manifest_key(upload_name(key)))["Body"].read()
    manifest = json.loads(body)
    assert manifest["status"] in ("ready", "rejected")
    for rendition in manifest["renditions"]:
        s3.head_object(Bucket=bucket, Key=rendition["key"])


def upload_and_wait(world: World, sub: str, name: str, body: bytes) -> str:
    key = world.upload(sub, name, body)
    wait_until(lambda: is_ready(world, key), 60)
    return key


@pytest.fixture
def at_once(world, monkeypatch):
    """Nothing is under way, so that no invocation has to be waited for."""
    wait_until(lambda: world.messages() == 0, 90)
    monkeypatch.setattr(erase_command, "_wait", lambda _seconds: None)


def manifest_of(world: World, key: str) -> dict[str, Any]:
    s3, bucket = world.client("s3"), world.outputs["destinationBucket"]
    found = s3.get_object(Bucket=bucket, Key=manifest_key(upload_name(key)))
    return json.loads(found["Body"].read())


def test_copies_of_an_erased_original_stay_and_later_ones_copy_from_them(
    world, run, photo, at_once
):
    same = photo("dup.jpg", (320, 200)).read_bytes()
    original = upload_and_wait(world, SUB, "original.jpg", same)
    copy = upload_and_wait(world, OTHER, "copy.jpg", same)
    erased, kept = manifest_of(world, original), manifest_of(world, copy)
    assert (kept["duplicate_of"] == erased["id"]) == world.signed
    run("erase", "--user", SUB, "--yes")
    assert_whole(world, copy)
    assert manifest_of(world, copy) == kept
    later = manifest_of(world, upload_and_wait(world, OTHER, "later.jpg", same))
    assert later["duplicate_of"] == (kept["id"] if world.signed else None)
    assert (later["timings_ms"]["decode"] == 0) == world.signed
    run("erase", "--user", OTHER, "--yes")
    world.assert_nothing_of(NEIGHBOUR)
    fresh = upload_and_wait(world, OTHER, "fresh.jpg", same)
    assert manifest_of(world, fresh)["duplicate_of"] is None


def test_uploads_whose_names_begin_alike_stay(world, run, photo, at_once):
    s3, source = world.client("s3"), world.outputs["sourceBucket"]
    keys = [f"uploads/{name}" for name in ("n", "n/a.jpg", "n/a.jpg/b.jpg", "n/a.jpg2", "n2/c.jpg")]
    body = photo("alike.jpg", (64, 64)).read_bytes()
    for key in keys:
        s3.put_object(Bucket=source, Key=key, Body=body)
    wait_until(lambda: all(is_ready(world, key) for key in keys), 60)
    run("erase", "uploads/n/a.jpg", "--yes")
    assert world.versions("sourceBucket", "uploads/n/a.jpg")[0]["Key"] == "uploads/n/a.jpg/b.jpg"
    for key in (keys[0], *keys[2:]):
        assert_whole(world, key)
    run("erase", "uploads/n/", "--yes")
    assert_whole(world, "uploads/n")
    assert_whole(world, "uploads/n2/c.jpg")
    assert world.versions("sourceBucket", "uploads/n/") == []
    left = {item["Key"].rpartition("/")[0] for item in world.versions("destinationBucket", "n")}
    assert left == {"n", "n2/c.jpg"}
    for key in ("uploads/n", "uploads/n2/"):
        run("erase", key, "--yes")


class Interrupted:
    """Ctrl-C at some request of the command."""

    def __init__(self, monkeypatch) -> None:
        self._make, self.left = vars(stacks)["_embedded_client"], 0
        monkeypatch.setattr(stacks, "_embedded_client", self._client)

    def _client(self, *given: Any, **how: Any) -> Any:
        client = self._make(*given, **how)
        client.meta.events.register("before-send", self._count)
        return client

    def _count(self, **_request: Any) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_after_ctrl_c_at_any_request_the_same_command_erases_the_rest(
    world, run, photo, at_once, monkeypatch, tmp_path
):
    audit = tmp_path / "audit"
    body = photo("ctrl-c.jpg", (64, 64)).read_bytes()
    interrupted, outcomes = Interrupted(monkeypatch), []
    for request_number in range(3, 90, 9):
        for name in ("a.jpg", "b.jpg"):
            key = upload_and_wait(world, SUB, name, body)
        world.client("s3").delete_object(Bucket=world.outputs["sourceBucket"], Key=key)
        world.send(key, "deadLetterQueueUrl")
        interrupted.left = request_number
        stack = json.loads((world.server.folder / "state.json").read_text())["stack"]
        command = ["erase", "--user", SUB, "--yes", "--audit", str(audit), "--stack", stack]
        outcomes.append(main(command))
        interrupted.left = 0
        if outcomes[-1]:
            run(*command[:-2])
        world.assert_nothing_of(USER)
        if not outcomes[-1]:
            break
    assert outcomes.count(1) >= 4
    assert outcomes[-1] == 0
    told = [json.loads(line)["outcome"] for line in audit.read_text().splitlines()]
    assert set(told) == {"interrupted", "erased"}


def test_list_shows_all_versions(world, run, photo, at_once):
    body = photo("listed.jpg", (64, 64)).read_bytes()
    key = upload_and_wait(world, SUB, "listed.jpg", body)
    s3, source = world.client("s3"), world.outputs["sourceBucket"]
    s3.put_object(Bucket=source, Key=key, Body=body)
    s3.delete_object(Bucket=source, Key=key)
    listed = [json.loads(line) for line in run("list", "--user", SUB, "--json").splitlines()]
    assert [(item["key"], item["bytes"]) for item in listed] == [
        *((key, 0), (key, len(body)), (key, len(body)))
    ]
    assert [item["is_marker"] for item in listed] == [True, False, False]
    shown = run("list", "--user", SUB)
    assert f"{key}  deleted  0 bytes" in shown
    assert f"3 versions, {2 * len(body):,} bytes" in shown
    run("erase", key, "--yes")
    assert run("list", key) == "0 versions, 0 bytes\n"
