"""Requests of a Lambda function URL for lazy renditions, and the answers."""

import base64
import json
import logging
import re

import pytest

from function.engine.errors import DecoderBug, Reason, Rejected
from function.first_view import View
from function.manifest import RenditionFacts
from function.storage.deadline import Deadline
from function.views import MOST_BODY, ViewHandler

KEY = "u1/my beach.jpg/poster.jpg"
PATH = "/u1/my%20beach.jpg/poster.jpg"
FACTS = RenditionFacts(
    name="poster",
    url="https://cdn.example/u1/my%20beach.jpg/poster.jpg?v=0123abcd",
    key=KEY,
    width=4,
    height=3,
    bytes=None,
    content_type="image/jpeg",
    lazy=True,
)


class Context:
    """Lambda's context, with a minute left."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Views:
    """Answers what a test says, and notes which keys were asked for."""

    def __init__(self, *answers) -> None:
        self.answers, self.asked, self.wanted = list(answers), [], []

    def ask(self, key):
        self.wanted.append(key)
        return self.asks(key)

    def asks(self, key):
        """Send the message, which tests replace."""
        return True

    def view(self, key):
        self.asked.append(key)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def found(body: bytes = b"body", etag: str = '"abc"', *, is_new: bool = True, **wanted):
    milliseconds = 9.5 if is_new else 0.0
    return View(FACTS, body, etag, is_new=is_new, milliseconds=milliseconds, **wanted)


def handler(views, **changes) -> ViewHandler:
    fields = {
        "function_name": "views",
        "publishes_metrics": True,
        "views": views,
        "deadline": Deadline(),
        "worker_counts": dict,
        "cold_starts": iter((1, 0, 0)),
    }
    return ViewHandler(**fields | changes)


def ask(views, path: str = PATH, method: str = "GET", v: str = "0123abcd", **changes) -> dict:
    # AWS's example, "Invoking Lambda function URLs", with what the function reads.
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": f"v={v}",
        "requestContext": {"http": {"method": method, "path": path}},
    }
    answer = handler(views, **changes).handle(event, Context())
    assert json.loads(json.dumps(answer)) == answer
    assert answer.keys() == {"statusCode", "headers", "body", "isBase64Encoded"}
    return answer


@pytest.mark.parametrize("etag", ["abc", '"abc"'])
def test_a_file_is_answered_as_s3_would(etag):
    views = Views(found(b"\xff\xd8", etag))
    answer = ask(views)
    assert views.asked == [KEY]
    assert answer == {
        "statusCode": 200,
        "headers": {
            "content-type": "image/jpeg",
            "cache-control": "public, max-age=31536000, immutable",
            "etag": '"abc"',
        },
        "body": base64.b64encode(b"\xff\xd8").decode(),
        "isBase64Encoded": True,
    }


def test_a_head_has_the_headers_alone_whatever_the_length():
    answer = ask(Views(found(bytes(MOST_BODY + 1))), method="HEAD")
    assert (answer["statusCode"], answer["body"]) == (200, "")
    assert answer["headers"]["content-length"] == str(MOST_BODY + 1)
    assert answer["headers"]["etag"] == '"abc"'


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused(method):
    answer = ask(Views(), method=method)
    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "GET, HEAD")


def test_what_is_not_to_be_there_is_not_found_for_a_minute():
    for answer in (ask(Views(None)), ask(Views(), path="/u1/%ff/poster.jpg")):
        assert (answer["statusCode"], answer["body"]) == (404, "")
        assert answer["headers"] == {"cache-control": "max-age=60"}


def test_an_upload_that_the_limits_no_longer_take_is_not_found_and_logged(caplog):
    answer = ask(Views(Rejected(Reason.TOO_MANY_PIXELS, "Too large.")))
    assert (answer["statusCode"], answer["headers"]) == (404, {"cache-control": "max-age=60"})
    (line,) = caplog.records
    assert (line.levelname, line.code, line.path) == ("WARNING", "too_many_pixels", PATH)


@pytest.mark.parametrize(
    ("error", "bugs"),
    [
        (OSError("S3 is down"), None),
        (DecoderBug("7"), 1),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a damaged manifest"), None),
    ],
)
def test_a_failure_of_ours_is_no_404_and_no_reader_keeps_it(caplog, error, bugs):
    answer = ask(Views(error))
    assert (answer["statusCode"], answer["body"]) == (500, "")
    assert answer["headers"] == {"cache-control": "no-store"}
    (line,) = caplog.records
    assert (line.message, line.path, line.Failed) == ("failed", PATH, 1)
    assert line.exc_info[1] is error
    assert getattr(line, "DecoderBugs", None) == bugs


@pytest.mark.parametrize(("length", "status"), [(MOST_BODY, 200), (MOST_BODY + 1, 302)])
def test_a_file_too_large_for_an_answer_is_fetched_from_the_bucket(length, status):
    answer = ask(Views(found(bytes(length))))
    assert answer["statusCode"] == status
    if status == 302:
        assert answer["headers"] == {
            "location": f"{PATH}?v=fedc5432",
            "cache-control": "no-store",
        }
        assert answer["body"] == ""


def test_an_answer_fits_into_what_lambda_takes():
    """6 MB are 6,291,456 bytes, with the headers (Lambda developer guide, "Lambda quotas")."""
    assert len(json.dumps(ask(Views(found(bytes(MOST_BODY)))))) < 6_291_456 - 100_000


LARGE = bytes(MOST_BODY + 1)


@pytest.mark.parametrize("v", ["0123abcd", "minute-29000000", "ffffffff"])
def test_a_reader_is_sent_to_the_bucket_once(caplog, v):
    """The CDN falls back to the function again although the bucket has the file by now."""
    views = Views(found(LARGE), *[found(LARGE, is_new=False)] * 2)
    location = ask(views, v=v)["headers"]["location"]
    path, _, sent = location.partition("?v=")
    assert (path, sent != v) == (PATH, True)
    assert re.fullmatch("[0-9a-f]{8}", sent)  # what edge/route.js takes for a version
    for _ in range(2):
        answer = ask(views, v=sent)
        assert (answer["statusCode"], answer["headers"]) == (500, {"cache-control": "no-store"})
    assert [r.key for r in caplog.records if r.levelname == "ERROR"] == [KEY, KEY]


def test_a_large_file_that_another_view_has_stored_meanwhile_is_no_failure(caplog):
    """The bucket lacked it when the CDN asked; a cold start gave the other view time."""
    answer = ask(Views(found(LARGE, is_new=False)))
    assert (answer["statusCode"], answer["headers"]["location"]) == (302, f"{PATH}?v=fedc5432")
    assert not caplog.records


def test_a_large_file_that_is_deleted_again_and_again_is_no_failure():
    assert ask(Views(found(LARGE)), v="fedc5432")["statusCode"] == 302


def test_a_rendition_that_was_made_is_counted_and_one_that_was_read_is_not(caplog):
    caplog.set_level(logging.INFO, logger="function")
    ask(Views(found(), found(is_new=False)), worker_counts=lambda: {"WorkersReplaced": 2})
    (line,) = caplog.records
    assert (line.message, line.key, line.bytes) == ("made", KEY, 4)
    assert (line.FirstViews, line.FirstViewTime, line.ColdStart) == (1, 9.5, 1)
    assert (line.FunctionName, line.WorkersReplaced) == ("views", 2)
    (directive,) = vars(line)["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert (units["FirstViews"], units["FirstViewTime"]) == ("Count", "Milliseconds")
    caplog.clear()
    ask(Views(found(is_new=False)))
    assert caplog.records == []
    ask(Views(found()), publishes_metrics=False)
    assert caplog.records[0].FirstViews == 1
    assert not hasattr(caplog.records[0], "_aws")


def test_a_view_ends_before_cloudfront_gives_up():
    deadline = Deadline()
    ask(Views(found()), deadline=deadline)
    assert 22 < deadline.left() <= 24


AVIF = "u1/my beach.jpg/poster.avif"


def stand_in(length: int = 4, *, is_wanted: bool = True, is_new: bool = False):
    body = bytes(length)
    return found(body, is_new=is_new, stands_in_for=AVIF, is_wanted=is_wanted)


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_lazy_format_is_answered_with_another_that_no_cache_keeps_long(caplog, is_wanted):
    caplog.set_level(logging.INFO, logger="function")
    views = Views(stand_in(is_wanted=is_wanted))
    answer = ask(views, path="/u1/my%20beach.jpg/poster.avif")
    assert (answer["statusCode"], answer["body"]) == (200, "AAAAAA==")
    assert answer["headers"] == {
        "content-type": "image/jpeg",
        "cache-control": "public, max-age=60",
        "etag": '"abc"',
        "vary": "Accept",
    }
    assert views.wanted == [AVIF] * is_wanted
    assert [(line.message, line.key) for line in caplog.records] == [("asked", AVIF)] * is_wanted


@pytest.mark.parametrize(("spent", "most"), [(0, 3), (22.5, 2)])
def test_a_reader_does_not_wait_for_a_queue_that_does_not_answer(spent, most):
    """A VPC without a way to SQS would keep back the picture for the 24 s of a first view."""
    deadline, views, left = Deadline(), Views(stand_in()), []
    view = views.view

    def slow(key):
        deadline.start(25 - spent, 1)
        return view(key)

    views.view = slow
    views.asks = lambda key: left.append((deadline.left(), deadline.timeout()))
    assert ask(views, deadline=deadline)["statusCode"] == 200
    ((seconds, timeout),) = left
    assert 0 < seconds <= most
    assert timeout == 1


def test_a_reader_whose_view_cannot_ask_gets_a_picture_all_the_same(caplog):
    def asks(key):
        raise OSError("SQS is down")

    views = Views(stand_in())
    views.asks = asks
    assert ask(views)["statusCode"] == 200
    (line,) = caplog.records
    assert (line.message, line.path, line.Failed) == ("failed", "/u1/my%20beach.jpg/poster.avif", 1)


def test_a_stand_in_too_large_for_an_answer_is_fetched_by_its_own_url():
    answer = ask(Views(stand_in(MOST_BODY + 1)), path="/u1/my%20beach.jpg/poster.avif")
    assert answer["statusCode"] == 302
    assert answer["headers"] == {"location": f"{PATH}?v=fedc5432", "cache-control": "no-store"}


def test_a_lazy_rendition_that_stands_in_is_counted_when_it_is_made(caplog):
    caplog.set_level(logging.INFO, logger="function")
    ask(Views(stand_in(is_new=True, is_wanted=False)))
    (line,) = caplog.records
    assert (line.message, line.key, line.FirstViews) == ("made", KEY, 1)
