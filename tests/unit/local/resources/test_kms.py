"""What MiniStack does not answer as KMS does."""

from types import SimpleNamespace

import boto3
from botocore.stub import Stubber

from local.resources import delete


def test_a_key_that_is_pending_deletion_is_deleted():
    """Page "Key states of AWS KMS keys": it cannot be scheduled twice."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    kms = boto3.client("kms", region_name="us-east-1", **keys)
    with Stubber(kms) as stub:
        stub.add_client_error("schedule_key_deletion", "KMSInvalidStateException")
        context = SimpleNamespace(client=lambda _service: kms)
        delete(context, "aws:kms/key:Key", "k", {}, {})
        stub.assert_no_pending_responses()
