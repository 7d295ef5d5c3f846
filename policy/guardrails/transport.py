"""Checks of encryption: on the way (TLS) and at rest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .resource import UNKNOWN, Resource, Statement, as_list, as_mapping, lacking, names_anyone
from .rule import Each

BUCKET: Final = "aws:s3/bucket:Bucket"
BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
QUEUE: Final = "aws:sqs/queue:Queue"
QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
KEY: Final = "aws:kms/key:Key"
BUCKET_ENCRYPTION: Final = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)

GUARDS: Final[Mapping[str, tuple[str, str]]] = {
    BUCKET: (BUCKET_POLICY, "bucket"),
    QUEUE: (QUEUE_POLICY, "queueUrl"),
    TOPIC: (TOPIC_POLICY, "arn"),
}
"""Type to the type of its policy, and the input by which that names it."""

ACTIONS: Final[Mapping[str, str]] = {
    BUCKET_POLICY: "s3:*",
    QUEUE_POLICY: "sqs:*",
    TOPIC_POLICY: "sns:Publish",  # a topic's policy takes no sns:*
}
"""Actions that have to be denied over plain HTTP, by the policy's type."""

ALGORITHMS: Final = ("AES256", "aws:kms", "aws:kms:dsse")


def plain_http(policy: Resource) -> Iterator[str]:
    """A resource policy that does not deny plain HTTP to everyone, for everything."""
    statements = policy.policy_statements()
    if statements is not None and not any(_denies_plain_http(policy, s) for s in statements):
        yield (
            "requests get in over plain HTTP; deny "
            f"{ACTIONS[policy.type]} to * where aws:SecureTransport is false."
        )


def plain_viewers(distribution: Resource) -> Iterator[str]:
    """A CDN that serves plain HTTP."""
    behaviors = [
        *as_list(distribution.inputs.get("defaultCacheBehavior")),
        *as_list(distribution.inputs.get("orderedCacheBehaviors")),
    ]
    if any(b != UNKNOWN and b.get("viewerProtocolPolicy") == "allow-all" for b in behaviors):
        yield "it serves plain HTTP; set viewerProtocolPolicy to https-only."


def unguarded(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Buckets, queues and topics with no policy at all, which plain HTTP then reaches."""
    for type_, (policy, key) in GUARDS.items():
        for resource in lacking(resources, type_, policy, key):
            yield resource, f"nothing denies plain HTTP; give it a {policy.split(':')[-1]}."


def weak_algorithm(encryption: Resource) -> Iterator[str]:
    """A bucket whose default encryption is none that S3 knows."""
    rules = encryption.inputs.get("rules")
    for rule in as_list(rules):
        if rule == UNKNOWN:
            continue
        default = as_mapping(rule.get("applyServerSideEncryptionByDefault"))
        algorithm = UNKNOWN if default is None else default.get("sseAlgorithm")
        if algorithm not in (*ALGORITHMS, UNKNOWN):
            yield f"sseAlgorithm is {algorithm}; set it to AES256 or aws:kms."


def plain_queue(queue: Resource) -> Iterator[str]:
    """A queue that does not encrypt its messages."""
    if not (queue.inputs.get("sqsManagedSseEnabled") or queue.inputs.get("kmsMasterKeyId")):
        yield "messages are kept unencrypted; set sqsManagedSseEnabled to true."


def still_key(key: Resource) -> Iterator[str]:
    """A key that never changes."""
    if not key.inputs.get("enableKeyRotation"):
        yield "the key never rotates; set enableKeyRotation to true."


def unencrypted(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Buckets that do not say how they encrypt."""
    problem = "it does not say how it encrypts; give it a BucketServerSideEncryptionConfiguration."
    for bucket in lacking(resources, BUCKET, BUCKET_ENCRYPTION, "bucket"):
        yield bucket, problem


TLS_CHECKS: Final[Mapping[str, Each]] = {
    **dict.fromkeys(ACTIONS, plain_http),
    DISTRIBUTION: plain_viewers,
}
ENCRYPTION_CHECKS: Final[Mapping[str, Each]] = {
    BUCKET_ENCRYPTION: weak_algorithm,
    QUEUE: plain_queue,
    KEY: still_key,
}


def _denies_plain_http(policy: Resource, statement: Statement) -> bool:
    if statement.get("Effect") != "Deny" or not names_anyone(statement):
        return False
    if statement.get("Condition") not in (
        {"Bool": {"aws:SecureTransport": "false"}},
        {"Bool": {"aws:SecureTransport": ["false"]}},
        {"Bool": {"aws:SecureTransport": False}},
    ):
        return False
    resources = as_list(statement.get("Resource"))
    whole = policy.type != BUCKET_POLICY or (
        any(arn.endswith("/*") for arn in resources) and any("/" not in arn for arn in resources)
    )
    return whole and ACTIONS[policy.type] in as_list(statement.get("Action"))
