"""Answers in which MiniStack differs from KMS."""

from types import SimpleNamespace

from local.resources import delete
from tests.support.aws_client import Refusal, aws_client


def test_a_key_that_is_pending_deletion_is_deleted():
    """Page "Key states of AWS KMS keys": it cannot be scheduled twice."""
    asked = []

    def refuse(KeyId, **_days):  # noqa: N803 (boto3's name)
        asked.append(KeyId)
        return Refusal("KMSInvalidStateException")

    kms = aws_client("kms", schedule_key_deletion=refuse)
    context = SimpleNamespace(client={"kms": kms}.__getitem__)
    delete(context, "aws:kms/key:Key", "k", {}, {})
    assert asked == ["k"]
