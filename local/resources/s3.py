"""Buckets and their configurations."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from local.inputs import Inputs
from local.resources.calls import Call, send
from local.resources.kind import Context, Created, Kind, State
from local.resources.tags import pairs

_OF_BUCKET: Final = {"Bucket": "$id"}


def bucket(context: Context, name: str, inputs: Inputs) -> Created:
    """Create an empty, private bucket; ``forceDestroy`` only matters once it is deleted."""
    inputs.take("forceDestroy")
    s3 = context.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs(inputs.take("tags", {}))})
    outputs = {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketRegionalDomainName": f"{name}.s3.{context.region}.amazonaws.com",
    }
    return Created(name, outputs)


def delete_bucket(context: Context, state: State) -> None:
    """Delete a bucket, with all that is in it if ``forceDestroy`` is set."""
    if state.get("forceDestroy"):
        _delete_versions(context, state["id"])
    context.client("s3").delete_bucket(Bucket=state["id"])


def bucket_object(context: Context, _name: str, inputs: Inputs) -> Created:
    """Put an object, from a file or from text."""
    source, content = inputs.take("source"), inputs.take("content")
    body = Path(source.path).read_bytes() if source else str(content).encode()
    place = inputs.needs("bucket", "key")
    tagging = urlencode(inputs.take("tags", {}))
    values = {**place, **inputs.rest(), "body": body, "tagging": tagging}
    send(context, "s3", "put_object", values)
    return Created(place["bucket"], place)


def delete_object(context: Context, state: State) -> None:
    """Delete all versions of an object."""
    _delete_versions(context, state["bucket"], state["key"])


def _delete_versions(context: Context, bucket: str, key: str | None = None) -> None:
    s3 = context.client("s3")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key or "")
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        versions = [
            {"Key": version["Key"], "VersionId": version["VersionId"]}
            for version in found
            if key in (None, version["Key"])
        ]
        if versions:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": versions})


def notification(context: Context, name: str, inputs: Inputs) -> Created:
    """Set which objects are announced to which targets; replaces the former configuration."""
    bucket = inputs.need("bucket")
    queues: list[dict[str, Any]] = []
    for index, queue in enumerate(inputs.take("queues", [])):
        rules = [{"name": "prefix", "value": queue.pop("filterPrefix")}]
        queues.append({"id": f"{name}-{index}", "filter": {"key": {"filterRules": rules}}, **queue})
    configuration: dict[str, Any] = {"queueConfigurations": queues}
    if inputs.take("eventbridge"):
        configuration["eventBridgeConfiguration"] = {}
    values = {"bucket": bucket, "notificationConfiguration": configuration}
    send(context, "s3", "put_bucket_notification_configuration", values)
    return Created(bucket, {"bucket": bucket})


def logging(context: Context, _name: str, inputs: Inputs) -> Created:
    """Have a bucket's requests logged in another bucket; replaces what was set before."""
    bucket = inputs.need("bucket")
    values = {"bucket": bucket, "bucketLoggingStatus": {"loggingEnabled": inputs.rest()}}
    send(context, "s3", "put_bucket_logging", values)
    return Created(bucket, {"bucket": bucket})


def _configuration(
    noun: str,
    parameter: str | None = None,
    *,
    path: str = "@",
    delete: Callable[[Context, State], object] | None = None,
) -> Kind:
    """Return the kind of one of S3's many configurations of a bucket.

    Args:
        noun: the configuration in the names of S3's operations.
        parameter: the argument that takes the inputs; None if each is an argument by itself.
        path: JMESPath of the part of the answer that is read.
        delete: deletes it where ``delete_<noun>`` does not.
    """

    def put(context: Context, _name: str, inputs: Inputs) -> Created:
        """Set a configuration of a bucket, and replace what was set before."""
        bucket, values = inputs.need("bucket"), inputs.rest()
        given = {parameter: values} if parameter else values
        send(context, "s3", f"put_{noun}", {"bucket": bucket, **given})
        return Created(bucket, {"bucket": bucket})

    return Kind(
        put=put,
        read={"configuration": Call("s3", f"get_{noun}", _OF_BUCKET, path)},
        delete=delete or Call("s3", f"delete_{noun}", _OF_BUCKET),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:s3/bucket:Bucket": Kind(
        put=bucket,
        read={
            "bucket": Call("s3", "head_bucket", _OF_BUCKET),
            "tags": Call("s3", "get_bucket_tagging", _OF_BUCKET),
        },
        delete=delete_bucket,
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _configuration(
        "bucket_ownership_controls", "ownershipControls"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _configuration(
        "public_access_block", "publicAccessBlockConfiguration"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _configuration("bucket_encryption", "serverSideEncryptionConfiguration")
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _configuration(
        "bucket_versioning",
        # Versions cannot be turned off, only suspended: a bucket in which they are has none.
        path="Status == 'Enabled' && @ || `null`",
        delete=Call(
            "s3",
            "put_bucket_versioning",
            {**_OF_BUCKET, "VersioningConfiguration": {"Status": "Suspended"}},
        ),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _configuration(
        "bucket_lifecycle_configuration",
        "lifecycleConfiguration",
        delete=Call("s3", "delete_bucket_lifecycle", _OF_BUCKET),
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _configuration(
        "bucket_cors", "corsConfiguration"
    ),
    "aws:s3/bucketLogging:BucketLogging": Kind(
        put=logging,
        read={
            "configuration": Call(
                "s3", "get_bucket_logging", _OF_BUCKET, "LoggingEnabled || `null`"
            )
        },
        # There is no call that deletes it.
        delete=Call("s3", "put_bucket_logging", {**_OF_BUCKET, "BucketLoggingStatus": {}}),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _configuration("bucket_policy"),
    "aws:s3/bucketObjectv2:BucketObjectv2": Kind(
        put=bucket_object,
        read={
            "object": Call("s3", "get_object", {"Bucket": "$bucket", "Key": "$key"}),
            "tags": Call("s3", "get_object_tagging", {"Bucket": "$bucket", "Key": "$key"}),
        },
        delete=delete_object,
    ),
    "aws:s3/bucketNotification:BucketNotification": Kind(
        put=notification,
        read={"configuration": Call("s3", "get_bucket_notification_configuration", _OF_BUCKET)},
        delete=Call(
            "s3",
            "put_bucket_notification_configuration",
            {**_OF_BUCKET, "NotificationConfiguration": {}},
        ),
    ),
}
