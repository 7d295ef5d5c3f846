"""The example moderators by themselves; test_lambda_moderator.py runs the rules in Lambda.

Rekognition's answer is the one that AWS documents; the examples were not tried against Rekognition.
"""

import io
from datetime import UTC, datetime

import pytest

from tests.support.aws_client import Refusal, aws_client
from tests.support.moderators import load

UPLOAD = {
    "type": "image-pipeline.held",
    "key": "uploads/a.jpg",
    "width": 1600,
    "height": 1200,
    "format": "jpeg",
    "look": "https://bucket.example/look",
    "look_content_type": "image/jpeg",
    "looks_like_rejected": None,
}
APPROVED = "approve"


@pytest.fixture(scope="module")
def rules():
    return load("rules")


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        ({"format": "gif"}, "format gif"),
        ({"width": 199, "height": 400}, "only 199 pixels"),
        ({"width": 400, "height": 199}, "only 199 pixels"),
        ({"width": 601, "height": 200}, "601 x 200 is too long"),
        ({"width": 200, "height": 601}, "601 x 200 is too long"),
        ({"looks_like_rejected": {"key": "uploads/b.jpg"}, "format": "gif"}, "format gif"),
    ],
)
def test_what_breaks_a_rule_is_rejected(rules, upload, reason):
    assert rules.handle(UPLOAD | upload, None) == {"decision": "reject", "reason": reason}


@pytest.mark.parametrize("size", [(200, 200), (600, 200), (200, 600), (6000, 4000)])
def test_what_keeps_them_is_approved(rules, monkeypatch, size):
    monkeypatch.delenv("OPEN_HOURS", raising=False)
    upload = UPLOAD | {"width": size[0], "height": size[1]}
    assert rules.handle(upload, None)["decision"] == APPROVED


def test_what_looks_like_a_rejected_upload_is_left_to_people(rules):
    assert rules.handle(UPLOAD | {"looks_like_rejected": {"key": "uploads/b.jpg"}}, None) is None


@pytest.mark.parametrize(
    ("hours", "hour", "is_open"),
    [
        ("8-20", 8, True),
        ("8-20", 7, False),
        ("8-20", 19, True),
        ("8-20", 20, False),
        ("0-24", 0, True),
        ("0-24", 23, True),
        ("22-6", 23, True),
        ("22-6", 5, True),
        ("22-6", 12, False),
    ],
)
def test_in_open_hours_alone_it_approves(rules, monkeypatch, hours, hour, is_open):
    monkeypatch.setenv("OPEN_HOURS", hours)
    assert rules.is_open(datetime(2026, 1, 1, hour, 59, tzinfo=UTC)) is is_open


def test_outside_of_them_the_upload_waits(rules, monkeypatch):
    monkeypatch.setenv("OPEN_HOURS", "0-0")
    assert rules.handle(UPLOAD, None) is None


DOCUMENTED = {
    "ModerationModelVersion": "3.0",
    "ModerationLabels": [
        {"Confidence": 97.29618072509766, "ParentName": "Violence", "Name": "Weapon Violence"},
        {"Confidence": 97.29618072509766, "ParentName": "", "Name": "Violence"},
    ],
}
"""The output that "detect-moderation-labels" shows as its example (AWS CLI command reference, read
2026-11-28)."""


@pytest.fixture
def rekognition(monkeypatch):
    """Runs the example with an answer of Rekognition's; the look is these bytes."""
    module, asked = load("rekognition"), []

    def handle(answer, look=b"\xff\xd8look", **upload):
        def detect(**given):
            asked.append(given)
            return answer

        def client(service, region_name):
            assert (service, region_name) == ("rekognition", "eu-west-1")
            return aws_client("rekognition", detect_moderation_labels=detect)

        def fetch(url, timeout):
            assert (url, timeout) == (UPLOAD["look"], 5)
            return io.BytesIO(look)

        monkeypatch.setenv("REKOGNITION_REGION", "eu-west-1")
        monkeypatch.setattr(module.boto3, "client", client)
        monkeypatch.setattr(module.urllib.request, "urlopen", fetch)
        return module.handle(UPLOAD | upload, None)

    handle.asked, handle.module = asked, module
    return handle


def labels(*found):
    names = ("Name", "ParentName", "Confidence")
    return {"ModerationLabels": [dict(zip(names, label, strict=True)) for label in found]}


def test_the_answer_that_aws_documents_is_a_rejection(rekognition):
    answer = rekognition(DOCUMENTED)
    assert answer == {"decision": "reject", "reason": "Weapon Violence, 97 %"}
    assert rekognition.asked == [{"Image": {"Bytes": b"\xff\xd8look"}, "MinConfidence": 50.0}]


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (labels(), "approve"),
        (labels(("Violence", "", 89.9)), None),
        (labels(("Violence", "", 90.0)), "reject"),
        (labels(("Alcohol", "", 99.0)), "approve"),
        (labels(("Alcohol", "", 99.0), ("Drinking", "Alcohol", 99.0)), "approve"),
        (labels(("Alcohol", "", 99.0), ("Violence", "", 60.0)), None),
    ],
)
def test_people_decide_about_what_rekognition_is_not_sure_of(rekognition, answer, decision):
    found = rekognition(answer)
    assert (found and found["decision"]) == decision


def test_what_looks_like_a_rejected_upload_is_never_decided(rekognition):
    assert rekognition(labels(), looks_like_rejected={"key": "uploads/b.jpg"}) is None


def test_what_rekognition_does_not_take_is_left_to_people(rekognition):
    assert rekognition(labels(), look_content_type="image/webp") is None
    assert rekognition(labels(), look=b"x" * (5 * 1024 * 1024 + 1)) is None
    assert rekognition.asked == []
    assert rekognition(labels(), look=b"x" * (5 * 1024 * 1024))["decision"] == "approve"
    for code in (
        *("InvalidImageFormatException", "ImageTooLargeException"),
        "InvalidParameterException",
    ):
        assert rekognition(Refusal(code)) is None


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_other_refusals_are_failures_so_that_it_is_asked_again(rekognition, code):
    with pytest.raises(Exception, match=code):
        rekognition(Refusal(code))
