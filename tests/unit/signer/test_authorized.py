"""The signer of stacks with ``auth``: who gets a form, and what every failure is answered with."""

import base64
import importlib
import json
import sys
from datetime import UTC, datetime

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from signer import handler
from signer.handler import Refused
from tests.support.issuer import AUDIENCE
from tests.unit.signer.test_handler import event

WANTED = {"name": "beach.jpg", "type": "image/jpeg", "size": 5000}
LIMIT = 25_000_000


@pytest.fixture
def authorized(issuer, monkeypatch):
    """The module as a cold start loads it, without quotas."""
    variables = {
        "ISSUER": issuer.url,
        "AUDIENCE": AUDIENCE,
        "SOURCE_BUCKET": "bucket",
        "UPLOAD_URL": "https://bucket.example.com",
        "MAX_UPLOAD_BYTES": str(LIMIT),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client = boto3.client(
        "s3", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    monkeypatch.setattr(handler, "_s3", client)
    monkeypatch.delitem(sys.modules, "signer.authorized", raising=False)
    return importlib.import_module("signer.authorized")


class Counter:
    """A quota that keeps what is charged, or fails."""

    def __init__(self, failure=None):
        self.charged, self._failure = [], failure

    def charge(self, user, size):
        self.charged.append((user, size))
        if self._failure:
            raise self._failure


def asked(body, token=None, **how):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return {**event(body, **how), "headers": headers}


def told(answer):
    assert answer["headers"]["Cache-Control"] == "no-store"
    error = json.loads(answer["body"])["error"]
    assert error["message"].endswith((".", "}."))
    return answer["statusCode"], error["code"]


def test_a_form_binds_user_size_type_and_minute(authorized, issuer):
    answer = authorized.handle(asked(WANTED, issuer.token(sub="auth0|65f")), None)
    assert answer["statusCode"] == 200
    form = json.loads(answer["body"])
    uploads, user, _random, name = form["key"].split("/")
    assert (uploads, user, name) == ("uploads", "auth0_7c65f", "beach.jpg")
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert 50 < left.total_seconds() <= 60
    conditions = policy["conditions"]
    assert ["content-length-range", 5000, 5000] in conditions
    assert {"Content-Type": "image/jpeg"} in conditions
    assert {"key": form["key"]} in conditions


def test_who_does_not_sign_in_learns_nothing_else(authorized):
    for request_ in (asked(""), asked("{"), asked(WANTED, method="GET"), asked(WANTED)):
        assert told(authorized.handle(request_, None)) == (401, "sign_in")


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({**WANTED, "size": None}, 400, "size"),
        ({**WANTED, "size": "5000"}, 400, "size"),
        ({**WANTED, "size": 5000.0}, 400, "size"),
        ({**WANTED, "size": True}, 400, "size"),
        ({**WANTED, "size": 0}, 400, "size"),
        ({**WANTED, "size": -1}, 400, "size"),
        ({**WANTED, "size": LIMIT + 1}, 413, "size"),
        ({**WANTED, "type": "text/html"}, 415, "type"),
        ({"size": 1}, 400, "body"),
    ],
)
def test_what_is_never_signed_is_refused_and_not_counted(authorized, issuer, wanted, status, code):
    authorized.quota = counter = Counter()
    assert told(authorized.handle(asked(wanted, issuer.token()), None)) == (status, code)
    assert counter.charged == []


def test_the_largest_size_is_signed(authorized, issuer):
    answer = authorized.handle(asked({**WANTED, "size": LIMIT}, issuer.token()), None)
    assert answer["statusCode"] == 200


def test_a_form_is_counted_before_it_is_signed(authorized, issuer):
    authorized.quota = counter = Counter()
    assert authorized.handle(asked(WANTED, issuer.token()), None)["statusCode"] == 200
    assert counter.charged == [("alice", 5000)]
    authorized.quota = Counter(Refused(429, "quota_per_hour", "Later.", {"Retry-After": "7"}))
    answer = authorized.handle(asked(WANTED, issuer.token()), None)
    assert told(answer) == (429, "quota_per_hour")
    assert answer["headers"]["Retry-After"] == "7"


FAILURES = {
    "throttled": ClientError({"Error": {"Code": "ThrottlingException"}}, "UpdateItem"),
    "denied": ClientError({"Error": {"Code": "AccessDeniedException"}}, "UpdateItem"),
    "no answer": ConnectTimeoutError(endpoint_url="https://dynamodb"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_quota_that_cannot_be_counted_lets_nobody_in(authorized, issuer, name, caplog):
    authorized.quota = Counter(FAILURES[name])
    answer = authorized.handle(asked(WANTED, issuer.token()), None)
    assert told(answer) == (503, "unavailable")
    assert answer["headers"]["Retry-After"] == "30"
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_an_issuer_that_is_down_lets_nobody_in(authorized, issuer, caplog):
    issuer.stop()
    assert told(authorized.handle(asked(WANTED, issuer.token()), None)) == (503, "unavailable")
    issuer.start()
    assert "unavailable" in [record.message for record in caplog.records]


def test_no_token_gets_into_the_log(authorized, issuer, caplog):
    caplog.set_level("DEBUG")
    tokens = [issuer.token(), issuer.token(aud="others"), issuer.forged("none")]
    for token in tokens:
        authorized.handle(asked(WANTED, token), None)
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "alice" in logged
    assert "InvalidAudienceError" in logged
    for token in tokens:
        assert all(part not in logged for part in token.split(".") if part)


def test_a_bug_is_not_told_as_the_user_s_fault(authorized, issuer):
    """Lambda answers 502 and counts an error, which has an alarm."""
    authorized.quota = Counter(KeyError("bug"))
    with pytest.raises(KeyError):
        authorized.handle(asked(WANTED, issuer.token()), None)
