"""Held uploads after a stack is rolled back to a release that cannot hold uploads.

Their functions cannot read such a manifest. Every event of its key fails, ends in the dead-letter
queue, and can be sent again once the newer release is back: nothing is published.
"""

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from function.contract import Status, Verdict
from function.contract.messages import moderation_event
from function.manifest import Manifest
from function.moderation import rejection_of
from local.program import ROOT
from tests.support.history import version

BEFORE = "d26e69e"
"""The last commit that cannot hold uploads."""

RUN_FIRST = """
from function.events import Upload
from function.process import process
for kind in ({}, {"reprocess": True}, {"removed": True}):
    fields = dict(bucket="b", key="uploads/u1/beach.jpg", version_id="1", etag="e", sequencer="01")
    names = Upload.__dataclass_fields__
    fields |= dict(size=1, removed=False, reprocess=False, correlation_id="c") | kind
    upload = Upload(**{name: value for name, value in fields.items() if name in names})
    try:
        process(upload, None, Source(), Destination())
    except TypeError as error:
        print(error)
"""

RUN_BEFORE = """
from function.events import Event, EventKind
from function.reconcile import Reconciler
from function.versions import ObjectVersion
version = ObjectVersion("uploads/u1/beach.jpg", "1", "e", "01", 1)
for kind in EventKind:
    work = Reconciler(Source(), Destination(), ("a.jpg",), None)
    try:
        work.reconcile(Event("b", kind, version, "c"))
    except TypeError as error:
        print(error)
"""

BUCKETS = """
import sys
MANIFEST = sys.stdin.buffer.read()
class Source:
    class held: version_id, etag, bytes, sequencer = "1", "e", 1, ""
    def head(self, key): return self.held
    def has_version(self, key, version_id): return True
class Destination:
    def read(self, key): return MANIFEST, "etag"
    def __getattr__(self, name): raise SystemExit(f"the destination was asked to {name}")
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("before")
    if subprocess.run(["git", "cat-file", "-e", BEFORE], cwd=ROOT, check=False).returncode:
        pytest.skip(f"this clone has no history: `git fetch --unshallow` brings {BEFORE}")
    done = subprocess.run(
        ["git", "archive", BEFORE, "function"], cwd=ROOT, check=True, capture_output=True
    )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def run(tree: Path, code: str, manifest: bytes) -> list[str]:
    command = [sys.executable, "-c", BUCKETS + code]
    done = subprocess.run(command, cwd=tree, input=manifest, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("release", ["first", "before"])
@pytest.mark.parametrize(
    "manifest",
    [Manifest.without_renditions(version(1), Status.HELD).bare(), rejection_of(version(1))],
    ids=["held", "rejected"],
)
def test_no_event_publishes_what_is_held_or_was_rejected(request, release, manifest):
    tree = request.getfixturevalue(release)
    code = RUN_FIRST if release == "first" else RUN_BEFORE
    failures = run(tree, code, manifest.to_json())
    assert len(failures) == 3
    assert all("etag" in failure or "unexpected" in failure for failure in failures)


@pytest.mark.parametrize("release", ["first", "before"])
def test_a_decision_is_ignored(request, release):
    """Uploads that were not decided before the rollback must be decided after it."""
    body = moderation_event("b", "uploads/a", "1", Verdict.APPROVE, by="ann", at="2026-01-01T00Z")
    code = """
from function import events
print(events.parse_message(MANIFEST.decode(), "m"))
"""
    assert run(request.getfixturevalue(release), code, body.encode()) == ["[]"]


def test_the_manifest_of_an_upload_that_is_shown_is_read(before):
    """So that the failures above are not those of every manifest."""
    ready = Manifest.without_renditions(version(1), Status.READY)
    code = "from function.manifest import Manifest\nprint(Manifest.from_json(MANIFEST).status)"
    assert run(before, code, ready.to_json()) == ["ready"]
    assert json.loads(ready.to_json())["source"]["etag"] == "e"
