"""Held uploads are sent to a queue, a topic or a function."""

import json
import threading
import traceback
from datetime import UTC, datetime
from http.client import HTTPSConnection
from urllib.parse import parse_qs

import pytest

from function.contract import Verdict
from function.moderation_record import moment
from function.moderator import Moderator, ModeratorFailed
from function.storage.deadline import Deadline
from function.storage.errors import Refused
from tests.unit.function.test_moderation import HELD_1

QUEUE = "arn:aws:sqs:us-east-1:123456789012:looks"
TOPIC = "arn:aws:sns:us-east-1:123456789012:looks"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:rules"


def moderator(arn: str) -> Moderator:
    return Moderator(arn, "source", lambda held: f"https://look/{held.version_id}", Deadline())


def test_a_queue_gets_what_a_moderator_needs(aws_server):
    assert moderator(QUEUE)(HELD_1) is None
    sent = json.loads(aws_server.received[0][1])
    assert sent["QueueUrl"] == "https://sqs.us-east-1.amazonaws.com/123456789012/looks"
    told = json.loads(sent["MessageBody"])
    assert told == {
        "type": "image-pipeline.held",
        "bucket": "source",
        "key": "uploads/u1/beach.jpg",
        "version_id": "1",
        "held_at": "2026-01-01T00:00:00Z",
        "bytes": 9,
        "width": 2,
        "height": 3,
        "format": "png",
        "look": "https://look/1",
        "look_seconds": 300,
        "look_content_type": "image/jpeg",
        "looks_like_rejected": {"key": "uploads/u2/a.jpg", "version_id": "ff", "distance": 3},
    }


def test_a_topic_gets_the_same(aws_server):
    aws_server.answers = [(200, b"<PublishResponse/>")]
    assert moderator(TOPIC)(HELD_1.replace(looks_like_rejected=None)) is None
    fields = parse_qs(aws_server.received[0][1].decode())
    assert (fields["Action"], fields["TopicArn"]) == (["Publish"], [TOPIC])
    told = json.loads(fields["Message"][0])
    assert (told["version_id"], told["looks_like_rejected"]) == ("1", None)


@pytest.mark.parametrize("arn", [QUEUE, TOPIC, FUNCTION])
def test_a_moderator_in_another_region_is_asked_there(aws_server, monkeypatch, arn):
    aws_server.answers = [(200, b"null")]
    moderator(arn.replace("us-east-1", "eu-west-1"))(HELD_1)
    signed = {name.lower(): value for name, value in aws_server.received[0][0].items()}
    service = arn.split(":")[2]
    assert f"/eu-west-1/{service}/aws4_request" in signed["authorization"]
    for name in ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{service.upper()}"):
        monkeypatch.delenv(name, raising=False)

    def refuse(connection, *_request):
        raise LookupError(connection.host)

    monkeypatch.setattr(HTTPSConnection, "request", refuse)
    with pytest.raises(LookupError, match=f"^{service}.eu-west-1.amazonaws.com$"):
        moderator(arn.replace("us-east-1", "eu-west-1"))(HELD_1)


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_function_may_decide_at_once(aws_server, decision):
    answer = {"decision": decision, "reason": "because"}
    aws_server.answers = [(200, json.dumps(answer).encode())]
    found = moderator(FUNCTION)(HELD_1)
    assert (found.verdict, found.reason, found.by) == (Verdict(decision), "because", FUNCTION)
    assert aws_server.asked[0][:2] == ("POST", f"/2015-03-31/functions/{FUNCTION}/invocations")
    assert json.loads(aws_server.received[0][1])["key"] == HELD_1.key


@pytest.mark.parametrize("answer", [b"null", b""])
def test_a_function_may_leave_it_to_others(aws_server, answer):
    aws_server.answers = [(200, answer)]
    assert moderator(FUNCTION)(HELD_1) is None


@pytest.mark.parametrize(
    "answer",
    [
        b'{"errorMessage": "name x", "errorType": "NameError"}',
        b'{"decision": "hold"}',
        b'{"decision": "yes"}',
        b'"approve"',
        b"[]",
        b"not JSON",
        b"[" * 100_000,
        b'{"look": "https://look/1", "width": 2, "sent": "back as it came"}',
    ],
)
def test_what_is_no_decision_is_a_failure_that_repeats_nothing_of_it(aws_server, answer):
    aws_server.answers = [(200, answer)]
    with pytest.raises(ModeratorFailed, match="rules") as failure:
        moderator(FUNCTION)(HELD_1)
    logged = "".join(traceback.format_exception(failure.value))
    assert not [told for told in ("https://look", "NameError", "not JSON") if told in logged]


@pytest.mark.parametrize("arn", [QUEUE, TOPIC, FUNCTION])
def test_a_moderator_who_cannot_be_reached_is_a_failure(aws_server, arn):
    aws_server.answers = [(403, b"{}")]
    with pytest.raises(Refused):
        moderator(arn)(HELD_1)


def test_a_function_may_take_all_the_time_that_is_left_and_is_asked_once(aws_server):
    """Another request would be given up after a second, and sent again.

    The answer is dated when it was asked for, so a person who decides meanwhile is not overruled.
    """
    deadline = Deadline()
    deadline.start(3, 1)
    assert deadline.timeout() == 1
    aws_server.answers = [(200, b'{"decision": "approve"}')]
    aws_server.answering.clear()
    meanwhile = []

    def let_answer() -> None:
        meanwhile.append(moment(datetime.now(UTC)))
        aws_server.answering.set()

    timer = threading.Timer(1.5, let_answer)
    timer.start()
    ask = Moderator(FUNCTION, "source", lambda _held: "https://look", deadline)
    found = ask(HELD_1)
    timer.join()
    assert found.verdict == Verdict.APPROVE
    assert found.at < meanwhile[0]
    assert len(aws_server.asked) == 1


def test_a_function_that_takes_longer_is_not_asked_again_in_the_same_invocation(aws_server):
    deadline = Deadline()
    deadline.start(1.5, 1)
    aws_server.answering.clear()
    ask = Moderator(FUNCTION, "source", lambda _held: "https://look", deadline)
    with pytest.raises(TimeoutError):
        ask(HELD_1)
    assert len(aws_server.asked) == 1
