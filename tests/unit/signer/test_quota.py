"""Answers to a user who exceeds a quota; tests/local has DynamoDB's side of it."""

from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from signer.handler import Refused
from signer.quota import Quota

KEY = {"user": {"S": "alice"}, "day": {"S": "2026-11-27"}}
DAY_AFTER = int(datetime(2026, 11, 29, tzinfo=UTC).timestamp())


@pytest.fixture(autouse=True)
def _region(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def at(hour, minute, second=0):
    return datetime(2026, 11, 27, hour, minute, second, 500_000, tzinfo=UTC)


def asked(quota, size, now, *, conditions=ANY, values=ANY, held=None, retries=0):
    """Charge once; DynamoDB takes it, or refuses it because of what it holds."""
    request = {
        "TableName": "table",
        "Key": KEY,
        "UpdateExpression": "ADD #forms :one, #bytes :size SET #expires = :expires",
        "ConditionExpression": conditions,
        "ExpressionAttributeNames": {
            "#forms": f"forms{now:%H}",
            "#bytes": "bytes",
            "#expires": "expires",
        },
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with Stubber(quota.client) as dynamodb:
        if held is None:
            dynamodb.add_response("update_item", {}, request)
        else:
            dynamodb.add_client_error(
                "update_item",
                "ConditionalCheckFailedException",
                response_meta={"RetryAttempts": retries},
                modeled_fields={"Item": KEY | {k: {"N": str(v)} for k, v in held.items()}},
                expected_params=request,
            )
        quota.charge("alice", size, now)


def told(quota, now, size=1, **held):
    with pytest.raises(Refused) as refused:
        asked(quota, size, now, held=held)
    status, code, message, headers = refused.value.args
    assert status == 429
    return code, message, headers["Retry-After"]


HOUR = "(attribute_not_exists(#forms) OR #forms < :forms)"
DAY = "(attribute_not_exists(#bytes) OR #bytes <= :room)"
COUNTED = {":one": {"N": "1"}, ":size": {"N": "7"}, ":expires": {"N": str(DAY_AFTER)}}


@pytest.mark.parametrize(
    ("forms", "most", "conditions", "values"),
    [
        (9, 0, HOUR, {":forms": {"N": "9"}}),
        (0, 100, DAY, {":room": {"N": "93"}}),
        (9, 100, f"{HOUR} AND {DAY}", {":forms": {"N": "9"}, ":room": {"N": "93"}}),
    ],
)
def test_a_form_and_its_bytes_are_counted_in_one_conditional_update(
    forms, most, conditions, values
):
    quota = Quota("table", forms_per_hour=forms, bytes_per_day=most)
    asked(quota, 7, at(9, 5), conditions=conditions, values=COUNTED | values)


@pytest.mark.parametrize(
    ("now", "seconds", "wait"),
    [
        (at(9, 0), "3600", "60 min"),
        (at(9, 59, 29), "31", "1 min"),
        (at(23, 59, 59), "1", "1 min"),
    ],
)
def test_the_hour_s_quota_is_told_until_the_next_hour(now, seconds, wait):
    quota = Quota("table", forms_per_hour=1000, bytes_per_day=5)
    code, message, after = told(quota, now, **{f"forms{now:%H}": 1000, "bytes": 4})
    assert (code, after) == ("quota_per_hour", seconds)
    assert message == (
        f"You may send 1,000 uploads an hour, and they are used up. Try again in {wait}."
    )


@pytest.mark.parametrize(
    ("now", "seconds", "wait"),
    [
        (at(9, 0), "54000", "15 h"),
        (at(22, 30), "5400", "90 min"),
        (at(22, 29), "5460", "2 h"),
        (at(23, 59, 59), "1", "1 min"),
    ],
)
def test_the_day_s_quota_is_told_until_the_next_day(now, seconds, wait):
    quota = Quota("table", forms_per_hour=2, bytes_per_day=3_000_000)
    code, message, after = told(quota, now, **{f"forms{now:%H}": 1, "bytes": 3_000_000})
    assert (code, after) == ("quota_bytes_per_day", seconds)
    assert message == f"You may send 3 MB a day, and they are used up. Try again in {wait}."


def test_who_has_used_up_both_must_wait_for_the_day():
    quota = Quota("table", forms_per_hour=2, bytes_per_day=3_000_000)
    code, _, after = told(quota, at(9, 0), forms09=2, bytes=3_000_000)
    assert (code, after) == ("quota_bytes_per_day", "54000")


@pytest.mark.parametrize(
    ("most", "sent", "words"),
    [
        (1_500_000, 1_500_000, "You may send 1.5 MB a day, and they are used up."),
        (
            2_000_000_000,
            1_500_000_000,
            "You may send 2,000 MB a day, and this file is larger than what is left.",
        ),
    ],
)
def test_bytes_that_are_left_for_a_smaller_file_are_not_told_as_used_up(most, sent, words):
    quota = Quota("table", forms_per_hour=0, bytes_per_day=most)
    _, message, _ = told(quota, at(9, 0), size=most - sent + 1, bytes=sent)
    assert message == f"{words} Try again in 15 h."


def test_without_a_bound_on_forms_the_bytes_are_used_up():
    quota = Quota("table", forms_per_hour=0, bytes_per_day=3_000_000)
    assert told(quota, at(9, 0), forms09=500, bytes=3_000_000)[0] == "quota_bytes_per_day"


def test_a_user_of_another_hour_has_only_bytes():
    quota = Quota("table", forms_per_hour=1, bytes_per_day=3_000_000)
    assert told(quota, at(9, 0), forms08=1, bytes=3_000_000)[0] == "quota_bytes_per_day"


def test_a_second_attempt_that_finds_the_quota_used_up_may_have_used_it_itself():
    """Nobody saw the first attempt's answer, so it is no fault of the user's."""
    quota = Quota("table", forms_per_hour=9, bytes_per_day=0)
    with pytest.raises(ClientError):
        asked(quota, 1, at(10, 0), held={"forms10": 9}, retries=1)
