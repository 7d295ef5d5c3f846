"""Findings at the seam of AWS; tests/local/test_ops_doctor.py has them on a stack."""

import json

import pytest

from ops import announced
from ops.stack import Stack
from pipeline.permissions import service_policies
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS

ACCOUNT = "123456789012"
ARN = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:uploads"
BUCKET, RULE = "arn:aws:s3:::photos", f"arn:aws:events:eu-west-1:{ACCOUNT}:rule/uploads"
DEPLOYED = service_policies.upload_queue(ARN, BUCKET, ACCOUNT)["Statement"]
BRIDGED = service_policies.bridged_queue(ARN, RULE)["Statement"]
SENDS = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": ARN,
    "Condition": {"ArnEquals": {"aws:SourceArn": BUCKET}},
}


def rule(**more):
    """The stack's rule, as EventBridge describes it."""
    pattern = {
        "detail-type": ["Object Created", "Object Deleted"],
        "detail": {
            "bucket": {"name": ["photos"]},
            "object": {"key": [{"prefix": "uploads/"}]},
        },
    }
    return {"Arn": RULE, "State": "ENABLED", "EventPattern": json.dumps(pattern)} | more


def finding(statements, rules=None):
    """Return the finding on the queue's policy; with rules, of a stack with an adopted source."""
    policy = json.dumps({"Statement": statements}) if statements else ""
    attributes = {"Policy": policy, "QueueArn": ARN}
    described = {f"r{number}": each for number, each in enumerate(rules or [])}
    clients = {
        "sqs": aws_client("sqs", get_queue_attributes={"Attributes": attributes}),
        "events": aws_client(
            "events",
            list_rule_names_by_target={"RuleNames": [*described]},
            describe_rule=lambda Name: described[Name],  # noqa: N803 - EventBridge's name
        ),
    }
    outputs = OUTPUTS | ({} if rules is None else {"adoptedBuckets": "source"})
    return announced.queue_policy(Stack(outputs=outputs, client=clients.__getitem__))


def sending(statements, rules=None):
    return finding(statements, rules).level


@pytest.mark.parametrize("statements", [DEPLOYED, [SENDS], SENDS])
def test_what_s3_needs_may_be_one_statement_by_itself(statements):
    assert sending(statements) == "ok"


def test_what_eventbridge_needs_is_a_statement_about_its_rule():
    assert sending(BRIDGED, [rule()]) == "ok"
    assert sending(DEPLOYED, [rule()]) == "fail"
    assert sending(BRIDGED, [rule(Arn=f"{RULE}-other")]) == "fail"
    assert sending(BRIDGED, [rule(State="DISABLED")]) == "fail"
    assert sending(BRIDGED, []) == "fail"
    # The rule that has the function measure what waits does not announce uploads.
    clock = rule(Arn=f"{RULE}-held", EventPattern="{}")
    assert sending(service_policies.bridged_queue(ARN, clock["Arn"])["Statement"], [clock]) == (
        "fail"
    )
    assert sending(BRIDGED, [clock, rule()]) == "ok"


def test_a_statement_about_all_but_some_is_not_one_about_s3():
    others = {key: value for key, value in SENDS.items() if key != "Principal"}
    others["NotPrincipal"] = {"AWS": "arn:aws:iam::123456789012:root"}
    assert sending([others]) == "fail"
    assert sending([others, SENDS]) == "ok"


def condition(operator, key, value):
    return {"Condition": {operator: {key: value}}}


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Deny"},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Principal": {"AWS": "s3.amazonaws.com"}},
        {"Action": "sqs:ReceiveMessage"},
        {"Resource": ARN.replace("uploads", "others")},
        condition("ArnEquals", "aws:SourceArn", f"{BUCKET}-other"),
        condition("ArnEquals", "aws:SourceArn", "arn:aws:s3:::photo"),
        condition("StringEquals", "aws:SourceAccount", "210987654321"),
        condition("StringNotEquals", "aws:SourceAccount", ACCOUNT),
        condition("StringEquals", "aws:PrincipalOrgID", "o-1"),
        condition("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        condition("Bool", "aws:SecureTransport", "false"),
    ],
)
def test_a_statement_that_lets_s3_do_nothing_is_none(change):
    """Each of these passed when only the bucket's name was looked for in the condition."""
    assert sending([SENDS | change]) == "fail"


@pytest.mark.parametrize(
    "change",
    [
        {"Action": ["sqs:GetQueueUrl", "SQS:Send*"]},
        {"Action": "sqs:*"},
        {"Resource": "*"},
        {"Resource": f"arn:aws:sqs:*:{ACCOUNT}:upl?ads"},
        {"Principal": {"Service": ["sns.amazonaws.com", "s3.amazonaws.com"]}},
        condition("ArnLike", "aws:sourceArn", ["arn:aws:s3:::x", "arn:aws:s3:*:*:photos"]),
        condition("StringEquals", "AWS:SourceAccount", [ACCOUNT]),
        condition("StringEqualsIfExists", "aws:SourceAccount", ACCOUNT),
    ],
)
def test_a_statement_that_lets_s3_send_is_one_in_any_spelling(change):
    assert sending([SENDS | change]) == "ok"


@pytest.mark.parametrize(
    ("denied", "level"),
    [
        ({}, "fail"),
        ({"Principal": {"AWS": "*"}}, "fail"),
        ({"Principal": {"Service": "s3.amazonaws.com"}}, "fail"),
        (condition("StringNotEquals", "aws:PrincipalAccount", ACCOUNT), "fail"),
        (condition("Bool", "aws:SecureTransport", "false"), "ok"),
        (condition("Bool", "aws:PrincipalIsAWSService", "false"), "ok"),
        (condition("StringNotEquals", "aws:SourceAccount", ACCOUNT), "ok"),
        ({"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}, "ok"),
        ({"Action": "sqs:ReceiveMessage"}, "ok"),
    ],
)
def test_a_statement_that_denies_it_counts(denied, level):
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": ARN} | denied
    assert sending([SENDS, deny]) == level


@pytest.mark.parametrize("condition", [{}, {"StringLike": {"aws:SourceArn": "arn:aws:s3:::*"}}])
def test_s3_may_not_send_for_the_buckets_of_others(condition):
    found = finding([SENDS | {"Condition": condition}])
    assert (found.level, found.detail) == (
        "warn",
        "S3 may send for the source bucket, and for other accounts",
    )


def test_a_queue_without_a_policy_takes_nothing():
    assert sending([]) == "fail"


@pytest.mark.parametrize(
    ("owner", "level", "detail"),
    [
        ("123456789012", "fail", "no rule of EventBridge announces uploads to the queue"),
        ("210987654321", "fail", "photos is not of the account 123456789012, or you may not list"),
    ],
)
def test_a_bucket_of_another_account_sends_its_events_there(owner, level, detail):
    def look(ExpectedBucketOwner, **_bucket):  # noqa: N803 - S3's name
        return {} if ExpectedBucketOwner == owner else Refusal("403", 403)

    bridged = {"EventBridgeConfiguration": {}}
    s3 = aws_client("s3", get_bucket_notification_configuration=bridged, head_bucket=look)
    arn = {"Attributes": {"QueueArn": "arn:aws:sqs:eu-west-1:123456789012:uploads"}}
    clients = {
        "s3": s3,
        "sqs": aws_client("sqs", get_queue_attributes=arn),
        "events": aws_client("events", list_rule_names_by_target={"RuleNames": []}),
    }
    outputs = OUTPUTS | {"adoptedBuckets": "source"}
    found = announced.notification(Stack(outputs=outputs, client=clients.__getitem__))
    assert found.level == level
    assert found.detail.startswith(detail)
