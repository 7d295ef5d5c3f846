from types import SimpleNamespace

import botocore.exceptions
import pytest

from bench.accept import cloud, denied
from bench.accept.clone import Clone
from bench.accept.live import Live
from bench.accept.steps import StepFailed
from ops.stack import Stack
from pipeline.settings import Settings

EMBEDDED = Clone(name="x", content={"config": {"aws:endpoints": [{"s3": "http://x"}]}})
AMAZON = Clone(name="x", content={})
OUTPUTS = {
    "sourceBucket": "source",
    "destinationBucket": "destination",
    "uploadEndpoint": "http://in",
    "deliveryUrl": "http://out",
}
ALWAYS = {
    ("get_object", "source", "uploads/1.jpg"),
    ("delete_object", "source", "uploads/1.jpg"),
    ("list_objects_v2", "source", None),
    ("put_object", "source", "other/accept.jpg"),
    ("put_object", "source", "uploads/_index/accept"),
    ("put_object", "destination", "1.jpg/a.webp"),
    ("delete_object", "destination", "1.jpg/a.webp"),
    ("list_objects_v2", "destination", None),
    ("get_object", "destination", "_index/accept"),
}
FORM = ("put_object", "source", "uploads/accept.jpg")
PAST_CDN = ("get_object", "destination", "1.jpg/a.webp")


class Stranger:
    """A client that notes what is asked, and is answered as told."""

    def __init__(self, statuses):
        self.asked, self._statuses = set(), statuses

    def __getattr__(self, name):
        def call(Bucket, Key=None, **_rest):  # noqa: N803 (boto3's names)
            asked = (name, Bucket, Key)
            self.asked.add(asked)
            answer = {"ResponseMetadata": {"HTTPStatusCode": self._statuses.get(asked, 403)}}
            if answer["ResponseMetadata"]["HTTPStatusCode"] < 300:
                return answer
            raise botocore.exceptions.ClientError(answer, name)

        return call


@pytest.fixture
def try_all(monkeypatch):
    def check(clone=EMBEDDED, statuses=None, public=403, **settings):
        strangers = {encrypted: Stranger(statuses or {}) for encrypted in (True, False)}
        written = []
        listed = {
            "source": ["uploads/1.jpg"],
            "destination": ["0.jpg/manifest.json", "_index/near/1", "1.jpg/a.webp", "1.jpg/b.webp"],
        }

        def paginate(Bucket, Prefix):  # noqa: N803
            assert Prefix == ("uploads/" if Bucket == "source" else "")
            return [{}, *({"Contents": [{"Key": key}]} for key in listed[Bucket])]

        owner = SimpleNamespace(
            get_paginator=lambda name: {"list_objects_v2": SimpleNamespace(paginate=paginate)}[
                name
            ],
            put_object=lambda **where: written.append(where),
        )
        live = Live(
            clone=clone,
            settings=Settings(**settings),
            stack=Stack(outputs=OUTPUTS, client=lambda _service: owner),
            prices=None,
        )
        stranger = lambda _clone, is_encrypted=True: strangers[is_encrypted]  # noqa: E731
        monkeypatch.setattr(cloud, "stranger", stranger)
        urls = []
        monkeypatch.setattr(denied, "request", lambda *a: (urls.append(a), (public, b""))[1])
        outcome = denied.check(live)
        assert urls == [("GET", "http://out/_index/accept")]
        assert written == [{"Bucket": "destination", "Key": "_index/accept", "Body": b"accept"}]
        return outcome, strangers[True].asked, strangers[False].asked

    return check


def test_a_public_stack(try_all):
    outcome, asked, plain = try_all()
    assert asked == ALWAYS
    assert plain == set()
    assert outcome.figures.statuses.keys() >= {"read an upload", "read the index"}
    assert set(outcome.figures.statuses.values()) == {403}
    assert outcome.detail == (
        "10 actions of strangers refused; "
        "plain HTTP not tried: the embedded AWS speaks nothing else"
    )


def test_a_private_stack(try_all):
    _outcome, asked, _plain = try_all(uploads="presigned", delivery="cdn", public=404)
    assert asked == ALWAYS | {FORM, PAST_CDN}


def test_plain_http_is_tried_on_aws(try_all):
    outcome, asked, plain = try_all(AMAZON)
    assert (asked, plain) == (ALWAYS, {FORM, PAST_CDN})
    assert outcome.detail == "12 actions of strangers refused"


@pytest.mark.parametrize("action", sorted(ALWAYS, key=str))
@pytest.mark.parametrize("status", [200, 204, 404, 500])
def test_an_action_that_is_not_refused_fails(try_all, action, status):
    with pytest.raises(StepFailed, match=rf": answered with {status}, and has to be refused"):
        try_all(statuses={action: status})


def test_an_index_that_anyone_reads_fails(try_all):
    with pytest.raises(StepFailed, match="read the index by the public door: answered with 200"):
        try_all(public=200)
