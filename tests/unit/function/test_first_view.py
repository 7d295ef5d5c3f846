"""Lazy renditions of real pictures, found or made at their first view."""

import functools
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bench.cost.bill import FIRST_VIEW_GETS
from function.contention import Contended
from function.contract import Status
from function.engine.errors import (
    DecoderBug,
    IsolationFailed,
    Reason,
    Rejected,
    Stopped,
    Worn,
)
from function.engine.renditions import Rendition
from function.engine.results import Rendered
from function.engine.work import work
from function.first_view import FirstView, GivenUp
from function.manifest import Manifest
from function.reconcile import Reconciler
from function.storage.bucket import Headers
from function.storage.errors import Conflict
from tests.support.engine import in_process
from tests.support.history import created, event, removal, version
from tests.support.pictures import encoded, gradient, opened

KEY, MANIFEST = "u1/beach.jpg/poster.jpg", "u1/beach.jpg/manifest.json"
POSTER = Rendition(name="poster", width=400, height=400, formats=("jpeg", "avif"), lazy=True)


@pytest.fixture
def lazy(environment):
    return environment.replace(renditions=(*environment.renditions, POSTER))


class Stack:
    """Uploads and views of one key, with buckets in memory."""

    def __init__(self, environment, source, destination) -> None:
        self.source, self.destination = source, destination
        self.asked = []
        self.use(environment)

    def use(self, environment) -> None:
        """Go on with other settings."""
        engine = in_process(environment)
        self.reconciler = Reconciler.build(environment, self.source, self.destination, engine)
        self.views = FirstView(
            environment,
            self.source,
            self.destination,
            functools.partial(self._one, environment),
            environment.viewed,
            back_off=lambda attempt: None,
        )

    def _one(self, environment, data, name, format_name):
        self.asked.append((name, str(format_name)))
        return work(data, environment.view_task.only(name, format_name))

    def upload(self, data):
        upload = self.source.upload("uploads/u1/beach.jpg", data)
        return self.reconciler.reconcile(event(created(1).kind, upload))

    def remove(self):
        removed = self.source.mark_deleted("uploads/u1/beach.jpg")
        return self.reconciler.reconcile(event(removal(1).kind, removed))

    @property
    def manifest(self):
        return json.loads(self.destination.objects[MANIFEST])


@pytest.fixture
def stack(lazy, source, destination):
    return Stack(lazy, source, destination)


def test_the_first_view_makes_it_and_the_next_one_reads_it(stack, jpeg):
    stack.upload(jpeg)
    before = dict(stack.destination.objects)
    first, second = stack.views.view(KEY), stack.views.view(KEY)
    assert opened(first.body).size == (400, 300)
    assert stack.destination.objects == before | {KEY: first.body}
    assert stack.destination.headers[KEY] == Headers(
        "image/jpeg", "public, max-age=31536000, immutable", "01"
    )
    assert (first.is_new, second.is_new) == (True, False)
    assert first.milliseconds > second.milliseconds == 0
    assert (second.body, second.etag) == (first.body, first.etag)
    assert stack.asked == [("poster", "jpeg")]


def test_the_bill_knows_how_often_a_first_view_reads(stack, jpeg, monkeypatch):
    stack.upload(jpeg)
    reads = []

    def count(bucket, name):
        method = getattr(bucket, name)
        counted = lambda *args, **more: (reads.append(name), method(*args, **more))[1]  # noqa: E731
        monkeypatch.setattr(bucket, name, counted)

    for name in ("read", "get", "fetch"):
        count(stack.source, name)
        count(stack.destination, name)
    assert stack.views.view(KEY).is_new
    assert len(reads) + 1 == FIRST_VIEW_GETS  # CloudFront has asked before


def test_each_format_is_made_by_itself(stack, jpeg):
    stack.upload(jpeg)
    view = stack.views.view("u1/beach.jpg/poster.avif")
    assert view.facts.content_type == "image/avif"
    assert opened(view.body).format == "AVIF"
    assert KEY not in stack.destination.objects


@pytest.mark.parametrize(
    "key",
    [
        "u1/beach.jpg/large.jpg",
        "u1/beach.jpg/poster.webp",
        "u1/beach.jpg/poster.jpg/poster.jpg",
        "u1/beach.jpg/manifest.json",
        "u1/other.jpg/poster.jpg",
        "u1/beach.jpg/",
        "poster.jpg",
        "/poster.jpg",
        "",
        f"{'a' * 1014}/poster.jpg",
    ],
)
def test_what_is_not_declared_is_not_made(stack, jpeg, key):
    stack.upload(jpeg)
    before = dict(stack.destination.objects)
    assert stack.views.view(key) is None
    assert (stack.destination.objects, stack.asked) == (before, [])


@pytest.mark.parametrize("status", [each for each in Status if each != Status.READY])
def test_only_a_ready_upload_has_views(stack, jpeg, status):
    stack.upload(jpeg)
    fields = stack.manifest | {"status": status}
    stack.destination.put(MANIFEST, json.dumps(fields).encode(), Headers("", "", "01"))
    assert stack.views.view(KEY) is None
    assert stack.asked == []


def test_a_version_that_is_gone_has_none(stack, jpeg):
    stack.upload(jpeg)
    stack.source.purge_latest("uploads/u1/beach.jpg")
    assert stack.views.view(KEY) is None
    assert KEY not in stack.destination.objects


@pytest.mark.parametrize("version_id", [None, "null"])
def test_a_bucket_that_keeps_no_versions_has_no_view_of_what_was_overwritten(
    stack, jpeg, version_id
):
    """Otherwise the manifest of one upload would show the next one, which may have to wait."""
    stack.source.objects["uploads/u1/beach.jpg"] = jpeg
    unversioned = version(1).replace(version_id=version_id, bytes=len(jpeg))
    stack.reconciler.reconcile(event(created(1).kind, unversioned))
    assert stack.views.view("u1/beach.jpg/poster.avif").is_new
    stack.source.objects["uploads/u1/beach.jpg"] = encoded(gradient((90, 90)), "PNG")
    assert stack.views.view(KEY) is None
    assert KEY not in stack.destination.objects


def test_the_version_that_the_manifest_names_is_shown(stack, jpeg):
    """A newer one is uploaded, and its event has not come."""
    stack.upload(jpeg)
    stack.source.upload("uploads/u1/beach.jpg", encoded(gradient((90, 90)), "PNG"))
    assert opened(stack.views.view(KEY).body).size == (400, 300)


def test_an_upload_of_before_the_rendition_gets_it_and_its_manifest_an_entry(
    environment, lazy, source, destination, jpeg
):
    stack = Stack(environment, source, destination)
    stack.upload(jpeg)
    fields = stack.manifest | {"of a newer release": 1}
    destination.put(MANIFEST, json.dumps(fields).encode(), destination.headers[MANIFEST])
    stack.use(lazy)
    view = stack.views.view(KEY)
    assert opened(view.body).size == (400, 300)
    entry = view.facts.to_dict()
    assert stack.manifest == fields | {"renditions": [*fields["renditions"], entry]}
    assert (entry["lazy"], entry["bytes"]) == (True, None)
    assert destination.headers[MANIFEST].cache_control == "no-cache"
    stack.views.view(KEY)
    assert len(stack.manifest["renditions"]) == 6
    stack.use(environment)  # the rendition is taken away from the settings again
    assert stack.views.view(KEY) is None
    assert stack.remove().status == Status.DELETED
    assert destination.objects == {}


def test_the_cdns_url_is_that_of_the_manifest(stack, environment, lazy, jpeg):
    """The CDN is made after the function, so no variable of the function can say its URL."""
    stack.use(environment)
    stack.upload(jpeg)
    stack.use(lazy.replace(delivery_url=""))
    view = stack.views.view(KEY)
    *made, entry = stack.manifest["renditions"]
    version = made[0]["url"].rpartition("?")[2]
    assert entry["url"] == f"{environment.delivery_url}/{KEY}?{version}"
    assert (view.facts.url, entry["lazy"]) == (entry["url"], True)


def test_of_views_at_one_time_one_stores_and_the_others_read(stack, jpeg):
    stack.upload(jpeg)
    stored = stack.destination.put
    winner = []

    def put(key, body, headers, *, expect=None):
        if key == KEY and not winner:
            winner.append(stored(key, b"the winner's", headers, expect=expect))
        return stored(key, body, headers, expect=expect)

    stack.destination.put = put
    view = stack.views.view(KEY)
    assert (view.body, view.is_new, view.milliseconds) == (b"the winner's", True, 0)
    assert stack.destination.objects[KEY] == b"the winner's"
    assert len(stack.asked) == 1


def test_of_a_hundred_views_at_one_time_each_answers_with_what_one_stored(stack, jpeg):
    stack.upload(jpeg)
    together, lock = threading.Barrier(100, timeout=60), threading.Lock()
    stored = stack.destination.put

    def render(_data, name, format_name):
        body = f"of thread {threading.get_ident()}".encode()
        return iter([Rendered(name, format_name, 400, 300, body)])

    def put(*arguments, **options):
        together.wait()
        with lock:  # S3 takes conditional writes one after the other
            return stored(*arguments, **options)

    stack.destination.put = put
    views = stack.views.replace(engine=render)
    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(views.view, [KEY] * 100))
    assert {answer.body for answer in answers} == {stack.destination.objects[KEY]}
    assert {answer.etag for answer in answers} == {stack.destination.etags[KEY]}
    assert [bool(answer.milliseconds) for answer in answers].count(True) == 1


@pytest.mark.parametrize("change", ["overwrite", "remove", "reject"])
def test_a_change_during_the_view_leaves_no_file_of_the_old_version(stack, jpeg, change):
    stack.upload(jpeg)
    other = encoded(gradient((500, 500)), "PNG")
    changes = {
        "overwrite": lambda: stack.upload(other),
        "reject": lambda: stack.upload(b"no image"),
        "remove": stack.remove,
    }
    fetch, done = stack.source.fetch, []

    def fetch_and_change(*args, **options):
        data = fetch(*args, **options)
        if not done:
            done.append(True)
            changes[change]()
        return data

    stack.source.fetch = fetch_and_change
    view = stack.views.view(KEY)
    if change == "overwrite":
        assert opened(view.body).size == (400, 400)
        assert stack.destination.objects[KEY] == view.body
        assert stack.destination.headers[KEY].sequencer == "02"
    else:
        assert view is None
        assert KEY not in stack.destination.objects


@pytest.mark.parametrize("change", ["overwrite", "remove"])
def test_an_entry_is_added_to_no_manifest_but_the_one_that_was_read(
    environment, lazy, source, destination, jpeg, change
):
    stack = Stack(environment, source, destination)
    stack.upload(jpeg)
    stack.use(lazy)
    fetch, done = source.fetch, []

    def fetch_and_change(*arguments, **options):
        data = fetch(*arguments, **options)
        if not done:
            done.append(True)
            if change == "remove":
                stack.remove()
            else:
                stack.upload(encoded(gradient((500, 500)), "PNG"))
        return data

    source.fetch = fetch_and_change
    view = stack.views.view(KEY)
    if change == "remove":
        assert (view, destination.objects) == (None, {})
    else:
        assert opened(view.body).size == (400, 400)
        assert stack.manifest["source"]["version_id"] == "2"


def test_first_views_of_several_new_renditions_do_not_render_twice(
    environment, lazy, source, destination, jpeg
):
    """Each adds its entry to the manifest, for which the others wait no longer than a fetch."""
    stack = Stack(environment, source, destination)
    stack.upload(jpeg)
    stack.use(lazy)
    engine, others = stack.views.engine, []

    def render_beside_another(*arguments):
        if not others:
            others.append(stack.views.view("u1/beach.jpg/poster.avif"))
        return engine(*arguments)

    view = stack.views.replace(engine=render_beside_another).view(KEY)
    assert (view.is_new, others[0].is_new) == (True, True)
    assert stack.asked == [("poster", "avif"), ("poster", "jpeg")]
    assert {entry["key"] for entry in stack.manifest["renditions"][-2:]} == {
        *(KEY, "u1/beach.jpg/poster.avif")
    }


def test_a_stale_file_is_made_anew(stack, jpeg):
    stack.upload(jpeg)
    stack.destination.put(KEY, b"of another version", Headers("", "", "00"))
    assert opened(stack.views.view(KEY).body).size == (400, 300)
    assert stack.destination.headers[KEY].sequencer == "01"


def test_an_overwrite_removes_what_was_viewed_before_its_manifest_is_written(stack, jpeg):
    stack.upload(jpeg)
    stack.views.view(KEY)
    put, there = stack.destination.put, []

    def watched(key, body, headers, *, expect=None):
        if key == MANIFEST:
            there.append(KEY in stack.destination.objects)
        return put(key, body, headers, expect=expect)

    stack.destination.put = watched
    assert stack.upload(encoded(gradient((500, 500)), "PNG")).look_again
    assert there == [False]
    assert KEY not in stack.destination.objects


def test_an_overwrite_removes_what_was_made_at_upload_before_its_rendition_was_lazy(
    stack, environment, lazy, jpeg
):
    """With the new manifest a reader learns a URL, under which the CDN would keep the old file."""
    eager = POSTER.replace(lazy=False)
    stack.use(environment.replace(renditions=(*environment.renditions, eager)))
    stack.upload(jpeg)
    stack.use(lazy)
    put, there = stack.destination.put, []

    def watched(key, body, headers, *, expect=None):
        if key == MANIFEST:
            there.append(KEY in stack.destination.objects)
        return put(key, body, headers, expect=expect)

    stack.destination.put = watched
    manifest = Manifest.from_json(stack.destination.objects[MANIFEST])
    stack.reconciler.reconcile(event("backfill", manifest.source.version.replace(sequencer="00")))
    assert there == [True]  # a manifest that names it stood until then, and its URL stays
    stack.destination.put = put
    stack.use(environment.replace(renditions=(*environment.renditions, eager)))
    stack.upload(jpeg)
    stack.use(lazy)
    stack.destination.put = watched
    stack.upload(encoded(gradient((500, 500)), "PNG"))
    assert there == [True, False]


@pytest.mark.parametrize(
    ("former", "prefix"), [("uploads/", "uploads/u1/"), ("uploads/u1/", "uploads/")]
)
def test_an_upload_of_a_prefix_that_the_stack_has_no_more_has_no_view(
    stack, lazy, jpeg, former, prefix
):
    """One prefix may start with the other: the upload's key is then one of another name, too."""
    stack.use(lazy.replace(upload_prefixes=(former,)))
    stack.upload(jpeg)
    name = "uploads/u1/beach.jpg".removeprefix(former)
    before = dict(stack.destination.objects)
    assert f"{name}/manifest.json" in before
    stack.use(lazy.replace(upload_prefixes=(prefix,)))
    assert stack.views.view(f"{name}/poster.jpg") is None
    assert stack.destination.objects == before


def test_a_backfill_has_them_made_anew(stack, jpeg):
    manifest = stack.upload(jpeg)
    assert not manifest.look_again
    stack.views.view(KEY)
    again = event("backfill", manifest.source.version.replace(sequencer="00"))
    assert stack.reconciler.reconcile(again).look_again
    assert KEY not in stack.destination.objects
    assert len(stack.destination.objects) == 6


def test_a_redelivery_leaves_what_was_viewed(stack, jpeg):
    manifest = stack.upload(jpeg)
    stack.views.view(KEY)
    before = dict(stack.destination.objects)
    assert stack.reconciler.reconcile(event(created(1).kind, manifest.source.version)) is None
    assert stack.destination.objects == before


def test_what_a_dead_view_left_is_removed_at_the_second_look(stack, jpeg):
    stack.upload(jpeg)
    manifest = stack.upload(encoded(gradient((500, 500)), "PNG"))
    stack.destination.put(KEY, b"stale", Headers("", "", "01"))
    look = event("changed", manifest.source.version)
    assert stack.reconciler.reconcile(look) is None
    assert KEY not in stack.destination.objects
    stack.remove()
    stack.destination.put(KEY, b"stale", Headers("", "", "02"))
    stack.reconciler.reconcile(event("changed", manifest.source.version.replace(sequencer="03")))
    assert stack.destination.objects == {}


def test_a_rendition_that_is_lazy_no_longer_is_made_at_the_next_upload(stack, environment, jpeg):
    stack.upload(jpeg)
    stack.views.view(KEY)
    eager = POSTER.replace(lazy=False)
    stack.use(environment.replace(renditions=(*environment.renditions, eager)))
    assert not stack.upload(jpeg).renditions[5].lazy
    assert KEY in stack.destination.objects
    assert len(stack.destination.objects) == 8


def test_a_worker_that_is_worn_is_asked_once_more(stack, jpeg):
    stack.upload(jpeg)
    engine, failures = stack.views.engine, [Worn("ended")]

    def worn(*arguments):
        if failures:
            raise failures.pop()
        return engine(*arguments)

    assert stack.views.replace(engine=worn).view(KEY).is_new


def failing(stack, error, *, notes: bool = True):
    """Views whose worker gives each rendition up, and what they have tried."""
    tried = []

    def fail(_data, name, format_name):
        tried.append((name, str(format_name)))
        raise error

    return stack.views.replace(engine=fail, notes_failures=notes), tried


def entry(stack, key=KEY):
    return next(each for each in stack.manifest["renditions"] if each["key"] == key)


@pytest.mark.parametrize(
    ("error", "again", "failure"),
    [(Stopped(), Stopped, "too_complex"), (DecoderBug("7"), GivenUp, "internal")],
)
def test_what_was_given_up_is_not_tried_again_within_the_hour(stack, jpeg, error, again, failure):
    """Otherwise each view of a hostile file, with another ``v``, takes a worker for its time."""
    stack.upload(jpeg)
    before, headers = stack.manifest, stack.destination.headers[MANIFEST]
    views, tried = failing(stack, error)
    with pytest.raises(type(error)):
        views.view(KEY)
    views, tried_cold = failing(stack, error)
    for _ in range(2):
        with pytest.raises(again):
            views.view(KEY)
    assert (tried, tried_cold) == ([("poster", "jpeg")], [])
    noted = entry(stack)
    assert noted.pop("failure") == failure
    failed_at = datetime.fromisoformat(noted.pop("failed_at"))
    assert datetime.now(UTC) - failed_at < timedelta(seconds=60)
    assert noted == next(each for each in before["renditions"] if each["key"] == KEY)
    assert stack.destination.headers[MANIFEST] == headers
    assert stack.views.replace(notes_failures=True).view("u1/beach.jpg/poster.avif").is_new


@pytest.mark.parametrize("seconds", [3590, 3610])
def test_what_was_given_up_is_tried_again_after_an_hour(stack, jpeg, seconds):
    stack.upload(jpeg)
    views, tried = failing(stack, DecoderBug("7"))
    with pytest.raises(DecoderBug):
        views.view(KEY)
    fields = stack.manifest
    noted = next(each for each in fields["renditions"] if each["key"] == KEY)
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    noted["failed_at"] = before.isoformat().replace("+00:00", "Z")
    stack.destination.put(MANIFEST, json.dumps(fields).encode(), Headers("", "", "01"))
    is_due = seconds > 3600
    with pytest.raises(DecoderBug if is_due else GivenUp):
        views.view(KEY)
    assert len(tried) == 1 + is_due


@pytest.mark.parametrize("change", ["overwrite", "backfill"])
def test_a_new_manifest_has_what_was_given_up_tried_again(stack, jpeg, change):
    manifest = stack.upload(jpeg)
    with pytest.raises(Stopped):
        failing(stack, Stopped())[0].view(KEY)
    if change == "overwrite":
        stack.upload(encoded(gradient((500, 500)), "PNG"))
    else:
        again = event("backfill", manifest.source.version.replace(sequencer="00"))
        stack.reconciler.reconcile(again)
    assert "failed_at" not in entry(stack)
    assert stack.views.replace(notes_failures=True).view(KEY).is_new


def test_a_new_rendition_that_is_given_up_is_noted_in_the_entry_that_it_gets(
    environment, lazy, source, destination, jpeg
):
    stack = Stack(environment, source, destination)
    stack.upload(jpeg)
    stack.use(lazy)
    views, tried = failing(stack, Stopped())
    for _ in range(2):
        with pytest.raises(Stopped):
            views.view(KEY)
    assert len(tried) == 1
    assert entry(stack)["failure"] == "too_complex"


@pytest.mark.parametrize("error", [OSError("S3 is down"), IsolationFailed("busy"), Worn("ended")])
def test_a_failure_that_is_not_the_files_is_tried_again(stack, jpeg, error):
    stack.upload(jpeg)
    before = stack.manifest
    with pytest.raises(type(error)):
        failing(stack, error)[0].view(KEY)
    assert stack.manifest == before
    assert stack.views.replace(notes_failures=True).view(KEY).is_new


def test_where_a_queue_bounds_the_attempts_nothing_is_noted(stack, jpeg):
    """A dead letter is tried again when somebody sends it again, not an hour later."""
    stack.upload(jpeg)
    before = stack.manifest
    views, tried = failing(stack, DecoderBug("7"), notes=False)
    for _ in range(2):
        with pytest.raises(DecoderBug):
            views.view(KEY)
    assert (stack.manifest, len(tried)) == (before, 2)


@pytest.mark.parametrize("change", ["overwrite", "remove", "another view"])
def test_what_was_given_up_is_noted_in_no_manifest_but_that_of_its_version(stack, jpeg, change):
    stack.upload(jpeg)
    changes = {
        "overwrite": lambda: stack.upload(encoded(gradient((500, 500)), "PNG")),
        "remove": stack.remove,
        "another view": lambda: None,
    }
    put = stack.destination.put

    def fail(_data, _name, _format):
        changes[change]()
        if change == "another view":
            stack.destination.put = beaten
        raise DecoderBug("7")

    def beaten(key, body, headers, *, expect=None):
        raise Conflict(key)

    with pytest.raises(DecoderBug):
        stack.views.replace(engine=fail, notes_failures=True).view(KEY)
    stack.destination.put = put
    assert b"failed_at" not in b"".join(stack.destination.objects.values())


def test_a_file_that_is_there_is_shown_although_it_was_given_up_before(stack, jpeg):
    stack.upload(jpeg)
    with pytest.raises(Stopped):
        failing(stack, Stopped())[0].view(KEY)
    made = stack.views.view(KEY)  # of a view that had begun before
    assert stack.views.replace(notes_failures=True).view(KEY).body == made.body


def test_an_upload_over_todays_limit_is_rejected(stack, lazy, jpeg):
    stack.upload(jpeg)
    stack.use(lazy.replace(max_upload_bytes=10))
    with pytest.raises(Rejected) as caught:
        stack.views.view(KEY)
    assert caught.value.code == Reason.TOO_MANY_BYTES
    assert KEY not in stack.destination.objects


def test_a_view_that_is_always_beaten_gives_up(stack, jpeg):
    stack.upload(jpeg)
    waits = []

    def beaten(key, body, headers, *, expect=None):
        raise Conflict(key)

    stack.destination.put = beaten
    with pytest.raises(Contended, match=KEY):
        stack.views.replace(back_off=waits.append).view(KEY)
    assert waits == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "name",
    [
        *("u1/\n", "\0", "u1/\x7f", "..", "u1/../u2", "u1/./a.jpg", "u1//a.jpg", "/", "_index/a"),
        "a" * (1025 - len("/manifest.json")),
        "é" * 506,
    ],
)
def test_of_a_name_that_no_upload_can_have_s3_is_not_asked(lazy, name):
    """Its client refuses such keys, and S3 those over 1,024 bytes: anyone could cause an error."""
    assert FirstView(lazy, None, None, None, lazy.viewed).view(f"{name}/poster.jpg") is None


@pytest.mark.parametrize("name", ["a" * (1024 - len("/manifest.json")), "é" * 505])
def test_of_the_longest_name_s3_is_asked(stack, name, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(stack.destination, "read", asked.append)
    assert stack.views.view(f"{name}/poster.jpg") is None
    assert [len(key.encode()) for key in asked] in ([1024], [1023])


def test_a_failure_of_s3_is_raised(stack, jpeg):
    stack.upload(jpeg)
    stack.destination.failing.add(KEY)
    with pytest.raises(OSError, match="S3 is down"):
        stack.views.view(KEY)
