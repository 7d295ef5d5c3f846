"""Views of lazy formats: what readers get meanwhile, and the one message that has them made."""

import functools
import json
from datetime import UTC, datetime, timedelta

import pytest

from function.contract import Status
from function.contract.messages import FORMAT_ASKED
from function.engine.renditions import Rendition
from function.engine.work import work
from function.events import EventKind
from function.first_view import FirstView
from function.format_view import FormatView
from function.manifest import Manifest
from function.reconcile import Reconciler
from function.storage.bucket import Headers
from tests.support.engine import in_process
from tests.support.history import created, event, removal
from tests.support.pictures import encoded, gradient, opened

MANIFEST = "u1/beach.jpg/manifest.json"
JPEG, AVIF = "u1/beach.jpg/hero.jpg", "u1/beach.jpg/hero.avif"
HERO = Rendition(name="hero", width=300, height=300, formats=("jpeg",), lazy_formats=("avif",))
POSTER = HERO.replace(name="poster", lazy=True, lazy_formats=("webp", "avif"))


class Stack:
    """Uploads and views of one key, with buckets in memory and a list for a queue."""

    def __init__(self, environment, source, destination) -> None:
        self.source, self.destination = source, destination
        self.sent: list[str] = []
        self.use(environment)

    def use(self, environment) -> None:
        """Go on with other settings."""
        engine = in_process(environment)
        self.reconciler = Reconciler.build(environment, self.source, self.destination, engine)
        make = functools.partial(self._maker, environment)
        self.views = FormatView(
            environment,
            self.destination,
            make(environment.view_task),
            self.sent.append,
        )
        self.maker = make(environment.format_task)

    def _maker(self, environment, task):
        def one(data, name, format_name):
            return work(data, task.only(name, format_name))

        return FirstView(environment, self.source, self.destination, one, task.renditions)

    def upload(self, data):
        upload = self.source.upload("uploads/u1/beach.jpg", data)
        return self.reconciler.reconcile(event(created(1).kind, upload))

    def remove(self):
        removed = self.source.mark_deleted("uploads/u1/beach.jpg")
        return self.reconciler.reconcile(event(removal(1).kind, removed))

    def entry(self, key):
        found = json.loads(self.destination.objects[MANIFEST])["renditions"]
        (entry,) = [each for each in found if each["key"] == key]
        return entry


@pytest.fixture
def stack(environment, source, destination):
    return Stack(environment.replace(renditions=(HERO, POSTER)), source, destination)


def test_an_upload_makes_the_jpeg_alone_and_declares_the_rest(stack, jpeg):
    stack.upload(jpeg)
    assert set(stack.destination.objects) == {MANIFEST, JPEG}
    entry = stack.entry(AVIF)
    assert (entry["lazy"], entry["bytes"], entry["content_type"]) == (True, None, "image/avif")
    assert "asked_at" not in entry


def test_a_reader_gets_the_jpeg_and_one_message_is_sent(stack, jpeg):
    stack.upload(jpeg)
    view = stack.views.view(AVIF)
    assert (view.body, view.facts.content_type) == (stack.destination.objects[JPEG], "image/jpeg")
    assert (view.stands_in_for, view.is_wanted, view.milliseconds) == (AVIF, True, 0)
    assert stack.views.ask(AVIF)
    assert not stack.views.ask(AVIF)
    assert not stack.views.view(AVIF).is_wanted
    (record,) = json.loads(stack.sent.pop())["Records"]
    assert record == {
        "eventSource": FORMAT_ASKED,
        "s3": {"object": {"key": "uploads/u1/beach.jpg"}},
        "made": AVIF,
    }
    assert stack.sent == []
    assert AVIF not in stack.destination.objects


def test_once_it_is_made_readers_get_it(stack, jpeg):
    stack.upload(jpeg)
    stack.views.ask(AVIF)
    made = stack.maker.view(AVIF)
    assert opened(made.body).format == "AVIF"
    assert stack.destination.headers[AVIF].content_type == "image/avif"
    view = stack.views.view(AVIF)
    assert (view.body, view.stands_in_for, view.is_wanted) == (made.body, "", False)
    assert stack.entry(AVIF)["lazy"]


def test_an_entry_keeps_its_place_and_what_a_newer_release_wrote(stack, jpeg):
    stack.upload(jpeg)
    fields = json.loads(stack.destination.objects[MANIFEST]) | {"of a newer release": 1}
    headers = stack.destination.headers[MANIFEST]
    stack.destination.put(MANIFEST, json.dumps(fields).encode(), headers)
    stack.views.ask(AVIF)
    after = json.loads(stack.destination.objects[MANIFEST])
    keys = [each["key"] for each in fields["renditions"]]
    assert [each["key"] for each in after["renditions"]] == keys
    place = keys.index(AVIF)
    asked_at = after["renditions"][place].pop("asked_at")
    assert after == fields
    assert datetime.now(UTC) - datetime.fromisoformat(asked_at) < timedelta(seconds=60)
    assert stack.destination.headers[MANIFEST] == headers


def test_a_lazy_rendition_is_made_as_jpeg_while_its_formats_are_not_there(stack, jpeg):
    stack.upload(jpeg)
    poster = "u1/beach.jpg/poster.jpg"
    view = stack.views.view("u1/beach.jpg/poster.webp")
    assert (view.facts.key, view.is_new, view.is_wanted) == (poster, True, True)
    assert view.milliseconds > 0
    assert stack.destination.objects[poster] == view.body
    assert stack.views.view(poster).stands_in_for == ""


@pytest.mark.parametrize("seconds", [3590, 3610])
def test_what_is_not_there_after_an_hour_is_asked_for_again(stack, jpeg, seconds):
    stack.upload(jpeg)
    stack.views.ask(AVIF)
    fields = json.loads(stack.destination.objects[MANIFEST])
    for each in fields["renditions"]:
        if "asked_at" in each:
            before = datetime.now(UTC) - timedelta(seconds=seconds)
            each["asked_at"] = before.isoformat().replace("+00:00", "Z")
    stack.destination.put(MANIFEST, json.dumps(fields).encode(), Headers("", "", "01"))
    is_due = seconds > 3600
    assert stack.views.view(AVIF).is_wanted is is_due
    assert stack.views.ask(AVIF) is is_due
    assert len(stack.sent) == 1 + is_due


def test_of_views_at_one_time_one_sends(stack, jpeg):
    stack.upload(jpeg)
    put = stack.destination.put

    def beaten(key, body, headers, *, expect=None):
        stack.destination.put = put
        assert stack.views.ask(AVIF)
        return put(key, body, headers, expect=expect)

    stack.destination.put = beaten
    assert not stack.views.ask(AVIF)
    assert len(stack.sent) == 1


def test_a_view_whose_note_was_written_although_the_answer_was_lost_sends(stack, jpeg):
    """The retry of a write that S3 carried out fails its condition: 412 or 409."""
    stack.upload(jpeg)
    put = stack.destination.put

    def lost(key, body, headers, *, expect=None):
        put(key, body, headers, expect=expect)
        return put(key, body, headers, expect=expect)

    stack.destination.put = lost
    assert stack.views.ask(AVIF)
    assert len(stack.sent) == 1


def test_nothing_is_asked_for_of_an_upload_of_a_prefix_that_the_stack_has_no_more(stack, jpeg):
    """The prefix starts with the former one: the upload's key is also one of another name."""
    stack.upload(jpeg)
    environment = stack.views.environment
    stack.use(environment.replace(upload_prefixes=("uploads/u1/",)))
    before = dict(stack.destination.objects)
    assert not stack.views.view(AVIF).is_wanted
    assert not stack.views.ask(AVIF)
    assert (stack.sent, stack.destination.objects) == ([], before)


@pytest.mark.parametrize("change", ["overwrite", "remove", "reject"])
def test_nothing_is_asked_for_in_a_manifest_but_the_one_that_was_read(stack, jpeg, change):
    stack.upload(jpeg)
    changes = {
        "overwrite": lambda: stack.upload(encoded(gradient((500, 500)), "PNG")),
        "reject": lambda: stack.upload(b"no image"),
        "remove": stack.remove,
    }
    read = stack.destination.read

    def read_and_change(key):
        found = read(key)
        stack.destination.read = read
        changes[change]()
        return found

    stack.destination.read = read_and_change
    assert not stack.views.ask(AVIF)
    assert stack.sent == []
    if change == "remove":
        assert stack.destination.objects == {}
    else:
        assert b"asked_at" not in stack.destination.objects[MANIFEST]


def test_a_new_version_is_asked_for_anew(stack, jpeg):
    stack.upload(jpeg)
    stack.views.ask(AVIF)
    stack.maker.view(AVIF)
    assert stack.upload(encoded(gradient((500, 500)), "PNG")).look_again
    assert AVIF not in stack.destination.objects
    assert stack.views.view(AVIF).is_wanted
    stack.views.ask(AVIF)
    assert opened(stack.maker.view(AVIF).body).size == (300, 300)


def test_after_a_backfill_it_is_asked_for_anew(stack, jpeg):
    stack.upload(jpeg)
    stack.views.ask(AVIF)
    old = stack.maker.view(AVIF)
    manifest = Manifest.from_json(stack.destination.objects[MANIFEST])
    stack.use(stack.views.environment.replace(renditions=(HERO.replace(quality=40),)))
    again = event(EventKind.BACKFILL, manifest.source.version.replace(sequencer="00"))
    stack.reconciler.reconcile(again)
    assert AVIF not in stack.destination.objects
    assert "asked_at" not in stack.entry(AVIF)
    assert stack.views.ask(AVIF)
    assert len(stack.maker.view(AVIF).body) < len(old.body)


def test_a_format_that_was_taken_out_of_the_settings_is_not_made_of_a_message(stack, jpeg):
    environment = stack.views.environment
    stack.upload(jpeg)
    stack.views.ask(AVIF)
    stack.use(environment.replace(renditions=(HERO.replace(lazy_formats=("webp",)),)))
    assert stack.maker.view(AVIF) is None
    assert stack.views.view(AVIF) is None
    assert AVIF not in stack.destination.objects


@pytest.mark.parametrize("key", ["none/hero.avif", "u1/beach.jpg/hero.webp", "/hero.avif"])
def test_what_is_not_declared_or_not_there_is_not_shown_or_asked_for(stack, jpeg, key):
    stack.upload(jpeg)
    assert stack.views.view(key) is None
    assert not stack.views.ask(key)
    assert stack.sent == []


@pytest.mark.parametrize("status", [each for each in Status if each != Status.READY])
def test_only_a_ready_upload_is_shown_or_made(stack, jpeg, status):
    """Also of a message that was sent while the upload was ready."""
    stack.upload(jpeg)
    fields = json.loads(stack.destination.objects[MANIFEST]) | {"status": status}
    stack.destination.put(MANIFEST, json.dumps(fields).encode(), Headers("", "", "01"))
    assert stack.views.view(AVIF) is None
    assert not stack.views.ask(AVIF)
    assert stack.maker.view(AVIF) is None
    assert AVIF not in stack.destination.objects


def test_without_its_jpeg_there_is_nothing_to_show(stack, jpeg):
    stack.upload(jpeg)
    del stack.destination.objects[JPEG]
    assert stack.views.view(AVIF) is None


def test_a_stale_file_is_not_shown_and_made_anew(stack, jpeg):
    stack.upload(jpeg)
    stack.destination.put(AVIF, b"of another version", Headers("", "", "00"))
    view = stack.views.view(AVIF)
    assert (view.stands_in_for, view.is_wanted) == (AVIF, True)
    assert opened(stack.maker.view(AVIF).body).format == "AVIF"


def test_an_upload_of_before_the_setting_gets_the_format_and_an_entry(
    environment, stack, source, destination, jpeg
):
    stack.use(environment.replace(renditions=(HERO.replace(lazy_formats=()),)))
    stack.upload(jpeg)
    assert b"avif" not in destination.objects[MANIFEST]
    stack.use(environment.replace(renditions=(HERO,)))
    assert stack.views.view(AVIF).is_wanted
    stack.views.ask(AVIF)
    assert stack.entry(AVIF)["url"].startswith("https://cdn.example/u1/beach.jpg/hero.avif?v=")
    assert stack.maker.view(AVIF).is_new
    stack.use(environment.replace(renditions=(HERO.replace(lazy_formats=()),)))
    stack.remove()
    assert destination.objects == {}


def test_an_upload_of_a_prefix_that_the_stack_has_no_more_is_shown_and_not_made(stack, jpeg):
    stack.upload(jpeg)
    other = stack.views.environment.replace(upload_prefixes=("photos/",))
    views = stack.views.replace(environment=other)
    view = views.view(AVIF)
    assert (view.facts.key, view.stands_in_for, view.is_wanted) == (JPEG, AVIF, False)
    assert not views.ask(AVIF)


def test_what_takes_more_time_has_fewer_bytes(stack, environment, jpeg):
    data = encoded(gradient((400, 300)), "PNG")
    stack.upload(data)
    usual = work(data, environment.replace(renditions=(HERO,)).format_task.replace(patience=0.0))
    (quick,) = [result.body for result in usual if getattr(result, "format", "") == "avif"
                and hasattr(result, "body")]  # fmt: skip
    assert len(stack.maker.view(AVIF).body) < len(quick)
