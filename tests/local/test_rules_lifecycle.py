"""Lifecycle rules that Amazon S3 refuses, over HTTP."""

import pytest

from tests.local.calling import answer

BUCKET = "rules-lifecycle"
TAG = {"Tag": {"Key": "a", "Value": "b"}}
ABORT = {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}
MARKERS = {"Expiration": {"ExpiredObjectDeleteMarker": True}}


@pytest.fixture(scope="module")
def s3(bare):
    s3 = bare.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    return s3


def put(s3, *rules):
    given = [
        {"ID": f"{n}", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule}
        for n, rule in enumerate(rules)
    ]
    configuration = {"Rules": given}
    call = s3.put_bucket_lifecycle_configuration
    return answer(call, Bucket=BUCKET, LifecycleConfiguration=configuration)


def moves(**days):
    return {"Transitions": [{"Days": n, "StorageClass": name} for name, n in days.items()]}


@pytest.mark.parametrize(
    "rule",
    [
        moves(STANDARD_IA=30),
        moves(GLACIER_IR=0),
        moves(GLACIER_IR=90, STANDARD_IA=60),
        moves(STANDARD_IA=30, INTELLIGENT_TIERING=60, GLACIER_IR=61),
        moves(STANDARD_IA=30) | {"Expiration": {"Days": 31}},
        {"Filter": TAG, "Expiration": {"Days": 1}},
        ABORT | MARKERS,
    ],
)
def test_what_s3_takes_is_taken(s3, rule):
    assert put(s3, rule) == (200, "")


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (moves(STANDARD_IA=29), "InvalidArgument"),
        (moves(ONEZONE_IA=29), "InvalidArgument"),
        (moves(STANDARD_IA=30, GLACIER_IR=59), "InvalidArgument"),
        (moves(GLACIER_IR=30, STANDARD_IA=90), "InvalidArgument"),
        (moves(INTELLIGENT_TIERING=30, STANDARD_IA=90), "InvalidArgument"),
        (moves(GLACIER_IR=30, GLACIER=30), "InvalidArgument"),
        (moves(STANDARD_IA=30) | {"Expiration": {"Days": 30}}, "InvalidArgument"),
        (moves(STANDARD=30), "MalformedXML"),
        ({"Filter": TAG} | ABORT, "InvalidRequest"),
        ({"Filter": TAG} | MARKERS, "InvalidRequest"),
        ({"Filter": {"And": {"Prefix": "a", "Tags": [TAG["Tag"]]}}} | MARKERS, "InvalidRequest"),
        ({"Expiration": {"ExpiredObjectDeleteMarker": True, "Days": 1}}, "MalformedXML"),
        ({"Expiration": {"Days": 0}}, "InvalidArgument"),
    ],
)
def test_what_s3_refuses_is_refused(s3, rule, code):
    assert put(s3, rule) == (400, code)


def test_two_rules_of_one_name_are_refused(s3):
    assert put(s3, ABORT, ABORT | {"ID": "0"}) == (400, "InvalidArgument")
