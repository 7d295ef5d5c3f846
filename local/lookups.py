"""Answers of the provider functions that programs call: what the embedded AWS has."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from local.resources.calls import is_absence
from local.resources.kind import ACCOUNT_ID, PARTITION, Context
from local.server import REGION
from terminal import Failure

CALLS: Final[Mapping[str, dict[str, Any]]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT_ID},
    "aws:index/getRegion:getRegion": {"region": REGION},
    "aws:index/getPartition:getPartition": {"partition": PARTITION},
}
"""Answers that are always the same."""


def _bucket(context: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a bucket's names and region (aws.s3.getBucket)."""
    name: str = given["bucket"]
    try:
        region: str = context.client("s3").head_bucket(Bucket=name)["BucketRegion"]
    except ClientError as error:
        if is_absence(error):
            raise Failure(f"The embedded AWS has no bucket {name}; create it first.") from error
        raise
    return {
        "id": name,
        "bucket": name,
        "arn": f"arn:{PARTITION}:s3:::{name}",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{name}.s3.{region}.amazonaws.com",
        "region": REGION,
    }


def _notification(context: Context, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return whether a bucket sends its events to EventBridge (aws.s3.getBucketNotification)."""
    name: str = given["bucket"]
    found = context.client("s3").get_bucket_notification_configuration(Bucket=name)
    is_enabled = "EventBridgeConfiguration" in found
    return {"id": name, "bucket": name, "eventbridge": is_enabled, "region": REGION}


_LOOKUPS: Final[Mapping[str, Callable[[Context, Mapping[str, Any]], dict[str, Any]]]] = {
    "aws:s3/getBucket:getBucket": _bucket,
    "aws:s3/getBucketNotification:getBucketNotification": _notification,
}


def answer(context: Context, token: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a provider function.

    Args:
        context: the embedded AWS.
        token: the function, as Pulumi names it.
        given: its arguments.

    Raises:
        Failure: it is not known here, or asks for a bucket that does not exist.
        botocore.exceptions.ClientError: AWS refuses it.
    """
    if token in CALLS:
        return CALLS[token]
    if token not in _LOOKUPS:
        raise Failure(f"The embedded AWS does not know {token}; teach it in local/lookups.py.")
    return _LOOKUPS[token](context, given)
