"""The index's way of asking DynamoDB; what DynamoDB answers is tried in tests/local."""

import json

import pytest

from function import index as module
from function.aws import Answer
from function.index import Entry, Index, IndexFailed

FOUND = {name: {"S": name} for name in ("bucket", "name", "since", "perceptual_hash", "recipe")}
OK = Answer(200, json.dumps({"Items": [FOUND]}).encode())
THROTTLED = Answer(400, b'{"__type":"com.amazonaws#ThrottlingException"}')
BROKEN = Answer(500, b"{}")
DENIED = Answer(400, b'{"__type":"com.amazonaws#AccessDeniedException"}')


class Host:
    """DynamoDB, with its answers written down beforehand."""

    def __init__(self, *answers: Answer) -> None:
        self.answers, self.requests = list(answers), []

    def request(self, method, path, headers, body=b""):
        self.requests.append((headers["x-amz-target"].partition(".")[2], json.loads(body)))
        return self.answers.pop(0)


@pytest.fixture
def ask(monkeypatch):
    """An index whose DynamoDB answers so, and the pauses that it made."""
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    pauses = []
    monkeypatch.setattr(module.time, "sleep", pauses.append)
    opened = []

    def make(*answers: Answer):
        index = Index("duplicates")
        index._host = Host(*answers)
        opened.append(index)
        return index, index._host, pauses

    yield make
    for index in opened:
        index._pool.shutdown()


def test_a_bucket_is_one_bounded_query(ask):
    index, host, _ = ask(OK)
    assert index.find(["sha256#1"]) == [
        Entry(
            bucket="bucket",
            name="name",
            since="since",
            perceptual_hash="perceptual_hash",
            recipe="recipe",
        )
    ]
    ((operation, request),) = host.requests
    assert (operation, request["TableName"], request["Limit"]) == ("Query", "duplicates", 1000)
    assert request["ExpressionAttributeValues"] == {":b": {"S": "sha256#1"}}


@pytest.mark.parametrize("busy", [THROTTLED, BROKEN], ids=["throttled", "broken"])
def test_a_busy_index_is_asked_again_after_longer_and_longer_pauses(ask, busy):
    index, _, pauses = ask(busy, busy, OK)
    assert len(index.find(["a"])) == 1
    assert pauses == [0.05, 0.1]


@pytest.mark.parametrize("answers", [[DENIED], [BROKEN] * 4], ids=["denied", "busy for long"])
def test_what_stays_refused_is_an_error_that_names_it(ask, answers):
    index, host, _ = ask(*answers)
    with pytest.raises(IndexFailed, match=f"DeleteItem: {answers[0].status}"):
        index.delete([("a", "b")])
    assert host.answers == []
