"""The newest upload wins, in any order of events, however often they come or a process dies."""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import SimpleNamespace
from unittest.mock import create_autospec

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from function.contention import Contended
from function.contract import Status, Verdict
from function.contract.keys import MAX_KEY_BYTES, decision_key, manifest_key, upload_name
from function.duplicates.search import Duplicates
from function.engine.errors import DecoderBug, IsolationFailed, Reason
from function.engine.renditions import Rendition
from function.engine.results import Rendered
from function.environment import Environment
from function.events import Event, EventKind
from function.first_view import FirstView, GivenUp
from function.format_view import FormatView
from function.manifest import ErrorFacts, Manifest, RenditionFacts
from function.moderation import HeldRecord, NameTooLong
from function.moderation_record import Decision
from function.reconcile import KeyTooLong, Reconciler
from function.storage.bucket import Headers
from function.storage.errors import Conflict, Gone
from function.versions import ObjectVersion
from pipeline.environment import environment_variables
from pipeline.settings import Settings
from tests.support.eraser import Eraser
from tests.support.history import KEY, backfill, created, event, manifest, removal, version
from tests.support.memory import MemoryBucket
from tests.support.moderated import (
    BARE,
    Watch,
    assert_held,
    assert_refused,
    decided,
    holder,
    of_readers,
    verdict_of,
    waiting,
)
from tests.support.numbers import NumberProcessor, names_of

MANIFEST = "u1/beach.jpg/manifest.json"


class Crash(BaseException):
    """The process dies here; nothing may catch this."""


class Source(MemoryBucket):
    """A source bucket with one key; the body of each version is its number."""

    def __init__(self, uploads: int = 0) -> None:
        super().__init__()
        for _ in range(uploads):
            self.add()

    def add(self) -> Event:
        return event(EventKind.CREATED, self.upload(KEY, str(self.operations + 1).encode()))

    def delete_key(self) -> Event:
        return event(EventKind.CHANGED, self.mark_deleted(KEY))

    def purge(self) -> Event:
        return event(EventKind.CHANGED, self.purge_latest(KEY))

    @property
    def held(self) -> int:
        """Number of the version that the key holds; 0 if none."""
        return int(self.objects.get(KEY, 0))


class Interrupted:
    """A bucket that lets something happen before each of its operations."""

    def __init__(self, bucket, interrupt: Callable[[], None]) -> None:
        self._bucket, self._interrupt = bucket, interrupt

    def __getattr__(self, name):
        def call(*arguments, **options):
            self._interrupt()
            return getattr(self._bucket, name)(*arguments, **options)

        return call


class Declaring(NumberProcessor):
    """A processor of a stack that got a lazy rendition and format after the even versions."""

    def process(self, version: ObjectVersion, **_how: bool) -> Manifest:
        manifest = super().process(version)
        if manifest.error or int(version.version_id) % 2 == 0:
            return manifest
        return manifest.replace(renditions=[*manifest.renditions, LAZY, LAZY_FORMAT])


LAZY = RenditionFacts(
    name="z",
    url="",
    key="u1/beach.jpg/z.jpg",
    width=1,
    height=1,
    bytes=None,
    content_type="",
    lazy=True,
)
LAZY_FORMAT = LAZY.replace(key="u1/beach.jpg/z.avif")


SETTINGS = Environment.read(
    {**environment_variables(Settings(), "", "", ""), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}
)


def reconciler(source, destination) -> Reconciler:
    """A reconciler whose images cost nothing."""
    return Reconciler(
        source=source,
        destination=destination,
        files=("a.jpg", "b.jpg", "c.jpg", "z.jpg", "z.avif"),
        processor=Declaring(source, destination),
        lazy_files=("z.jpg", "z.avif"),
        back_off=lambda attempt: None,
    )


Y = Rendition(name="y", width=1, height=1, formats=("jpeg",), lazy=True)
VIEWED = SETTINGS.replace(
    renditions=(Y, Y.replace(name="z", lazy_formats=("avif",))), max_upload_bytes=10
)
"""The rendition y is one that the settings of the reconciler have no longer."""


def maker(source, destination, renditions, failures: list[Exception]) -> FirstView:
    """Return a maker of lazy files, each of which is its upload's number.

    Each of the failures, which are used up, is one that the next file ends in.
    """

    def make(data, name, format_name):
        if failures:
            raise failures.pop()
        return iter([Rendered(name, format_name, 1, 1, data)])

    return FirstView(VIEWED, source, destination, make, renditions, back_off=lambda attempt: None)


def format_view(source, destination, send, failures: list[Exception]) -> FormatView:
    """Return what answers readers: with a lazy file, or with its JPEG while it is being made."""
    first_views = maker(source, destination, VIEWED.viewed, failures)
    first_views = first_views.replace(notes_failures=True)
    return FormatView(VIEWED, destination, first_views, send)


def process(event: Event, source, destination, **how) -> Manifest | None:
    """Process an event; without ``how`` as a release that knows no moderators."""
    work = reconciler(source, destination)
    if how:
        work = work.replace(holder=holder(SETTINGS, source, destination, **how))
    return work.reconcile(event)


def assert_newest(bucket, newest: int) -> None:
    manifest = json.loads(bucket.objects[MANIFEST])
    assert manifest["source"]["version_id"] == str(newest)
    names = names_of(str(newest).encode())
    names = [] if None in names else names
    stored_names = [r["name"] for r in manifest["renditions"] if not r.get("lazy")]
    assert stored_names == names
    lazy = {r["key"] for r in manifest["renditions"] if r.get("lazy")}
    stored = {key: body for key, body in of_readers(bucket).items() if key != MANIFEST}
    viewed = {key: stored.pop(key) for key in lazy if key in stored}
    assert stored == {f"u1/beach.jpg/{name}.jpg": str(newest).encode() for name in names}
    assert set(viewed.values()) <= {str(newest).encode()}


class TestDecoderBug:
    """A decoder that fails because of a bug, until the bug is repaired."""

    @staticmethod
    def broken(source, destination, error=None) -> Reconciler:
        def process(version: ObjectVersion, **_how: bool) -> Manifest:
            raise error or DecoderBug("KeyError: 7")

        return reconciler(source, destination).replace(processor=SimpleNamespace(process=process))

    def test_it_is_recorded_on_the_last_receive_alone(self, destination):
        work = self.broken(Source(1), destination)
        with pytest.raises(DecoderBug):
            work.reconcile(created(1))
        assert destination.objects == {}
        with pytest.raises(DecoderBug):
            work.reconcile(created(1), is_last=True)
        written = json.loads(destination.objects[MANIFEST])
        assert (written["status"], written["error"]["code"]) == ("failed", "internal")
        assert (written["source"]["version_id"], written["renditions"]) == ("1", [])

    def test_renditions_of_an_older_version_go(self, destination):
        process(created(1), Source(1), destination)
        with pytest.raises(DecoderBug):
            self.broken(Source(2), destination).reconcile(created(2), is_last=True)
        assert list(destination.objects) == [MANIFEST]

    def test_renditions_of_the_same_version_stay(self, destination):
        process(created(1), Source(1), destination)
        before = dict(destination.objects)
        with pytest.raises(DecoderBug):
            self.broken(Source(1), destination).reconcile(backfill(1), is_last=True)
        assert destination.objects == before

    def test_of_a_version_that_waits_it_tells_nothing(self, destination):
        """The setting was changed since, so that only the decision's record says that it waits."""
        process(created(1), Source(1), destination, holds=True)

        def look(*_what):
            raise DecoderBug("KeyError: 7")

        held = holder(SETTINGS, Source(1), destination, holds=False).replace(engine=look)
        with pytest.raises(DecoderBug):
            self.broken(Source(1), destination).replace(holder=held).reconcile(
                backfill(1), is_last=True
            )
        written = json.loads(destination.objects[MANIFEST])
        assert (written["status"], set(written["source"])) == ("failed", BARE)

    def test_once_it_is_repaired_the_dead_letter_is_processed(self, destination):
        with pytest.raises(DecoderBug):
            self.broken(Source(1), destination).reconcile(created(1), is_last=True)
        assert process(created(1), Source(1), destination).status == Status.READY
        assert_newest(destination, 1)

    def test_any_other_failure_is_not_recorded(self, destination):
        error = IsolationFailed("no memory left")
        with pytest.raises(IsolationFailed):
            self.broken(Source(1), destination, error).reconcile(created(1), is_last=True)
        assert destination.objects == {}


class AlwaysBeaten(MemoryBucket):
    """A bucket in which somebody else always writes the manifest first."""

    def put(self, key, body, headers, *, expect=None):
        if expect is not None:
            raise Conflict(key)
        return super().put(key, body, headers)


def test_an_invocation_that_is_always_beaten_backs_off_and_gives_up():
    waits = []
    beaten = reconciler(Source(1), AlwaysBeaten()).replace(back_off=waits.append)
    with pytest.raises(Contended, match=KEY):
        beaten.reconcile(created(1))
    assert waits == list(range(1, 17))


FIVE = Source(5)
"""Five versions; nothing changes them."""


@pytest.mark.parametrize(
    "order", [[1, 2], [2, 1], [1, 1], [2, 1, 2], [1, 3, 2], [4, 3, 2, 1], [5, 1]]
)
def test_the_newest_wins_in_any_order(destination, order):
    for number in order:
        process(created(number), FIVE, destination)
    assert_newest(destination, max(order))


def test_a_second_delivery_changes_nothing(destination):
    assert process(created(1), FIVE, destination) is not None
    before = dict(destination.objects)
    assert process(created(1), FIVE, destination) is None
    assert destination.objects == before


def test_a_rejected_newer_version_removes_the_old_renditions(destination):
    process(created(1), FIVE, destination)
    process(created(3), FIVE, destination)
    assert list(destination.objects) == [MANIFEST]


def test_what_a_dead_process_wrote_over_is_put_right_by_its_next_delivery(destination):
    process(created(2), FIVE, destination)
    destination.objects["u1/beach.jpg/b.jpg"] = b"1"
    destination.headers["u1/beach.jpg/b.jpg"] = destination.headers["u1/beach.jpg/b.jpg"].replace(
        sequencer="01"
    )
    process(created(1), FIVE, destination)
    assert_newest(destination, 2)


def test_a_backfill_renders_the_same_version_anew_once(destination):
    key = Source(2)
    process(created(2), key, destination)
    destination.objects["u1/beach.jpg/b.jpg"] = b"as the old settings had it"
    again = backfill(2)
    assert process(again, key, destination) is not None
    assert_newest(destination, 2)
    assert json.loads(destination.objects[MANIFEST])["source"]["sequencer"] == "02"


def test_a_backfill_never_overtakes_a_real_event(destination):
    key = Source(2)
    process(created(2), key, destination)
    stale = backfill(1)
    process(stale, key, destination)
    assert_newest(destination, 2)


def test_a_backfill_before_any_event_is_replaced_by_one(destination):
    early = backfill(1)
    process(early, FIVE, destination)
    process(created(2), FIVE, destination)
    assert_newest(destination, 2)


def test_a_backfill_finds_an_overwrite_that_no_event_told_of(destination):
    process(created(1), Source(1), destination)
    again = backfill(1)
    assert process(again, Source(2), destination) is not None
    assert_newest(destination, 2)
    process(created(2), Source(2), destination)
    assert_newest(destination, 2)
    assert json.loads(destination.objects[MANIFEST])["source"]["sequencer"] == "02"


@pytest.mark.parametrize("deliveries", [["put", "gone"], ["gone", "put"], ["put", "gone", "put"]])
def test_a_removed_upload_leaves_nothing(destination, deliveries):
    key = Source()
    events = {"put": key.add(), "gone": key.delete_key()}
    for delivery in deliveries:
        process(events[delivery], key, destination)
    assert destination.objects == {}


def test_a_removal_asks_nothing_about_what_it_has_deleted(destination, monkeypatch):
    source = Source(1)
    process(created(1), source, destination)
    gone = event(EventKind.CHANGED, source.mark_deleted(KEY))
    monkeypatch.setattr(destination, "sequencers", pytest.fail)
    process(gone, source, destination)
    assert destination.objects == {}


def test_the_log_learns_that_an_upload_was_removed(destination):
    key = Source()
    process(key.add(), key, destination)
    manifest = process(key.delete_key(), key, destination)
    assert manifest is not None
    assert manifest.status == "deleted"


def test_what_a_dead_process_left_of_a_removed_upload_is_removed(destination):
    key = Source()
    process(key.add(), key, destination)
    removed = key.delete_key()
    del destination.objects[MANIFEST]
    process(removed, key, destination)
    assert destination.objects == {}


def test_an_upload_after_a_removal_stays(destination):
    key = Source()
    events = [key.add(), key.delete_key(), key.add()]
    for change in (*events, events[1]):
        process(change, key, destination)
    assert_newest(destination, 3)


def test_removing_an_old_version_changes_nothing(destination):
    old_one_removed = Source(2)
    process(created(2), old_one_removed, destination)
    del old_one_removed.versions[KEY]["1"]
    assert process(removal(3), old_one_removed, destination) is None
    assert_newest(destination, 2)


def test_removing_the_latest_version_brings_back_the_one_before(destination):
    key = Source()
    for operation in (key.add, key.add, key.purge):
        process(operation(), key, destination)
    assert_newest(destination, 1)


def test_an_older_version_that_is_back_replaces_one_written_after_its_removal(destination):
    key, calls = Source(), itertools.count()
    key.operations = 7
    process(key.add(), key, destination)
    rejected = key.add()

    def remove_before_the_manifest_is_written():
        if next(calls) == 2:
            process(key.purge(), key, destination)

    buckets = (Interrupted(b, remove_before_the_manifest_is_written) for b in (key, destination))
    process(rejected, *buckets)
    assert_newest(destination, 8)


def test_removing_a_delete_marker_brings_the_upload_back(destination):
    key = Source()
    process(key.add(), key, destination)
    process(key.delete_key(), key, destination)
    process(key.purge(), key, destination)
    assert_newest(destination, 1)


def test_an_upload_that_is_back_while_it_is_being_removed_is_shown():
    """Both events of the delete marker find nothing to do; only the remover can put it right."""
    key, destination, calls = Source(), MemoryBucket(), itertools.count()
    upload = key.add()

    def change_the_key():
        operation = {2: key.delete_key, 6: key.purge}.get(next(calls))
        if operation:
            process(operation(), key, destination)

    process(upload, *(Interrupted(bucket, change_the_key) for bucket in (key, destination)))
    assert next(calls) > 6
    assert_newest(destination, 1)


class Public(MemoryBucket):
    """A destination whose CDN caches each file at once, and again all that is still there.

    Attributes:
        cached: bodies that the CDN has.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cached: set[bytes] = set()

    def put(self, key, body, headers, *, expect=None):
        etag = super().put(key, body, headers, expect=expect)
        self.cached |= self._files()
        return etag

    def forget(self, _name: str, _reference: str) -> None:
        self.cached = self._files()

    def _files(self) -> set[bytes]:
        return {body for key, body in of_readers(self).items() if key != MANIFEST}


class World:
    """A key whose history goes on, its events, and what happens before each S3 call."""

    def __init__(self, operations: list[str], happenings: list[str]) -> None:
        self.running: list[object] = []
        self.eraser: Eraser | None = None
        self.key, self.bucket = Source(), Public()
        self.ahead, self.script = list(operations), list(happenings)
        self.waiting: list[Event] = []
        self.later: list[Event] = []  # come once no view is at work
        self.views = 0  # that are at work
        self.messages: list[str] = []  # keys of lazy formats that views have asked for
        self.has_lost_a_message = False
        self.failures: list[Exception] = []  # in which the next lazy files end
        self.begun: list[Event] = []
        self.delivered: list[Event] = []
        self.only_grew = True
        self.holds, self.moderates = False, False  # settings of the stack now
        self.seen: set[int] = set()  # versions that readers have seen
        self.decisions = 0

    def go_on(self) -> None:
        """Let the key's next operation happen; its event waits."""
        operation = self.ahead.pop(0)
        if operation == "erase":
            self.only_grew = False
            if self.eraser is None or self.eraser.has_ended:
                self.eraser = Eraser(self)
            return
        if operation == "backfill":
            self.waiting.append(backfill(1))
            return
        if operation in SETTINGS_OF:
            self.holds, self.moderates = SETTINGS_OF[operation]
            return
        if operation in ("approve", "reject"):
            self.decide(Verdict(operation))
            return
        if operation == "put" or not self.key.versions.get(KEY):
            if self.eraser:
                self.eraser.has_missed_an_upload = True
            event = self.key.add()
        elif operation == "purge" or not self.key.held:
            event, self.only_grew = self.key.purge(), False
        else:
            event, self.only_grew = self.key.delete_key(), False
        self.waiting.append(event)

    def decide(self, verdict: Verdict) -> None:
        """Let a moderator decide about the latest version, of which they may have seen nothing."""
        self.decisions += 1
        if versions := self.key.versions.get(KEY):
            latest = next(reversed(versions))
            self.waiting.append(decided(int(latest), verdict, self.decisions))

    def answer(self, held: HeldRecord) -> Decision | None:
        """Decide about every fourth version at once, as a moderator's function may."""
        if int(held.version_id) % 4:
            return None
        self.decisions += 1
        return decided(1, Verdict.APPROVE, self.decisions).decision

    def is_held_again(self, number: int) -> bool:
        """Return True if a version's own event was delivered twice.

        The second one may hold it after it was public, deleted and brought back. It is then taken
        for one that readers have never seen.
        """
        own = [each for each in self.begun if each.kind == EventKind.CREATED]
        return sum(each.version.version_id == str(number) for each in own) > 1

    def is_erased(self) -> bool:
        """Return True once nothing may be there any more; an upload after that is a new one."""
        eraser = self.eraser
        return eraser is not None and eraser.has_erased and not eraser.has_missed_an_upload

    def erase(self) -> None:
        """Let the eraser go on, if there is one; after too many uploads, another one begins."""
        if self.eraser and self.eraser.has_ended and not self.eraser.has_erased:
            self.eraser = Eraser(self)
        if self.eraser and not self.eraser.has_ended:
            self.eraser.step()

    def interrupt(self) -> None:
        if self.is_erased():
            assert self.bucket.objects == {}
        happening = self.script.pop(0) if self.script else "nothing"
        if happening == "die":
            raise Crash
        if happening == "run" and self.waiting:
            self.deliver(self.waiting.pop())
        elif happening == "next" and self.ahead:
            self.go_on()
        elif happening == "again" and self.delivered:
            self.waiting.append(self.delivered[0])
        elif happening == "erase":
            self.erase()
        elif happening in VIEWS:
            self.view(VIEWS[happening])
        elif happening == "fail":
            self.failures = [DecoderBug("7")]
        elif happening == "make" and self.messages:
            self.make(self.messages.pop())

    def interrupt_view(self, file: str) -> None:
        """Interrupt a view. One of a rendition that the settings lack does not die.

        That, at the moment when the upload is replaced and just after an update of the stack, would
        leave a file that nothing names.
        """
        if file == "y.jpg" and self.script[:1] == ["die"]:
            self.script.pop(0)
        self.interrupt()

    def view(self, file: str) -> None:
        """View a lazy file, as its handler does."""
        with suppress(Crash, Contended, DecoderBug, GivenUp), self.at_work():
            views = format_view(*self.interrupted(file), self.messages.append, self.failures)
            view = views.view(f"u1/beach.jpg/{file}")
            assert view is None or int(view.body) in self.seen
            assert view is None or view.facts.key.endswith(("y.jpg", "z.jpg", file))
            if view and view.is_wanted:
                self.ask(views, view.stands_in_for)

    def ask(self, views: FormatView, key: str) -> None:
        """Have a format made, as its handler does; who dies before the message has lost it."""

        def send(body: str) -> None:
            try:
                self.interrupt()
            except Crash:
                self.has_lost_a_message = True
                raise
            (record,) = json.loads(body)["Records"]
            assert (record["s3"]["object"]["key"], record["made"]) == (KEY, key)
            self.messages.append(key)

        views.replace(send=send).ask(key)

    def make(self, key: str) -> None:
        """Process a message of the queue of formats; who dies gets it again, after all others."""
        try:
            with self.at_work():
                buckets = self.interrupted(key.rpartition("/")[2])
                maker(*buckets, VIEWED.in_background, self.failures).view(key)
        except (Crash, Contended, DecoderBug):
            self.messages.insert(0, key)

    def interrupted(self, file: str) -> list[Interrupted]:
        """Return both buckets as an invocation for a lazy file has them."""
        interrupt = partial(self.interrupt_view, file)
        return [Interrupted(bucket, interrupt) for bucket in (self.key, self.bucket)]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A view, or what makes a format, is at work."""
        invocation = object()
        self.running.append(invocation)
        self.views += 1
        try:
            yield
        finally:
            self.views -= 1
            self.running.remove(invocation)

    def deliver(self, event: Event) -> None:
        """Process an event as the handler does; who dies is delivered again, after all others."""
        buckets = (Interrupted(bucket, self.interrupt) for bucket in (self.key, self.bucket))
        self.begun.append(event)
        invocation = object()
        self.running.append(invocation)
        try:
            source, destination = buckets
            watched = Watch(
                destination, self.bucket, self.seen, holds=self.holds, numbers=self.key.operations
            )
            written = process(
                event,
                source,
                watched,
                holds=self.holds,
                moderates=self.moderates,
                ask=self.answer,
                cdn=self.bucket,
            )
            if written and written.look_again:
                self.later.append(event.replace(kind=EventKind.CHANGED))
        except (Crash, Contended):
            # SQS delivers it again after six timeouts of the function, which no view outlives.
            (self.later if self.views else self.waiting).insert(0, event)
        except Gone:
            pass
        finally:
            self.running.remove(invocation)
        self.delivered.append(event)

    def run(self) -> None:
        while (
            self.ahead
            or self.waiting
            or self.later
            or self.messages
            or (self.eraser and not self.eraser.has_erased)
        ):
            self.erase()
            self.waiting += self.later
            self.later.clear()
            if self.waiting:
                self.deliver(self.waiting.pop(0))
            elif self.ahead:
                self.go_on()
            elif self.messages:
                self.make(self.messages.pop(0))
            if self.only_grew:
                assert_consistent(self.bucket)


NOTHING = "nothing"

VIEWS = {"view y": "y.jpg", "view z": "z.jpg", "view z as AVIF": "z.avif"}


LATE_REMOVAL = [
    *("next", "erase", "erase", "die"),
    *([NOTHING] * 5),
    "run",
    *([NOTHING] * 6),
    "erase",
]
"""An invocation sees a rendition that a dead one left, and is about to write a manifest of status
``deleted``. Another one removes all meanwhile, and the operator's second pass finds nothing."""


ENTRY_IS_LOST = [*[NOTHING] * 7, "again", "view y", *[NOTHING] * 4, "run"]
"""A view has entered its rendition in the manifest, which is written anew before it stores it."""


SETTINGS_OF = {
    "hold": (True, True),
    "show": (False, True),
    "plain": (False, False),
}
"""Updates of the stack's settings: whether uploads are held, and whether there is moderation."""


@example(["put", "delete", "hold", "delete", "reject"], [])
@example(["hold", "put", "reject", "show", "put"], [])
@example(["put", "erase"], LATE_REMOVAL)
@example(["backfill", "put"], ENTRY_IS_LOST)
@example(["put", "delete", "purge"], [*[NOTHING] * 5, "next", *[NOTHING] * 2, "die", "next"])
@example(["put", "put", "purge"], [*[NOTHING] * 8, "die", "next"])
@example(["put", "purge"], [*[NOTHING] * 2, "next", "run", *[NOTHING] * 6, "die"])
@settings(max_examples=int(os.environ.get("CASES", "500")), deadline=None)
@given(
    operations=st.lists(
        st.sampled_from(
            [
                *["put", "put", "put", "delete", "purge", "erase", "erase", "backfill"],
                *["hold", "hold", "show", "plain", "approve", "approve", "reject"],
            ]
        ),
        min_size=1,
        max_size=9,
    ),
    happenings=st.lists(
        st.sampled_from(
            [
                *[NOTHING] * 3,
                "die",
                "run",
                "next",
                "again",
                "erase",
                "erase",
                *VIEWS,
                "make",
                "fail",
            ]
        ),
        max_size=120,
    ),
)
def test_the_newest_wins_through_crashes_and_races(operations, happenings):
    """Before each S3 call the key may change, another event may run to its end or die inside, an
    old event may be delivered again, or this process may die.

    Somebody may view a lazy rendition, which is made then, or a lazy format, which is asked for. At
    the end there is none of a version that the key does not hold, and each format that the manifest
    says was asked for, unless the message was lost. One may fail to be made.

    An operator may erase the upload, request by request in between. Once that has ended, nothing is
    there at any time, unless somebody uploads anew.

    Without removals no manifest ever names what is not there. A removal that overtakes an upload at
    work may take renditions whose manifest comes after; the events that wait put that right.
    """
    world = World(operations, happenings)
    world.run()
    assert_settled(world)


def assert_settled(world: World) -> None:
    """All agrees at the end: the key, what was decided about its version, and what is there."""
    bucket, number = world.bucket, world.key.held
    if not number:
        assert of_readers(bucket) == {}
        assert waiting(bucket) == set()
        return
    verdict = verdict_of(bucket, number)
    manifest = json.loads(bucket.objects[MANIFEST])
    if manifest["status"] == Status.HELD:
        assert verdict == Verdict.HOLD
        assert_held(bucket, number)
    elif verdict == Verdict.REJECT:
        assert_refused(bucket, number)
        if not world.is_held_again(number):
            assert str(number).encode() not in bucket.cached
    else:
        assert waiting(bucket) == set()
        assert verdict != Verdict.HOLD or manifest["status"] == Status.REJECTED
        assert manifest["status"] != Status.READY or number in world.seen
        assert_newest(bucket, number)
        asked = {each["key"] for each in manifest["renditions"] if each.get("asked_at")}
        assert world.has_lost_a_message or asked <= bucket.objects.keys()


def assert_consistent(bucket) -> None:
    """A manifest, if there is one, names only what is there, or lazy."""
    if MANIFEST in bucket.objects:
        renditions = json.loads(bucket.objects[MANIFEST])["renditions"]
        named = [r["key"] for r in renditions if not r.get("lazy")]
        assert [key for key in named if key not in bucket.objects] == []


@pytest.mark.parametrize(("length", "fits"), [(1024, True), (1025, False)])
def test_a_key_whose_manifest_s3_could_not_store_is_refused_before_any_work(length, fits):
    name = "é" * ((length - len("/manifest.json")) // 2)
    name += "e" * (length - len(f"{name}/manifest.json".encode()))
    long = version(1).replace(key=f"uploads/{name}")
    source, destination = MemoryBucket(), MemoryBucket()
    upload = event(EventKind.CREATED, source.upload(long.key, b"1"))
    if fits:
        assert process(upload, source, destination) is not None
    else:
        with pytest.raises(KeyTooLong, match="over 1024 bytes"):
            process(upload, source, destination)
    assert bool(destination.objects) is fits


def test_a_key_whose_longest_rendition_s3_could_not_store_is_rejected_before_any_work():
    source, key = MemoryBucket(), f"uploads/{'e' * (1024 - len('/manifest.json'))}"
    work = reconciler(source, MemoryBucket()).replace(processor=None)
    fits, too_long = "e" * len("manifest.json"), "e" * (len("manifest.json") + 1)
    upload = event(EventKind.CREATED, source.upload(key, b"1"))
    manifest = work.replace(files=("a", too_long)).reconcile(upload)
    assert (manifest.status, manifest.error.code) == (Status.REJECTED, Reason.KEY_TOO_LONG)
    newer = event(EventKind.CREATED, source.upload(key, b"2"))
    with pytest.raises(AttributeError, match="process"):
        work.replace(files=("a", fits)).reconcile(newer)
    source.mark_deleted(key)
    late = work.replace(files=("a", too_long), destination=MemoryBucket())
    with pytest.raises(Gone):
        late.reconcile(newer)
    assert late.destination.objects == {}


class Forgetting:
    """A CDN that notes the names that it is to forget."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def forget(self, name: str, _reference: str) -> None:
        self.names.append(name)


@pytest.mark.parametrize("by", ["a message", "the moderator's function"])
@pytest.mark.parametrize(
    ("was_public", "newer"), [(True, Source.delete_key), (True, Source.add), (False, None)]
)
def test_the_cdn_forgets_a_rejected_version_that_was_public_before_it_came_back_and_was_held(
    destination, by, was_public, newer
):
    """Its renditions may be in the CDN since before the setting was changed."""
    key, cdn = Source(), Forgetting()
    first = last = key.add()
    if was_public:
        process(first, key, destination, holds=False)
        process(newer(key), key, destination, holds=True)
        last = key.purge()
    answer = decided(1, Verdict.REJECT)

    def ask(_held: HeldRecord) -> Decision | None:
        return answer.decision if by != "a message" else None

    process(last, key, destination, holds=True, cdn=cdn, ask=ask)
    if by == "a message":
        assert_held(destination, 1)
        process(answer, key, destination, holds=True, cdn=cdn)
    assert_refused(destination, 1)
    assert cdn.names == (["u1/beach.jpg"] if was_public else [])


@pytest.mark.parametrize("first", ["an overtaken decision", "an old event again", "a backfill"])
def test_the_cdn_forgets_a_version_that_any_event_found_to_be_back(destination, first):
    """The event of the removal comes after it, and finds the version held."""
    key, cdn = Source(), Forgetting()
    overwritten, newer = key.add(), key.add()
    for public in (overwritten, newer):
        process(public, key, destination, holds=False)
    removed = key.purge()
    found = {
        "an overtaken decision": decided(2, Verdict.APPROVE),
        "an old event again": newer,
        "a backfill": backfill(1),
    }[first]
    for happened in (found, removed):
        process(happened, key, destination, holds=True, cdn=cdn)
        assert_held(destination, 1)
    process(decided(1, Verdict.REJECT), key, destination, holds=True, cdn=cdn)
    assert cdn.names == ["u1/beach.jpg"]


def test_the_cdn_is_not_asked_to_forget_what_a_backfill_has_only_held_anew(destination):
    key, cdn = Source(), Forgetting()
    process(key.add(), key, destination, holds=True)
    process(backfill(1), key, destination, holds=True)
    process(decided(1, Verdict.REJECT), key, destination, holds=True, cdn=cdn)
    assert_refused(destination, 1)
    assert cdn.names == []


def test_the_cdn_forgets_what_was_deleted_before_its_rejection_came(destination):
    key, cdn = Source(), Forgetting()
    process(key.add(), key, destination, holds=False)
    key.purge()
    process(decided(1, Verdict.REJECT), key, destination, cdn=cdn)
    assert (destination.objects, cdn.names) == ({}, ["u1/beach.jpg"])


LONG_NAME = "n" * (MAX_KEY_BYTES + 1 - len(decision_key("", "1")))
"""The shortest name of an upload that is too long for a decision's record."""


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ({"holds": False, "moderates": False}, Status.READY, None),
        ({"holds": False}, Status.READY, None),
        ({"holds": True}, Status.REJECTED, Reason.KEY_TOO_LONG),
    ],
)
def test_a_name_that_is_too_long_for_a_decision_is_shown_or_rejected_and_never_fails(
    how, status, code
):
    source, destination, key = MemoryBucket(), MemoryBucket(), f"uploads/{LONG_NAME}"
    upload = source.upload(key, b"1")
    for kind in (EventKind.CREATED, EventKind.CHANGED, EventKind.BACKFILL):
        process(event(kind, upload), source, destination, **how)
        found = Manifest.from_json(destination.objects[manifest_key(LONG_NAME)])
        assert (found.status, found.error and found.error.code) == (status, code)
    decision = decided(1, Verdict.REJECT).replace(version=upload)
    with pytest.raises(NameTooLong, match="delete it"):
        process(decision, source, destination, **how)
    process(event(EventKind.CHANGED, source.mark_deleted(key)), source, destination, **how)
    assert destination.objects == {}


def test_a_manifest_is_json_that_no_cache_keeps(destination):
    process(created(1), FIVE, destination)
    assert destination.headers[MANIFEST] == Headers("application/json", "no-cache", "01")


def test_renditions_of_former_settings_go_with_the_manifest_that_names_them(destination):
    former = manifest(1).replace(renditions=[stored(destination, "old.jpg")])
    put_manifest(destination, former)
    process(created(2), FIVE, destination)
    assert_newest(destination, 2)


class DiesAfterManifest(MemoryBucket):
    """A bucket whose first writer of a manifest dies right after that."""

    has_died = False

    def put(self, key, body, headers, *, expect=None):
        etag = super().put(key, body, headers, expect=expect)
        if key == MANIFEST and expect and not self.has_died:
            self.has_died = True
            raise Crash
        return etag


@pytest.mark.parametrize("change", ["reject", "delete", "hold a newer version"])
def test_a_rendition_of_former_settings_is_not_left_by_a_process_that_dies(change):
    """Once its manifest is replaced, nothing names it."""
    destination, key = DiesAfterManifest(), Source(1)
    put_manifest(destination, manifest(1).replace(renditions=[stored(destination, "old.jpg")]))
    happened = {
        "reject": lambda: decided(1, Verdict.REJECT),
        "delete": key.delete_key,
        "hold a newer version": key.add,
    }[change]()
    with pytest.raises(Crash):
        process(happened, key, destination, holds=True)
    process(happened, key, destination, holds=True)
    assert set(of_readers(destination)) <= {MANIFEST}


def test_a_rendition_of_former_settings_goes_before_the_manifest_that_no_longer_names_it():
    """A process that dies then would leave it, and no deletion would ever find it."""
    destination, key = DiesAfterManifest(), Source(1)
    put_manifest(destination, manifest(1).replace(renditions=[stored(destination, "old.jpg")]))
    with pytest.raises(Crash):
        process(backfill(1), key, destination)
    assert "u1/beach.jpg/old.jpg" not in destination.objects
    assert MANIFEST in destination.objects


@pytest.mark.parametrize("change", ["reject", "hold a newer version"])
def test_a_manifest_that_says_so_is_written_once_readers_can_get_nothing(destination, change):
    """`ops moderate reject` says it then, and has the CDN forget what it may have cached."""
    key = Source(1)
    process(created(1), key, destination)
    assert len(of_readers(destination)) > 1
    dying = DiesAfterManifest()
    dying.__dict__ = destination.__dict__
    happened = decided(1, Verdict.REJECT) if change == "reject" else key.add()
    with pytest.raises(Crash):
        process(happened, key, dying, holds=True)
    assert set(of_readers(destination)) == {MANIFEST}


def test_a_lazy_file_that_a_view_of_the_new_manifest_made_stays(destination):
    """Views asked for the format once, and do not ask again within the hour."""
    key = Source(1)
    process(created(1), key, destination)
    stored(destination, "z.avif")

    class Viewed(MemoryBucket):
        def put(self, key, body, headers, *, expect=None):
            etag = super().put(key, body, headers, expect=expect)
            if key == MANIFEST:
                assert LAZY_FORMAT.key not in self.objects
                stored(self, "z.avif")
            return etag

    viewed = Viewed()
    viewed.__dict__ = destination.__dict__
    process(backfill(1), key, viewed)
    assert LAZY_FORMAT.key in destination.objects


def test_an_upload_is_in_the_index_even_if_s3_does_not_delete_what_it_replaces(destination):
    """The next delivery finds nothing to do but to delete."""
    key, duplicates = Source(1), create_autospec(Duplicates, instance=True)
    process(created(1), key, destination)
    work = reconciler(key, destination).replace(duplicates=duplicates)

    class Failing(MemoryBucket):
        def delete(self, keys):
            if set(keys) - {LAZY.key, LAZY_FORMAT.key}:
                raise OSError("S3 is down")

    failing = Failing()
    failing.__dict__ = destination.__dict__
    with pytest.raises(OSError, match="S3 is down"):
        work.replace(destination=failing).reconcile(key.add())
    assert json.loads(destination.objects[MANIFEST])["source"]["version_id"] == "2"
    assert duplicates.record.call_count == 1
    work.reconcile(event(EventKind.CREATED, version(2)))
    assert_newest(destination, 2)


@pytest.mark.parametrize(
    ("status", "sequencer", "stays"),
    [(Status.READY, "01", True), (Status.REJECTED, "01", False), (Status.READY, "02", False)],
    ids=["archived since", "was rejected", "renditions of another version"],
)
def test_a_backfill_of_an_archived_upload_keeps_its_whole_renditions(
    destination, status, sequencer, stays
):
    facts = stored(destination, "a.jpg", sequencer)
    put_manifest(destination, manifest(1, status).replace(renditions=[facts]))
    archived = manifest(1, Status.REJECTED).replace(
        error=ErrorFacts(code=Reason.ARCHIVED, message="")
    )
    work = reconciler(Source(1), destination).replace(
        processor=SimpleNamespace(process=lambda version, **_how: archived)
    )
    before = dict(destination.objects)
    assert (work.reconcile(backfill(1)) is None) is stays
    assert (destination.objects == before) is stays


def test_an_event_of_a_version_that_is_gone_ends_as_gone():
    source = Source(1)
    source.purge()
    destination = MemoryBucket()
    with pytest.raises(Gone):
        process(created(1), source, destination)
    assert destination.objects == {}


def test_a_removal_deletes_no_manifest_but_its_own(destination):
    """Another invocation replaces the manifest after the renditions are deleted."""
    key = Source()
    process(key.add(), key, destination)
    removed, kept = key.delete_key(), []

    class Replaced(MemoryBucket):
        def delete(self, keys):
            super().delete(keys)
            if keys:
                process(key.add(), key, destination)
                kept.append(self.objects[MANIFEST])

        def delete_if(self, key, etag):
            try:
                super().delete_if(key, etag)
            finally:
                kept.append(self.objects.get(MANIFEST))

    replaced = Replaced()
    replaced.__dict__ = destination.__dict__
    process(removed, key, replaced)
    assert kept[1] == kept[0]
    assert_newest(destination, 3)


def stored(bucket, file: str, sequencer: str = "01") -> RenditionFacts:
    """Store a rendition of a version, and return the facts that its manifest states."""
    key = f"u1/beach.jpg/{file}"
    bucket.put(key, b"1", Headers("", "", sequencer))
    return RenditionFacts(name="", url="", key=key, width=1, height=1, bytes=1, content_type="")


def put_manifest(bucket, manifest: Manifest) -> None:
    headers = Headers("", "", manifest.source.sequencer)
    bucket.put(manifest_key(upload_name(manifest.source.key)), manifest.to_json(), headers)


def test_an_upload_goes_even_if_a_later_rendition_would_have_too_long_a_key():
    source, destination = MemoryBucket(), MemoryBucket()
    key = f"uploads/{'a' * (1024 - len('/manifest.json'))}"
    upload = event(EventKind.CREATED, source.upload(key, b"1"))
    assert process(upload, source, destination) is not None
    assert len(destination.objects) == 3
    later = reconciler(source, destination).replace(files=("a.jpg", "b" * 32 + ".jpg"))
    again = event(EventKind.CREATED, source.upload(key, b"2"))
    assert later.reconcile(again).error.code == Reason.KEY_TOO_LONG
    assert list(destination.objects) == [manifest_key(key.removeprefix("uploads/"))]
    assert later.reconcile(event(EventKind.CHANGED, source.mark_deleted(key))) is not None
    assert destination.objects == {}


class AnswersLate(MemoryBucket):
    """A bucket that carries out the first conditional write, and whose answer to it is lost."""

    def put(self, key, body, headers, *, expect=None):
        etag = super().put(key, body, headers, expect=expect)
        if expect is not None and not self.lost:
            self.lost.append(key)
            super().put(key, body, headers, expect=expect)  # the retry
        return etag

    def __init__(self):
        super().__init__()
        self.lost = []


class DeletesLate(MemoryBucket):
    """A bucket that carries out a conditional deletion, and whose answer to it is lost."""

    def delete_if(self, key, etag):
        super().delete_if(key, etag)
        super().delete_if(key, etag)  # the retry


def test_a_removal_whose_answer_is_lost_is_told_and_looks_again():
    """The retry of a deletion that S3 carried out finds no manifest: 404 or 412."""
    source, destination = Source(1), DeletesLate()
    lazy = reconciler(source, destination).replace(lazy_files=("1.jpg",))
    lazy.reconcile(created(1))
    removed = lazy.reconcile(source.delete_key())
    assert removed is not None
    assert (removed.status, removed.look_again) == ("deleted", True)
    assert destination.objects == {}


def test_a_write_whose_answer_is_lost_is_no_one_elses():
    """The retry of a write that S3 carried out fails its condition: 412 or 409."""
    destination = AnswersLate()
    duplicates = create_autospec(Duplicates, instance=True)
    first = reconciler(Source(1), destination).replace(duplicates=duplicates)
    stored = first.reconcile(created(1))
    assert stored is not None
    assert stored.source.version_id == "1"
    assert destination.lost == [MANIFEST]
    duplicates.record.assert_called_once_with("u1/beach.jpg", None, stored)
    assert_newest(destination, 1)
