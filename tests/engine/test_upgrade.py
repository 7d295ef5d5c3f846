"""A live stack of v0.1.0 becomes this release's, and v0.1.0's again, while photos are uploaded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from PIL import Image

from local.http import request
from local.program import ROOT
from local.uploader import Result, upload
from tests.engine.support import HOLDING_DATA, Changes, Stack, changes

PHOTOS: Final = 20
BACKFILL: Final = tuple(
    f"aws:sqs/queue:Queue image-pipeline-{name}-backfill" for name in ("dev", "prod", "local")
)
PAGE: Final = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
LINES: Final = PAGE.partition("<!-- as in v0.1.0 -->\n```yaml\n")[2].partition("```")[0]
PINNED: Final = {key.partition(":")[2]: value for key, value in yaml.safe_load(LINES).items()}
"""Settings of a stack that goes back to v0.1.0, whose readers get no AVIF: the page's lines."""

FURTHER_ALARMS: Final = 4
"""Alarms of a public stack with full monitoring that one with lean monitoring does not have."""


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.radial_gradient("L").resize((900, 600)).convert("RGB").save(path)
    return path


class Users:
    """Upload photos as users of a stack would, and remember what became of each."""

    def __init__(self, outputs: dict[str, Any], photo: Path) -> None:
        self._outputs, self._photo = outputs, photo
        self._numbers = count()
        self.results: list[Result] = []

    def upload(self) -> None:
        endpoint, delivery = self._outputs["uploadEndpoint"], self._outputs["deliveryUrl"]
        presigned = "lambda-url" in endpoint
        key = f"uploads/u/{next(self._numbers)}.jpg"
        self.results.append(upload(self._photo, key, endpoint, delivery, presigned=presigned))

    @contextmanager
    def uploading(self) -> Iterator[None]:
        """Upload one photo after the other meanwhile."""
        over = threading.Event()

        def run() -> None:
            while not over.is_set():
                self.upload()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def assert_all_there(self) -> None:
        """Each photo has its renditions, which anyone can read."""
        assert [(r.status, r.error) for r in self.results if r.status != "ready"] == []
        for result in self.results:
            for rendition in result.renditions:
                assert request("GET", rendition.url)[0] == 200, rendition


def assert_nothing_is_lost(done: Changes) -> None:
    """No operation has deleted or replaced anything that holds data.

    The queue of backfills, which v0.1.0 does not have, holds none: its messages name uploads that
    stay, and a backfill can be run again (docs/operate.md).
    """
    gone = [*done.delete, *done.replace]
    lost = [what for what in gone if what.startswith(HOLDING_DATA)]
    assert [what for what in lost if what not in BACKFILL] == []


def waiting(server, outputs: dict[str, Any]) -> list[str]:
    """Return how many messages the dead-letter queue has."""
    client = server.client("sqs")
    names = ["ApproximateNumberOfMessages"]
    url = outputs["deadLetterQueueUrl"]
    return client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"][names[0]]


def sources(server, name: str) -> set[str]:
    """Return the stack's queues that have a dead-letter queue, without Pulumi's suffix."""
    sqs, found = server.client("sqs"), set()
    for url in sqs.list_queues(QueueNamePrefix=f"image-pipeline-{name}-")["QueueUrls"]:
        asked = {"QueueUrl": url, "AttributeNames": ["RedrivePolicy"]}
        if sqs.get_queue_attributes(**asked).get("Attributes"):
            found.add(url.rpartition("/")[2].rpartition("-")[0])
    return found


@pytest.mark.parametrize("name", ["dev", "prod", "local"])
def test_there_and_back(stack, server, first, photo, name):
    live: Stack = stack(name, tree=first)
    live.configure(batchSize=1, timeout=15)
    outputs = live.run("up").outputs
    # Messages that meet code and permissions of two releases are retried after that: here, soon.
    soon = {"VisibilityTimeout": "20"}
    server.client("sqs").set_queue_attributes(QueueUrl=outputs["queueUrl"], Attributes=soon)
    users = Users(outputs, photo)
    for _ in range(PHOTOS):
        users.upload()
    users.assert_all_there()
    for tree in (ROOT, first):
        live.move(tree)
        pins = PINNED if tree is ROOT else dict.fromkeys(PINNED)
        live.configure(batchSize=1, timeout=15, **pins)
        with users.uploading():
            before = len(users.results)
            done = live.run("up")
        assert len(users.results) > before
        assert_nothing_is_lost(changes(done))
        # `dev` of v0.1.0 has a dashboard, and this release's has none.
        assert {k for k, v in outputs.items() if done.outputs.get(k) != v} <= {"dashboardUrl"}
        users.upload()
        users.assert_all_there()
        assert not changes(live.run("up"))
        redrives = {"uploads"} if tree is first else {"uploads", "backfill"}
        assert sources(server, name) == {f"image-pipeline-{name}-{part}" for part in redrives}
    assert waiting(server, outputs) == "0"


LEAN: Final = {"monitoring": "lean", "maxConcurrency": 0, "tracing": False}


def test_there_and_back_with_less_monitoring(stack, server, first, photo):
    """Alarms, dashboard and metrics hold no data: they go, and come back with v0.1.0."""
    live: Stack = stack("dev", tree=first)
    live.configure(batchSize=1, timeout=15)
    users = Users(live.run("up").outputs, photo)
    for tree, settings in ((ROOT, LEAN | PINNED), (first, dict.fromkeys(LEAN | PINNED))):
        live.move(tree)
        live.configure(batchSize=1, timeout=15, **settings)
        with users.uploading():
            done = live.run("up")
        assert_nothing_is_lost(changes(done))
        touched = changes(done).delete if tree is ROOT else changes(done).create
        assert len([what for what in touched if "MetricAlarm" in what]) == FURTHER_ALARMS
        assert ("dashboardUrl" in done.outputs) is (tree is first)
        users.upload()
        users.assert_all_there()
        assert not changes(live.run("up"))


KEPT: Final = {
    "oldVersionDays": 60,
    "rejectedUploadDays": 7,
    "storageClasses": {"STANDARD_IA": 30, "GLACIER_IR": 90},
    "accessLog": True,
}
LOG: Final = "aws:s3/bucket:Bucket image-pipeline-dev-source-log"


def test_there_and_back_with_uploads_that_are_moved_expired_and_logged(stack, server, first, photo):
    """Turned off, the log goes with its records, and nothing else; then v0.1.0 takes over."""
    live: Stack = stack("dev", tree=first)
    live.configure(batchSize=1, timeout=15)
    outputs = live.run("up").outputs
    users = Users(outputs, photo)
    users.upload()
    live.move(ROOT)
    for tree, settings in (
        (ROOT, KEPT | PINNED),
        (ROOT, dict.fromkeys(KEPT) | PINNED),
        (first, dict.fromkeys(KEPT | PINNED)),
    ):
        if live.tree != tree:
            live.move(tree)
        live.configure(batchSize=1, timeout=15, **settings)
        with users.uploading():
            done = live.run("up")
        seen = changes(done)
        assert_nothing_is_lost(
            Changes(**vars(seen) | {"delete": [what for what in seen.delete if what != LOG]})
        )
        assert (LOG in seen.create) is bool(settings["accessLog"])
        # `dev` of v0.1.0 has a dashboard, and this release's has none.
        gone = {k for k, v in outputs.items() if done.outputs.get(k) != v}
        assert gone <= {"dashboardUrl"}
        users.upload()
        users.assert_all_there()
        logs = [b["Name"] for b in server.client("s3").list_buckets()["Buckets"]]
        logs = [name for name in logs if name.startswith("image-pipeline-dev-source-log-")]
        assert len(logs) == bool(settings["accessLog"])
        for name in logs:
            assert server.client("s3").list_objects_v2(Bucket=name)["KeyCount"] > 0
        assert not changes(live.run("up"))


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_stack_that_pins_nothing_keeps_every_file_readable(stack, first, photo, name):
    """Manifests of v0.1.0 name WebP files, which this release makes no longer."""
    live: Stack = stack(name, tree=first)
    live.configure(batchSize=1, timeout=15)
    users = Users(live.run("up").outputs, photo)
    users.upload()
    assert sum(".webp?" in rendition.url for rendition in users.results[0].renditions) == 4
    live.move(ROOT)
    assert_nothing_is_lost(changes(live.run("up")))
    users.upload()
    assert len(users.results[1].renditions) == 5
    users.assert_all_there()
