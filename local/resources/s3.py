"""Buckets and what S3 configures beside them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from local.inputs import Inputs, to_aws
from local.resources.calls import Call, State
from local.resources.context import Context, Created
from local.resources.kind import Kind
from local.resources.tags import pairs


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


def ownership(context: Context, _name: str, inputs: Inputs) -> Created:
    """Say who owns objects."""
    rules = {"Rules": [to_aws(inputs.need("rule"))]}
    return _configure(context, inputs, "put_bucket_ownership_controls", OwnershipControls=rules)


def public_access_block(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set the four switches of Block Public Access."""
    switches = ("blockPublicAcls", "ignorePublicAcls", "blockPublicPolicy", "restrictPublicBuckets")
    block = to_aws({switch: inputs.need(switch) for switch in switches})
    return _configure(
        context, inputs, "put_public_access_block", PublicAccessBlockConfiguration=block
    )


def encryption(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set the default encryption."""
    rules: list[dict[str, Any]] = inputs.need("rules")
    for rule in rules:
        if blocked := rule.pop("blockedEncryptionTypes", None):
            rule["blockedEncryptionTypes"] = {"encryptionType": blocked}
    return _configure(
        context,
        inputs,
        "put_bucket_encryption",
        ServerSideEncryptionConfiguration={"Rules": to_aws(rules)},
    )


def versioning(context: Context, _name: str, inputs: Inputs) -> Created:
    """Turn versions on."""
    status = to_aws(inputs.need("versioningConfiguration"))
    return _configure(context, inputs, "put_bucket_versioning", VersioningConfiguration=status)


def lifecycle(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set what expires."""
    rules = {"Rules": to_aws(inputs.need("rules"))}
    return _configure(
        context, inputs, "put_bucket_lifecycle_configuration", LifecycleConfiguration=rules
    )


def cors(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set which web pages may use the bucket."""
    rules = {"CORSRules": to_aws(inputs.need("corsRules"))}
    return _configure(context, inputs, "put_bucket_cors", CORSConfiguration=rules)


def policy(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set the bucket policy."""
    return _configure(context, inputs, "put_bucket_policy", Policy=inputs.need("policy"))


def delete_bucket(context: Context, state: State) -> None:
    """Delete a bucket, with all that is in it if ``forceDestroy`` is set."""
    if state.get("forceDestroy"):
        _delete_versions(context, state["id"])
    context.client("s3").delete_bucket(Bucket=state["id"])


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


def bucket_object(context: Context, _name: str, inputs: Inputs) -> Created:
    """Put an object, from a file or from text."""
    source, content = inputs.take("source"), inputs.take("content")
    body = Path(source.path).read_bytes() if source else str(content).encode()
    key = inputs.need("key")
    tags = urlencode(inputs.take("tags", {}))
    created = _configure(
        context,
        inputs,
        "put_object",
        Key=key,
        Body=body,
        ContentType=inputs.need("contentType"),
        CacheControl=inputs.need("cacheControl"),
        Tagging=tags,
    )
    return Created(created.id, created.outputs | {"key": key})


def notification(context: Context, name: str, inputs: Inputs) -> Created:
    """Set who hears of which objects; replaces what was set before."""
    queues = [
        _queue_configuration(f"{name}-{index}", queue)
        for index, queue in enumerate(inputs.take("queues", []))
    ]
    configuration: dict[str, Any] = {"QueueConfigurations": queues}
    if inputs.take("eventbridge"):
        configuration["EventBridgeConfiguration"] = {}
    return _configure(
        context,
        inputs,
        "put_bucket_notification_configuration",
        NotificationConfiguration=configuration,
    )


def _queue_configuration(identity: str, values: dict[str, Any]) -> dict[str, Any]:
    queue = Inputs("the notification's queue", values)
    rules = [{"Name": "prefix", "Value": queue.need("filterPrefix")}]
    configuration = {
        "Id": identity,
        "QueueArn": queue.need("queueArn"),
        "Events": queue.need("events"),
        "Filter": {"Key": {"FilterRules": rules}},
    }
    queue.done()
    return configuration


def _configure(context: Context, inputs: Inputs, operation: str, **parameters: Any) -> Created:
    """Call one of S3's many "put bucket …" operations."""
    name = inputs.need("bucket")
    getattr(context.client("s3"), operation)(Bucket=name, **parameters)
    return Created(name, {"bucket": name})


def _configuration(
    put: Callable[[Context, str, Inputs], Created],
    name: str,
    path: str,
    delete: Callable[[Context, State], object] | None = None,
) -> Kind:
    """Return the kind of one of S3's many configurations of a bucket."""
    of_bucket = {"Bucket": "$id"}
    return Kind(
        put=put,
        read={"configuration": Call("s3", f"get_{name}", of_bucket, path)},
        delete=delete or Call("s3", f"delete_{name}", of_bucket),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:s3/bucket:Bucket": Kind(
        put=bucket,
        read={
            "bucket": Call("s3", "head_bucket", {"Bucket": "$id"}),
            "tags": Call("s3", "get_bucket_tagging", {"Bucket": "$id"}),
        },
        delete=delete_bucket,
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _configuration(
        ownership, "bucket_ownership_controls", "OwnershipControls"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _configuration(
        public_access_block, "public_access_block", "PublicAccessBlockConfiguration"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        _configuration(encryption, "bucket_encryption", "ServerSideEncryptionConfiguration.Rules")
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _configuration(
        versioning,
        "bucket_versioning",
        # Versions cannot be turned off, only suspended: a bucket in which they are has none.
        "Status == 'Enabled' && @ || `null`",
        delete=Call(
            "s3",
            "put_bucket_versioning",
            {"Bucket": "$id", "VersioningConfiguration": {"Status": "Suspended"}},
        ),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Kind(
        put=lifecycle,
        read={
            "rules": Call("s3", "get_bucket_lifecycle_configuration", {"Bucket": "$id"}, "Rules")
        },
        delete=Call("s3", "delete_bucket_lifecycle", {"Bucket": "$id"}),
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _configuration(
        cors, "bucket_cors", "CORSRules"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _configuration(policy, "bucket_policy", "Policy"),
    "aws:s3/bucketObjectv2:BucketObjectv2": Kind(
        put=bucket_object,
        read={
            "object": Call("s3", "get_object", {"Bucket": "$bucket", "Key": "$key"}),
            "tags": Call("s3", "get_object_tagging", {"Bucket": "$bucket", "Key": "$key"}),
        },
        delete=delete_object,
    ),
    "aws:s3/bucketNotification:BucketNotification": _configuration(
        notification,
        "bucket_notification_configuration",
        "@",
        delete=Call(
            "s3",
            "put_bucket_notification_configuration",
            {"Bucket": "$id", "NotificationConfiguration": {}},
        ),
    ),
}
