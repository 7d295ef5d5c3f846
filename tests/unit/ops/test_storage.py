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


ARN = "arn:aws:kms:eu-west-1:123456789012:"
KEY, OTHER = f"{ARN}key/1234abcd", f"{ARN}key/5678efab"
S3_OWN = {"SSEAlgorithm": "AES256"}


def kms(key: str | None = None) -> dict[str, str]:
    return {"SSEAlgorithm": "aws:kms"} | ({"KMSMasterKeyID": key} if key else {})


def level(key: str, source: dict[str, str], destination: dict[str, str]) -> str:
    """Return the finding of a function with a key about buckets with these defaults."""
    defaults = {"photos": source, "x": destination}

    def encryption(Bucket):  # noqa: N803 - S3's name
        rules = [{"ApplyServerSideEncryptionByDefault": defaults[Bucket]}]
        return {"ServerSideEncryptionConfiguration": {"Rules": rules}}

    function = {"Environment": {"Variables": {"KMS_KEY_ARN": key}}}
    clients = {
        "s3": aws_client("s3", get_bucket_encryption=encryption),
        "lambda": aws_client("lambda", get_function_configuration=function),
    }
    outputs = OUTPUTS | {"adoptedBuckets": "source,destination"}
    return storage.encryption(Stack(outputs=outputs, client=clients.__getitem__)).level


@pytest.mark.parametrize("key", ["", KEY])
@pytest.mark.parametrize("theirs", [OTHER, "5678efab", f"{ARN}alias/shop"])
def test_a_source_whose_key_the_function_may_not_use_fails(key, theirs):
    is_unknown = key and "alias" in theirs
    assert level(key, kms(theirs), S3_OWN) == ("ok" if is_unknown else "fail")


@pytest.mark.parametrize("theirs", [KEY, "1234abcd", f"{ARN}alias/shop"])
def test_a_source_with_the_functions_key_is_fine(theirs):
    assert level(KEY, kms(theirs), S3_OWN) == "ok"


@pytest.mark.parametrize("theirs", [None, f"{ARN}alias/aws/s3", "alias/aws/s3"])
def test_the_account_may_use_the_key_that_aws_manages(theirs):
    assert level("", kms(theirs), S3_OWN) == "ok"


def test_the_function_names_the_key_of_what_it_writes():
    assert level("", S3_OWN, kms(OTHER)) == "ok"
