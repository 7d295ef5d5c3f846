"""Findings at the seam of AWS; tests/local/test_ops_doctor.py has them on a stack."""

import json

import pytest

from ops import wiring
from ops.stack import Stack
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS

ARN = "arn:aws:sqs:eu-west-1:123456789012:uploads"
UUID = "0" * 36
SENDS = {
    "Effect": "Allow",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Action": "sqs:SendMessage",
    "Resource": ARN,
    "Condition": {"ArnEquals": {"aws:SourceArn": "arn:aws:s3:::photos"}},
}


def test_a_command_names_the_region_of_the_stack():
    """An operator's default region need not be the stack's."""
    found = [{"UUID": UUID, "EventSourceArn": ARN, "State": "Disabled"}]
    lambda_ = aws_client("lambda", list_event_source_mappings={"EventSourceMappings": found})
    finding = wiring.mapping(Stack(outputs=OUTPUTS, client={"lambda": lambda_}.__getitem__))
    command = f"aws lambda update-event-source-mapping --uuid {UUID} --enabled --region eu-west-1"
    assert finding.fix == f"`{command}`"


def sending(statements):
    """Return the level of the finding on the queue's policy."""
    policy = json.dumps({"Statement": statements})
    sqs = aws_client("sqs", get_queue_attributes={"Attributes": {"Policy": policy}})
    return wiring.queue_policy(Stack(outputs=OUTPUTS, client={"sqs": sqs}.__getitem__)).level


@pytest.mark.parametrize("statements", [[SENDS], SENDS])
def test_one_statement_may_stand_by_itself(statements):
    assert sending(statements) == "ok"


def test_a_statement_about_all_but_some_is_not_one_about_s3():
    others = {key: value for key, value in SENDS.items() if key != "Principal"}
    others["NotPrincipal"] = {"AWS": "arn:aws:iam::123456789012:root"}
    assert sending([others]) == "fail"
    assert sending([others, SENDS]) == "ok"


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
    finding = wiring.notification(Stack(outputs=outputs, client=clients.__getitem__))
    assert finding.level == level
    assert finding.detail.startswith(detail)
