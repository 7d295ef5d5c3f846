"""Messages of the queue of lazy formats, each of which has one file made."""

import json
import logging

import pytest

from function.contract.messages import format_asked, s3_event
from function.engine.errors import DecoderBug, Reason, Rejected
from function.lazy_formats import FormatHandler
from function.storage.deadline import Deadline
from tests.unit.function.test_views import Context, Views, found

KEY = "u1/my beach.jpg/hero.avif"
BODY = format_asked("uploads/u1/my beach.jpg", KEY)


def handle(views, *bodies: str, **changes) -> list[str]:
    """Process a batch of messages; return the ids of the failed ones."""
    fields = {
        "views": views,
        "deadline": Deadline(),
        "worker_counts": dict,
        "cold_starts": iter((1, 0, 0)),
    }
    records = [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]
    answer = FormatHandler(**fields | changes).handle({"Records": records}, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_message_has_its_file_made_and_the_log_tells(caplog):
    caplog.set_level(logging.INFO, logger="function")
    views = Views(found())
    assert handle(views, BODY, worker_counts=lambda: {"WorkersReplaced": 2}) == []
    assert views.asked == [KEY]
    (line,) = caplog.records
    assert (line.message, line.bytes, line.FormatsMade, line.FormatTime) == ("made", 4, 1, 9.5)
    assert (line.ColdStart, line.WorkersReplaced) == (1, 2)
    assert not hasattr(line, "_aws")


@pytest.mark.parametrize(("view", "told"), [(None, "gone"), (found(is_new=False), "superseded")])
def test_what_is_gone_or_there_is_acknowledged(caplog, view, told):
    caplog.set_level(logging.INFO, logger="function")
    assert handle(Views(view), BODY) == []
    (line,) = caplog.records
    assert (line.message, line.key, line.message_id) == (told, KEY, "m0")


def test_what_no_retry_makes_is_acknowledged_with_a_warning(caplog):
    assert handle(Views(Rejected(Reason.TOO_COMPLEX, "Too slow.")), BODY) == []
    (line,) = caplog.records
    assert (line.levelname, line.code, line.reason) == ("WARNING", "too_complex", "Too slow.")


@pytest.mark.parametrize(("error", "bugs"), [(OSError("S3 is down"), None), (DecoderBug("7"), 1)])
def test_a_failure_of_ours_comes_again_alone(caplog, error, bugs):
    assert handle(Views(error, found()), BODY, BODY) == ["m0"]
    line = caplog.records[0]
    assert (line.levelname, line.message, line.body, line.Failed) == ("ERROR", "failed", BODY, 1)
    assert line.exc_info[1] is error
    assert getattr(line, "DecoderBugs", None) == bugs


@pytest.mark.parametrize(
    "body",
    [
        *("", "[]", '{"Records": [{}]}', '{"Records": [{"eventSource": 1}]}'),
        s3_event("source", "uploads/u1/a.jpg", length=1, etag="e", sequencer="01"),
        json.dumps({"Event": "s3:TestEvent"}),
    ],
)
def test_a_message_that_is_not_ours_is_acknowledged_and_told(caplog, body):
    caplog.set_level(logging.INFO, logger="function")
    views = Views()
    assert handle(views, body) == []
    assert views.asked == []
    assert [record.message for record in caplog.records] == ["ignored"]


def test_an_attempt_ends_as_soon_as_a_first_view():
    deadline = Deadline()
    handle(Views(found()), BODY, deadline=deadline)
    assert 22 < deadline.left() <= 24
