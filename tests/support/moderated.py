"""Moderation in the search through histories of one key: its parts, and what must never happen.

An image is a number, as in ``numbers.py``, and so is the picture that a moderator is shown.
"""

import json
from datetime import UTC, datetime, timedelta

from function.contract import Status, Verdict
from function.contract.keys import DECISIONS, HELD, decision_key, held_key, look_key
from function.engine.errors import Reason, Rejected
from function.engine.renditions import OutputFormat
from function.engine.results import Measured, Rendered
from function.events import Event, EventKind
from function.holder import Holder
from function.moderation import Moderation
from function.moderation_record import Decision, DecisionRecord, moment
from tests.support.history import event, version
from tests.support.numbers import names_of

NAME = "u1/beach.jpg"
MANIFEST = f"{NAME}/manifest.json"
BARE = {"key", "version_id", "sequencer"}


def holder(
    environment, source, destination, *, holds=True, moderates=True, ask=None, cdn=None
) -> Holder:
    """Holds uploads that are numbers; makes no picture of numbers that the processor rejects."""

    def look(data, name, format_name):
        names = names_of(data)
        if not names or None in names:
            raise Rejected(Reason.BROKEN_IMAGE, "")
        return iter([Measured(1, 1, "jpeg"), Rendered(name, OutputFormat.JPEG, 1, 1, data)])

    moderation = Moderation(
        destination, holds, moderates, lambda: destination.has_any(DECISIONS), ask=ask
    )
    return Holder(environment.replace(max_upload_bytes=10), source, look, moderation, cdn=cdn)


def decided(number: int, verdict: Verdict, at: int = 0, by: str = "m") -> Event:
    """The event of a decision about a version of ``history.KEY``, so many seconds into its day."""
    moment_of = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
    decision = Decision(verdict, by, moment(moment_of))
    of = version(number).replace(sequencer="00", etag="", bytes=0)
    return event(EventKind.DECIDED, of).replace(decision=decision)


def verdict_of(bucket, number: int) -> Verdict | None:
    """Return what the record of a version says; None without one."""
    found = bucket.objects.get(decision_key(NAME, str(number)))
    return DecisionRecord.from_json(found).decision.verdict if found else None


def waiting(bucket) -> set[str]:
    """Return the keys of all that is kept for moderators while they are to decide."""
    return {key for key in bucket.objects if key.startswith(HELD)}


def of_readers(bucket) -> dict[str, bytes]:
    """Return what readers could get, if they knew all keys."""
    return {key: body for key, body in bucket.objects.items() if not key.startswith("_index/")}


def assert_held(bucket, number: int) -> None:
    """Readers learn that a version waits, and nothing of it; moderators see it."""
    assert set(of_readers(bucket)) == {MANIFEST}
    manifest = json.loads(bucket.objects[MANIFEST])
    assert manifest["status"] == Status.HELD
    assert_bare(manifest)
    assert manifest["source"]["version_id"] == str(number)
    look, record = look_key(NAME, str(number)), held_key(NAME, str(number))
    assert waiting(bucket) == {look, record}
    assert bucket.objects[look].startswith(str(number).encode())
    assert json.loads(bucket.objects[record])["version_id"] == str(number)


def assert_refused(bucket, number: int) -> None:
    """Of a version that a moderator rejected nothing is left but the record."""
    assert set(of_readers(bucket)) == {MANIFEST}
    manifest = json.loads(bucket.objects[MANIFEST])
    assert (manifest["status"], manifest["error"]["code"]) == ("rejected", "moderated")
    assert_bare(manifest)
    assert manifest["source"]["version_id"] == str(number)
    assert waiting(bucket) == set()


def assert_bare(manifest) -> None:
    """A manifest tells nothing of the picture."""
    assert set(manifest["source"]) == BARE
    told = {name for name, value in manifest.items() if value}
    assert told <= {"schema", "status", "id", "source", "timings_ms", "processed_at", "error"}
    assert set(manifest["timings_ms"].values()) == {0}


class Watch:
    """The objects that readers may see, checked after each write of one invocation.

    ``bucket`` may be interrupted; ``objects`` is the same without. The invocation may show a
    version that was approved by now, or that nobody had decided about when it began without the
    setting, or that readers saw before.
    """

    def __init__(self, bucket, objects, seen: set[int], *, holds: bool, numbers: int) -> None:
        self._bucket, self._objects = bucket, objects
        self._seen, self._holds = seen, holds
        self._began = {n: verdict_of(objects, n) for n in range(1, numbers + 1)}

    def __getattr__(self, name):
        return getattr(self._bucket, name)

    def put(self, key, body, headers, *, expect=None):
        if key == MANIFEST:
            manifest = json.loads(body)
            number = int(manifest["source"]["version_id"] or 0)
            if manifest["status"] == Status.READY:
                self._check(number)
            elif manifest["status"] == Status.DELETED:
                assert (manifest["source"]["etag"], manifest["source"]["bytes"]) == ("", 0)
            elif self._holds or manifest["status"] == Status.HELD:
                assert_bare(manifest)
        elif not key.startswith("_index/"):
            number = int(body)
            self._check(number)
        else:
            return self._bucket.put(key, body, headers, expect=expect)
        etag = self._bucket.put(key, body, headers, expect=expect)
        if key == MANIFEST and manifest["status"] == Status.READY:
            self._seen.add(number)
        return etag

    def _check(self, number: int) -> None:
        began, now = self._began.get(number), verdict_of(self._objects, number)
        if Verdict.APPROVE in (began, now):
            return
        assert began is None, f"version {number} was shown although it was to {began}"
        assert not self._holds or number in self._seen, f"version {number} was shown undecided"
