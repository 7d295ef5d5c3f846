"""Policies as AWS accepts them; tests/local/test_ops_doctor.py has the checks on a stack."""

import json

import pytest

from ops import storage
from ops.stack import Stack
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

BLOCKED = dict.fromkeys([*storage.ACLS, *storage.POLICIES], True)
ANYONE = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
OTHERS = {key: value for key, value in ANYONE.items() if key != "Principal"}


def stack(statements):
    s3 = aws_client(
        "s3",
        get_bucket_policy={"Policy": json.dumps({"Statement": statements})},
        get_public_access_block={"PublicAccessBlockConfiguration": BLOCKED},
    )
    return Stack(outputs=OUTPUTS, client={"s3": s3}.__getitem__)


@pytest.mark.parametrize(
    "statements",
    [
        [ANYONE],
        ANYONE,
        [ANYONE | {"Principal": {"AWS": "*"}}],
        [ANYONE | {"Principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}}],
        [OTHERS | {"NotPrincipal": {"AWS": "arn:aws:iam::123456789012:root"}}],
    ],
)
def test_a_policy_that_lets_anyone_in_is_public_however_it_is_written(statements):
    finding = storage.public_access(stack(statements))
    assert (finding.level, finding.check) == ("fail", "public access")
    assert "photos is public by policy, which BlockPublicPolicy" in finding.detail


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [ANYONE | {"Effect": "Deny"}],
        ANYONE | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        [ANYONE | {"Principal": {"Service": "cloudfront.amazonaws.com"}}],
    ],
)
def test_a_policy_about_some_is_not_public(statements):
    finding = storage.public_access(stack(statements))
    assert (finding.level, finding.detail) == ("ok", "none")
