"""Block Public Access of an account, tried over HTTP."""

import json

import pytest

from local.http import request
from local.resources.kind import ACCOUNT_ID
from tests.local.calling import answer, caller

BUCKET = "rules-block"
CONTROL = {"AccountId": ACCOUNT_ID}
SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
STATEMENT = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "s3:GetObject",
    "Resource": f"arn:aws:s3:::{BUCKET}/*",
}
PUBLIC = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})


@pytest.fixture(scope="module")
def s3(bare):
    s3 = bare.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.delete_public_access_block(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="key", Body=b"x")
    return s3


@pytest.fixture
def block(bare):
    """Turn settings of the account on."""
    control = bare.client("s3control")

    def put(*settings):
        configuration = {setting: setting in settings for setting in SETTINGS}
        control.put_public_access_block(**CONTROL, PublicAccessBlockConfiguration=configuration)

    yield put
    control.delete_public_access_block(**CONTROL)


def test_an_account_has_none_until_it_is_put(bare, block):
    """Page "GetPublicAccessBlock" (Amazon S3 Control API reference)."""
    control = bare.client("s3control")
    none = (404, "NoSuchPublicAccessBlockConfiguration")
    assert answer(control.get_public_access_block, **CONTROL) == none
    block("BlockPublicPolicy")
    found = control.get_public_access_block(**CONTROL)["PublicAccessBlockConfiguration"]
    assert found == {setting: setting == "BlockPublicPolicy" for setting in SETTINGS}
    control.delete_public_access_block(**CONTROL)
    assert answer(control.get_public_access_block, **CONTROL) == none


def test_it_refuses_public_bucket_policies(s3, block):
    """Page "Blocking public access to your Amazon S3 storage" (S3 guide), BlockPublicPolicy."""
    block("BlockPublicPolicy")
    put = {"Bucket": BUCKET, "Policy": PUBLIC}
    assert answer(s3.put_bucket_policy, **put) == (403, "AccessDenied")
    block()
    assert answer(s3.put_bucket_policy, **put) == (204, "")


def test_it_lifts_no_block_of_a_bucket(s3, block):
    """Page "Blocking public access to your Amazon S3 storage": the most restrictive one holds."""
    block()
    s3.put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(SETTINGS, True)
    )
    try:
        refused = answer(s3.put_bucket_policy, Bucket=BUCKET, Policy=PUBLIC)
        assert refused == (403, "AccessDenied")
    finally:
        s3.delete_public_access_block(Bucket=BUCKET)


def test_it_takes_the_effect_of_those_that_are_there(bare, s3, block):
    """Page "Blocking public access to your Amazon S3 storage", RestrictPublicBuckets."""
    s3.put_bucket_policy(Bucket=BUCKET, Policy=PUBLIC)
    url = f"{bare.endpoint}/{BUCKET}/key"
    assert request("GET", url)[0] == 200
    block("RestrictPublicBuckets")
    assert request("GET", url)[0] == 403
    assert answer(s3.get_object, Bucket=BUCKET, Key="key") == (200, "")


def test_it_refuses_public_acls(s3, block):
    """Page "Blocking public access to your Amazon S3 storage", BlockPublicAcls."""
    s3.put_bucket_ownership_controls(
        Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    put = {"Bucket": BUCKET, "Key": "key", "Body": b"x", "ACL": "public-read"}
    block("BlockPublicAcls")
    assert answer(s3.put_object, **put) == (403, "AccessDenied")
    block()
    assert answer(s3.put_object, **put) == (200, "")


def test_to_read_it_and_to_put_it_are_permissions(bare, block):
    """Pages "GetPublicAccessBlock" and "PutPublicAccessBlock" (S3 Control API reference)."""
    block("BlockPublicPolicy")
    reader = caller(bare, "s3control", ("s3:GetAccountPublicAccessBlock", "*"))
    assert answer(reader.get_public_access_block, **CONTROL) == (200, "")
    assert answer(reader.delete_public_access_block, **CONTROL) == (403, "AccessDenied")
    writer = caller(bare, "s3control", ("s3:PutAccountPublicAccessBlock", "*"))
    assert answer(writer.get_public_access_block, **CONTROL) == (403, "AccessDenied")
    assert answer(writer.delete_public_access_block, **CONTROL) == (204, "")
