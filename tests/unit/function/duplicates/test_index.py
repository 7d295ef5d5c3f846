"""How the index asks DynamoDB; tests/local/test_storage_contract.py tries what DynamoDB answers."""

import json

import pytest

from function.duplicates.index import Entry, Index
from function.storage.errors import Refused

NAMES = ("bucket", "name", "since", "perceptual_hash", "recipe")
OK = (200, json.dumps({"Items": [{name: {"S": name} for name in NAMES}]}).encode())
THROTTLED = (400, b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}')
BROKEN = (500, b"{}")
DENIED = (400, b'{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"Ask: IAM"}')
MISLEADING = (400, b'{"__type":"a#ValidationException","message":"no ThrottlingException"}')


@pytest.fixture
def index(aws_server):
    return Index("duplicates")


@pytest.fixture
def pauses(monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    return pauses


def test_a_bucket_is_one_bounded_query(index, aws_server):
    aws_server.answers = [OK]
    assert index.find(["sha256#1"]) == [Entry(**{name: name for name in NAMES})]
    ((headers, body),) = aws_server.received
    request = json.loads(body)
    assert headers["x-amz-target"] == "DynamoDB_20120810.Query"
    assert (request["TableName"], request["Limit"]) == ("duplicates", 1000)
    assert request["ExpressionAttributeValues"] == {":b": {"S": "sha256#1"}}


ENTRY = Entry(bucket="sha256#1", name="a.jpg", since="1", perceptual_hash="f", recipe="r")


def test_an_entry_keeps_its_since(index, aws_server):
    """An upload that is processed again is no later than it was."""
    aws_server.answers = [(200, b"{}")]
    index.put([ENTRY])
    ((headers, body),) = aws_server.received
    request = json.loads(body)
    assert headers["x-amz-target"] == "DynamoDB_20120810.UpdateItem"
    assert request["Key"] == {"bucket": {"S": "sha256#1"}, "name": {"S": "a.jpg"}}
    assert request["UpdateExpression"].startswith("SET #s = if_not_exists(#s, :s),")
    values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
    assert values == {":s": "1", ":p": "f", ":r": "r"}


def test_every_entry_is_sent_and_every_key_is_deleted(index, aws_server):
    aws_server.answers = [(200, b"{}")]
    index.put(ENTRY.replace(name=name) for name in "abc")
    index.delete(("sha256#1", name) for name in "def")
    names = [json.loads(body)["Key"]["name"]["S"] for _headers, body in aws_server.received]
    assert sorted(names) == [*"abcdef"]


def test_all_buckets_are_read(index, aws_server):
    aws_server.answers = [OK]
    assert len(index.find(f"near#0#{number}" for number in range(24))) == 24


@pytest.mark.parametrize("busy", [THROTTLED, BROKEN], ids=["throttled", "broken"])
def test_a_busy_index_is_asked_again_after_longer_and_longer_pauses(
    index, aws_server, pauses, busy
):
    aws_server.answers = [busy, busy, OK]
    assert len(index.find(["a"])) == 1
    assert pauses == [0.1, 0.2]


@pytest.mark.parametrize(
    ("answer", "attempts", "message"),
    [
        (DENIED, 1, "400, AccessDeniedException: Ask: IAM"),
        (MISLEADING, 1, "400, ValidationException: no ThrottlingException"),
        (BROKEN, 10, "500, no code: "),
    ],
    ids=["denied", "denied in words of a retry", "busy for long"],
)
def test_what_stays_refused_is_an_error_that_names_it(
    index, aws_server, pauses, answer, attempts, message
):
    aws_server.answers = [answer]
    with pytest.raises(Refused) as refusal:
        index.delete([("a", "b")])
    expected = f"AWS refused DynamoDB_20120810.DeleteItem with status {message}"
    assert str(refusal.value) == expected
    assert (len(aws_server.asked), len(pauses)) == (attempts, attempts - 1)


@pytest.mark.parametrize("added", [{"N": "1"}, {"S": "text"}, {"M": {}}, {"NULL": True}], ids=str)
def test_an_index_entry_with_an_unknown_attribute_is_read(aws_server, added):
    names = ("bucket", "name", "since", "perceptual_hash", "recipe")
    item = {"added_later": added, **{name: {"S": name} for name in names}}
    aws_server.answers = [(200, json.dumps({"Items": [item]}).encode())]
    assert Index("duplicates").find(["sha256#1"]) == [Entry(**{name: name for name in names})]
