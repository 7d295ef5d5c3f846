"""A live stack gets another prefix: the access to it, its uploads and those under the former one.

The steps are those of docs/adopt.md, "A different prefix".
"""

import json

import pytest

from function.contract import MAX_RECEIVES
from function.contract.messages import s3_event
from local.deploy import deploy
from local.http import request
from local.uploader import upload, upload_all
from ops import doctor
from ops.__main__ import main
from ops.stack import connect
from tests.local.defaults import DEFAULTS
from tests.support.waiting import wait_until

NEW, OLD = "shop/in/", "uploads/"
BEFORE = {"timeout": 45, "maxMegapixels": 0}
MOVED = {"prefix": NEW, "formerPrefixes": [OLD]}
DENIED = (401, 403)


class Live:
    """The stack, deployed with one prefix after another."""

    def __init__(self, aws, photo) -> None:
        self.aws, self.server, self.photo = aws, aws.server, photo
        self.s3, self.sqs = aws.client("s3"), aws.client("sqs")
        self.source, self.destination = (
            aws.outputs["sourceBucket"],
            aws.outputs["destinationBucket"],
        )

    def deploy(self, **settings) -> None:
        deploy(self.server, "local", settings=DEFAULTS | settings)

    def door(self) -> tuple[str, str, str]:
        outputs = self.server.outputs
        return outputs["uploadEndpoint"], outputs["deliveryUrl"], self.server.prefixes[0]

    def put(self, key: str, **how):
        """Upload as a stranger does."""
        return upload(self.photo, key, *self.door(), **how)

    def own(self, key: str) -> None:
        """Upload with the owner's credentials."""
        self.s3.upload_file(str(self.photo), self.source, key)

    def shown(self, name: str) -> str | None:
        """Return the key of the upload whose renditions readers see, if they see any."""
        url = f"{self.server.outputs['deliveryUrl']}/{name}/manifest.json"
        status, body = request("GET", url)
        return json.loads(body)["source"]["key"] if status == 200 else None

    def wait_for(self, name: str, key: str | None) -> None:
        wait_until(lambda: self.shown(name) == key, 60, lambda: self.shown(name))

    def waiting(self, output: str) -> int:
        url = self.server.outputs[output]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return sum(int(count) for name, count in found.items() if "NumberOfMessages" in name)

    def exposed(self, key: str) -> int:
        """Return the status of a stranger's PUT to the bucket itself."""
        return request("PUT", self.aws.source_url(key), b"x")[0]


@pytest.fixture(scope="module")
def live(deployed, tmp_path_factory, photo):
    with deployed(tmp_path_factory.mktemp("prefix"), BEFORE) as aws:
        yield Live(aws, photo("p.jpg", (400, 300)))


@pytest.fixture(autouse=True)
def at_once(live, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(live.server.folder))


def read_source(live, key: str) -> str:
    return live.aws.as_function("s3", "get_object", Bucket=live.source, Key=key)


def test_a_prefix_of_its_own_and_the_uploads_under_the_former_one(live, capsys):
    for name in ("old.jpg", "both.jpg", "gone.jpg"):
        assert live.put(f"{OLD}{name}").status == "ready"
    live.deploy(**BEFORE, **MOVED)

    # Strangers write under the new prefix alone; the function reads both, and nothing else.
    assert live.put(f"{NEW}new.jpg").status == "ready"
    for key in ("uploads/x.jpg", "shop/x.jpg", "shop/in", "in/x.jpg", f"{NEW}_index/x.jpg"):
        assert live.exposed(key) in DENIED, key
    for key in ("shop/x.jpg", "private/x.jpg"):
        live.own(key)
        assert read_source(live, key) == "AccessDenied"
    assert [read_source(live, f"{p}.jpg") for p in (f"{OLD}old", f"{NEW}new")] == ["allowed"] * 2

    # Old uploads stay, and a name under both prefixes is the one under the new prefix.
    assert live.shown("old.jpg") == f"{OLD}old.jpg"
    live.own(f"{OLD}late.jpg")
    live.wait_for("late.jpg", f"{OLD}late.jpg")
    assert live.put(f"{NEW}both.jpg").status == "ready"
    live.wait_for("both.jpg", f"{NEW}both.jpg")
    live.own(f"{OLD}both.jpg")
    live.s3.delete_object(Bucket=live.source, Key=f"{OLD}gone.jpg")
    live.wait_for("gone.jpg", None)
    assert live.shown("both.jpg") == f"{NEW}both.jpg"
    live.s3.delete_object(Bucket=live.source, Key=f"{NEW}both.jpg")
    live.wait_for("both.jpg", f"{OLD}both.jpg")

    # Operators see both.
    stack = connect("local")
    checks = doctor.CHECKS
    assert checks["notification"](stack).detail == f"{NEW} and {OLD} are announced to the queue"
    assert checks["canary"](stack).level == "ok"
    for options, count in (([], 4), (["--prefix", NEW], 1), (["--gone"], 0)):
        capsys.readouterr()
        assert main(["backfill", "--stack", "local", "--dry-run", "--json", *options]) == 0
        assert json.loads(capsys.readouterr().out) == {"would_send": count}
    assert main(["backfill", "--stack", "local", "--prefix", "private/"]) == 1
    assert main(["list", f"{OLD}old.jpg", "--stack", "local"]) == 0
    assert "uploads/old.jpg" in capsys.readouterr().out


def test_a_message_that_waited_under_a_prefix_that_was_taken_away_can_be_sent_again(live, capsys):
    live.deploy(**BEFORE)
    live.own(f"{OLD}waited.jpg")
    live.wait_for("waited.jpg", f"{OLD}waited.jpg")
    live.deploy(**BEFORE, prefix=NEW)
    assert read_source(live, f"{OLD}waited.jpg") == "AccessDenied"
    live.own(f"{OLD}unannounced.jpg")
    live.own(f"{NEW}announced.jpg")
    live.wait_for("announced.jpg", f"{NEW}announced.jpg")
    assert live.shown("unannounced.jpg") is None
    assert live.shown("waited.jpg") == f"{OLD}waited.jpg"  # its renditions stay as they are

    # As one that S3 sent while the stack was updated.
    facts = {"length": 1, "etag": "e", "sequencer": "01"}
    body = s3_event(live.source, f"{OLD}unannounced.jpg", **facts)
    url = live.server.outputs["queueUrl"]
    live.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    live.sqs.send_message(QueueUrl=url, MessageBody=body)
    wait_until(lambda: live.waiting("deadLetterQueueUrl") == 1, 20 * MAX_RECEIVES)
    assert main(["redrive", "--stack", "local", "--dry-run"]) == 0
    assert "name its prefix in formerPrefixes" in " ".join(capsys.readouterr().out.split())
    live.deploy(**BEFORE, **MOVED)
    assert main(["redrive", "--stack", "local"]) == 0
    live.wait_for("unannounced.jpg", f"{OLD}unannounced.jpg")
    assert live.waiting("deadLetterQueueUrl") == 0


def test_an_erased_upload_is_erased_under_every_prefix(live, idle):
    live.deploy(timeout=45, **MOVED)
    for key in (f"{OLD}u1/a.jpg", f"{NEW}u1/a.jpg", f"{NEW}u2/a.jpg"):
        live.own(key)
    live.wait_for("u1/a.jpg", f"{NEW}u1/a.jpg")
    live.wait_for("u2/a.jpg", f"{NEW}u2/a.jpg")
    assert main(["erase", f"{OLD}u1/", "--stack", "local", "--yes"]) == 0
    for prefix in (OLD, NEW):
        found = live.s3.list_object_versions(Bucket=live.source, Prefix=f"{prefix}u1/")
        assert "Versions" not in found
    assert live.shown("u1/a.jpg") is None
    assert live.shown("u2/a.jpg") == f"{NEW}u2/a.jpg"


def test_and_back_again(live):
    live.deploy(**BEFORE, formerPrefixes=[NEW])
    assert live.put(f"{OLD}back.jpg").status == "ready"
    assert live.exposed(f"{NEW}x.jpg") in DENIED
    assert live.shown("u2/a.jpg") == f"{NEW}u2/a.jpg"
    live.s3.delete_object(Bucket=live.source, Key=f"{NEW}u2/a.jpg")
    live.wait_for("u2/a.jpg", None)


def test_a_signed_form_is_for_the_prefix(live):
    live.deploy(**BEFORE, **MOVED, uploads="presigned")
    (done,) = upload_all([live.photo], *live.door(), presigned=True)
    assert (done.status, done.key.startswith(NEW)) == ("ready", True)
    assert live.exposed(f"{NEW}x.jpg") in DENIED
