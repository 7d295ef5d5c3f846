"""Buckets and what S3 configures beside them."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from local.inputs import Inputs, to_aws
from local.resources.context import Context, Created


def bucket(context: Context, name: str, inputs: Inputs) -> Created:
    """Create an empty, private bucket; what ``forceDestroy`` says is Pulumi's own affair."""
    inputs.take("forceDestroy")
    s3 = context.client("s3")
    s3.create_bucket(Bucket=name)
    tags = [{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()]
    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
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
    rules = [
        rule | {"blockedEncryptionTypes": {"encryptionType": rule["blockedEncryptionTypes"]}}
        for rule in inputs.need("rules")
    ]
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


def bucket_object(context: Context, _name: str, inputs: Inputs) -> Created:
    """Put an object, from a file or from text."""
    source, content = inputs.take("source"), inputs.take("content")
    body = Path(source.path).read_bytes() if source else str(content).encode()
    key = inputs.need("key")
    tags = urlencode(inputs.take("tags", {}))
    return _configure(
        context,
        inputs,
        "put_object",
        Key=key,
        Body=body,
        ContentType=inputs.need("contentType"),
        CacheControl=inputs.need("cacheControl"),
        Tagging=tags,
    )


def notification(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set who hears of which objects; replaces what was set before."""
    queues = [_queue_configuration(queue) for queue in inputs.take("queues", [])]
    configuration: dict[str, Any] = {"QueueConfigurations": queues}
    if inputs.take("eventbridge"):
        configuration["EventBridgeConfiguration"] = {}
    return _configure(
        context,
        inputs,
        "put_bucket_notification_configuration",
        NotificationConfiguration=configuration,
    )


def _queue_configuration(values: dict[str, Any]) -> dict[str, Any]:
    queue = Inputs("the notification's queue", values)
    rules = [{"Name": "prefix", "Value": queue.need("filterPrefix")}]
    configuration = {
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
