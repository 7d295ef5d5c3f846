import time

import pytest
from botocore.exceptions import WaiterError

from ops import invalidation
from ops.scope import Scope
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS

CDN = OUTPUTS | {"deliveryUrl": "https://d1.cloudfront.net", "distributionId": "D1"}
BUSY = Refusal("TooManyInvalidationsInProgress")


@pytest.mark.parametrize(
    ("key", "paths"),
    [
        ("uploads/u1/beach.jpg", ["/u1/beach.jpg/*"]),
        ("uploads/auth0_7c65f/", ["/auth0_7c65f/*"]),
        ("uploads/my \u00e9t\u00e9 #1.jpg", ["/my%20%C3%A9t%C3%A9%20%231.jpg/*"]),
        ("uploads/a+b.jpg", ["/a%2Bb.jpg/*", "/a+b.jpg/*"]),
        ("uploads/a*.jpg", ["/a%2A.jpg/*", "/a*.jpg/*"]),
    ],
)
def test_a_wildcard_covers_an_upload_as_its_manifest_writes_it_and_as_rfc_1738_does(key, paths):
    assert invalidation.paths(Scope(key=key)) == paths


def stack(*answers, outputs=CDN):
    given = iter(answers)
    client = aws_client("cloudfront", create_invalidation=lambda **_asked: next(given))
    return Stack(outputs=outputs, client={"cloudfront": client}.__getitem__)


MADE = {
    "Invalidation": {
        "Id": "I1",
        "Status": "InProgress",
        "CreateTime": "2026-11-27T00:00:00Z",
        "InvalidationBatch": {"Paths": {"Quantity": 1}, "CallerReference": "x"},
    }
}


def test_while_too_many_are_in_progress_it_waits():
    waits = []
    assert invalidation.start(stack(BUSY, BUSY, MADE), "D1", SCOPE, waits.append) == "I1"
    assert waits == [20, 20]


SCOPE = Scope(key="uploads/u1/")


def test_it_does_not_wait_for_ever():
    busy = stack(*[BUSY] * 100)
    with pytest.raises(Failure, match="too many invalidations of D1 in progress for 15 minutes"):
        invalidation.start(busy, "D1", SCOPE, lambda _seconds: None)


def test_another_refusal_is_raised():
    refused = stack(Refusal("AccessDenied", 403))
    with pytest.raises(Exception, match="AccessDenied"):
        invalidation.start(refused, "D1", SCOPE)


def test_the_outputs_say_whether_there_is_a_cdn():
    assert invalidation.distribution_of(stack()) == "D1"
    bucket = OUTPUTS["destinationBucket"]
    for url in (f"https://{bucket}.s3.amazonaws.com", f"http://127.0.0.1:4566/{bucket}"):
        public = OUTPUTS | {"deliveryUrl": url}
        assert invalidation.distribution_of(stack(outputs=public)) is None


def test_outputs_from_before_they_named_the_cdn_are_not_taken_for_none():
    old = {name: value for name, value in CDN.items() if name != "distributionId"}
    old["destinationBucket"] = "renditions"
    with pytest.raises(Failure, match="without its distributionId; run `pulumi up`"):
        invalidation.distribution_of(stack(outputs=old))


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (MADE, Failure, r"not completed the invalidation I1 of D1 yet \(InProgress\); run the"),
        (Refusal("AccessDenied", 403), WaiterError, "AccessDenied"),
    ],
)
def test_an_invalidation_that_is_not_completed_is_told_with_its_cause(
    monkeypatch, answer, error, told
):
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    client = aws_client("cloudfront", get_invalidation=answer)
    waiting = Stack(outputs=CDN, client={"cloudfront": client}.__getitem__)
    with pytest.raises(error, match=told):
        invalidation.wait(waiting, "D1", "I1")
