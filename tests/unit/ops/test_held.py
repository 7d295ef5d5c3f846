"""The doctor's look at what waits for a moderator, and at who else may see it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from function.contract import LONG_WAIT_SECONDS
from function.engine.renditions import DEFAULT_RENDITIONS
from ops import held, waiting
from ops.stack import Stack
from ops.waiting import Waiting
from pipeline.permissions import bucket_policies
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS

STACK = Stack(outputs=OUTPUTS, client=lambda _service: pytest.fail("AWS was asked"))


@pytest.mark.parametrize(
    ("count", "seconds", "is_all", "level", "detail"),
    [
        (0, None, True, "ok", "none waits for a moderator"),
        (1, 7200, True, "ok", "1 upload waits for a moderator, the oldest for 2 h"),
        (2, LONG_WAIT_SECONDS - 60, True, "ok", "2 uploads wait for a moderator, the oldest for"),
        (2, LONG_WAIT_SECONDS + 60, True, "warn", "2 uploads wait for a moderator, the oldest"),
        (5000, 60, False, "warn", "more than 5,000 uploads wait for a moderator, the oldest for"),
        (1, -60, True, "ok", "1 upload waits for a moderator, the oldest for 0 s"),
    ],
)
def test_how_many_wait_and_how_long(monkeypatch, count, seconds, is_all, level, detail):
    since = None if seconds is None else datetime.now(UTC) - timedelta(seconds=seconds)
    found = Waiting(count=count, since=since, is_all=is_all)
    monkeypatch.setattr(waiting, "count", lambda _stack: found)
    finding = held.held_uploads(STACK)
    assert (finding.level, finding.check) == (level, "held uploads")
    assert finding.detail.startswith(detail)
    assert ("ops moderate list" in finding.fix) is (level == "warn")


BUCKET = OUTPUTS["destinationBucket"]
ARN = f"arn:aws:s3:::{BUCKET}"


def privacy(*statements, adopted=False):
    answer = {"Policy": json.dumps({"Statement": list(statements)})} if statements else None
    s3 = aws_client("s3", get_bucket_policy=answer or Refusal("NoSuchBucketPolicy", 404))
    outputs = OUTPUTS | ({"adoptedBuckets": "destination"} if adopted else {})
    return held.held_privacy(Stack(outputs=outputs, client={"s3": s3}.__getitem__))


def allow(action="s3:GetObject", resource=f"{ARN}/*", principal="*", **more):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource}
    return statement | more


CDN = {"Service": "cloudfront.amazonaws.com"}
DENY = allow(resource=f"{ARN}/_index/*") | {"Effect": "Deny"}


@pytest.mark.parametrize("distribution", ["", "arn:aws:cloudfront::1:distribution/E1"])
def test_the_stack_s_own_policy_lets_readers_get_nothing_of_it(distribution):
    document = bucket_policies.destination(
        ARN, "123456789012", distribution, renditions=DEFAULT_RENDITIONS
    )
    assert {each["Effect"] for each in document["Statement"]} == {"Allow", "Deny"}
    assert privacy(*document["Statement"]).level == "ok"


@pytest.mark.parametrize(
    "statement",
    [
        allow(),
        allow(principal={"AWS": "*"}),
        allow(principal={"AWS": ["arn:aws:iam::123456789012:root", "*"]}),
        allow(principal=CDN),
        allow(principal=CDN, Condition={"StringEquals": {"AWS:SourceArn": "x"}}),
        allow(action=["s3:PutObject", "s3:Get*"]),
        allow(action="S3:GETOBJECT"),
        allow(action="s3:GetObjectVersion"),
        allow(action="*"),
        allow(resource="*"),
        allow(resource=[f"{ARN}/a/*", f"{ARN}/_index/moderation/held/*"]),
        allow(resource=f"{ARN}/*.look"),
        allow(resource=f"arn:aws-cn:s3:::{BUCKET}/_in?ex/*.json"),
        allow(action="s3:ListBucket", resource=ARN),
        allow(action="s3:List*", resource=ARN),
        {"Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject", "Resource": f"{ARN}/*"},
        {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "NotResource": f"{ARN}/a/*"},
        {"Effect": "Allow", "NotPrincipal": CDN, "Action": "s3:*", "Resource": f"{ARN}/*"},
    ],
)
def test_a_policy_that_lets_readers_get_it_is_a_failure(statement):
    finding = privacy(statement)
    assert (finding.level, finding.check) == ("fail", "held privacy")
    assert "lets readers" in finding.detail
    insecure = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert privacy(DENY | insecure, statement).level == "fail"
    assert "pulumi up" in finding.fix
    assert "destinationPolicy" in privacy(statement, adopted=True).fix


@pytest.mark.parametrize(
    "statement",
    [
        allow(principal={"AWS": "arn:aws:iam::123456789012:role/moderator"}),
        allow(principal={"Service": "s3.amazonaws.com"}),
        allow(principal={"CanonicalUser": "*"}),
        allow(action="s3:PutObject"),
        allow(resource=f"{ARN}/*/manifest.json"),
        allow(resource=f"{ARN}/*/[a-z]*.jpg"),
        allow(resource="arn:aws:s3:::another/*"),
        {"Effect": "Allow", "Principal": "*", "NotAction": "s3:*", "Resource": f"{ARN}/*"},
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:Get*",
            "NotResource": f"{ARN}/_index/*",
        },
    ],
)
def test_a_policy_that_lets_others_or_other_things_is_ok(statement):
    assert privacy(statement).level == "ok"


def test_no_policy_is_ok():
    assert privacy().level == "ok"


def test_what_is_denied_to_everybody_is_ok():
    deny = DENY | {"Action": ["s3:GetObject*", "s3:List*"], "Resource": [ARN, f"{ARN}/_index/*"]}
    assert privacy(allow(), deny).level == "ok"


def test_the_statement_that_the_docs_name_is_ok():
    page = (Path(__file__).parents[3] / "docs" / "moderation.md").read_text()
    (text,) = re.findall(r'```json\n(\{"Sid": "DenyIndex".*?)```', page, re.DOTALL)
    deny = json.loads(text.replace("BUCKET", BUCKET))
    assert privacy(allow(action="s3:GetObject"), deny).level == "ok"


OUTSIDE = {"aws:PrincipalAccount": "123456789012"}


@pytest.mark.parametrize(
    "changed",
    [
        {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        {"Condition": {"StringEquals": OUTSIDE}},
        {"Condition": {"StringNotEquals": OUTSIDE, "Bool": {"aws:SecureTransport": "false"}}},
        {"Condition": {"StringNotEquals": OUTSIDE | {"aws:SourceVpc": "vpc-1"}}},
        {"Principal": CDN},
        {"Resource": f"{ARN}/_index/moderation/held/*"},
        {"Action": "s3:PutObject"},
    ],
)
def test_what_is_denied_to_some_or_in_part_is_not(changed):
    assert privacy(allow(action="s3:GetObject"), DENY | changed).level == "fail"
