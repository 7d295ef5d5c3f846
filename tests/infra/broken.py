"""Each way in which a stack can break a guardrail: the rule, the change, and what the rule says."""

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from pipeline.permissions.documents import document
from policy.guardrails import Resource
from policy.guardrails.upkeep import TAGS

Break = Callable[[list[Resource]], list[Resource]]


def edit(type_: str, part: str = "", **inputs: Any) -> Break:
    """Change inputs of the one resource of a type whose name ends so."""

    def apply(resources: list[Resource]) -> list[Resource]:
        found = [r for r in resources if r.type.endswith(f":{type_}") and r.name.endswith(part)]
        assert len(found) == 1, found
        (old,) = found
        new = dataclasses.replace(old, inputs={**old.inputs, **inputs})
        return [new if r is old else r for r in resources]

    return apply


def drop(type_: str, part: str = "") -> Break:
    """Leave out a resource."""

    def apply(resources: list[Resource]) -> list[Resource]:
        left = [
            r for r in resources if not (r.type.endswith(f":{type_}") and r.name.endswith(part))
        ]
        assert len(left) == len(resources) - 1
        return left

    return apply


def add(type_: str, **inputs: Any) -> Break:
    """Put one more resource into the stack."""
    extra = Resource(urn="urn:extra", type=type_, name="extra", inputs=inputs)
    return lambda resources: [*resources, extra]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps(document(statements))


def allow(**parts: Any) -> str:
    grant = {"Sid": "S", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:x"}
    return policy(grant | parts)


BUCKET_ARN = "arn:aws:s3:::b"
DENY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [BUCKET_ARN, f"{BUCKET_ARN}/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
ANYONE = DENY | {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject"}
DENY_QUEUE = DENY | {"Action": "sqs:*"}
SERVICE = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}}
AWS_POLICY = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
SOURCE = "image-pipeline-dev-source-1234567"

BROKEN: list[tuple[str, Break, str]] = [
    ("visibility-timeout", edit("Queue", "-uploads", visibilityTimeoutSeconds=359), "360 or more"),
    ("visibility-timeout", edit("Queue", "-uploads", visibilityTimeoutSeconds=None), "of 30 s"),
    ("visibility-timeout", edit("Function", "-resizer", timeout=61), "366 or more"),
    ("dead-letters", edit("Queue", "-uploads", redrivePolicy=None), "no dead-letter queue"),
    ("dead-letters", edit("Queue", "-uploads", redrivePolicy="{}"), "deadLetterTargetArn"),
    (
        "dead-letters",
        edit("Queue", "-uploads", redrivePolicy={"deadLetterTargetArn": "a", "maxReceiveCount": 4}),
        "maxReceiveCount to 5",
    ),
    ("dead-letters", drop("RedrivePolicy", "-backfill"), "no dead-letter queue"),
    (
        "dead-letters",
        edit("RedrivePolicy", redrivePolicy={"deadLetterTargetArn": "a", "maxReceiveCount": 4}),
        "maxReceiveCount to 5",
    ),
    ("visibility-timeout", edit("Queue", "-backfill", visibilityTimeoutSeconds=359), "360 or more"),
    *(
        ("partial-batch", edit("EventSourceMapping", part, functionResponseTypes=types), "batch")
        for part, types in (("-resizer", None), ("-resizer", []), ("-backfill", None))
    ),
    (
        "no-loop",
        edit("Function", "-resizer", environment={"variables": {"DESTINATION_BUCKET": SOURCE}}),
        "another destination",
    ),
    (
        "no-loop",
        edit(
            "RolePolicy",
            "-resizer",
            policy=allow(Action=["s3:PutObject"], Resource=f"arn:aws:s3:::{SOURCE}/uploads/*"),
        ),
        "allow s3:PutObject on the destination alone",
    ),
    ("tls-only", drop("BucketPolicy", "-source"), "give it a BucketPolicy"),
    ("tls-only", drop("QueuePolicy", "-dead-letters"), "give it a QueuePolicy"),
    ("tls-only", drop("QueuePolicy", "-backfill"), "give it a QueuePolicy"),
    ("tls-only", drop("TopicPolicy"), "give it a TopicPolicy"),
    ("tls-only", edit("QueuePolicy", "-uploads", policy=policy()), "deny sqs:*"),
    ("tls-only", edit("TopicPolicy", policy=policy(DENY)), "deny sns:Publish"),
    *(
        ("tls-only", edit("BucketPolicy", "-source", policy=policy(DENY | narrower)), "deny s3:*")
        for narrower in (
            {"Principal": {"AWS": "arn:aws:iam::1:root"}},
            {"Action": "s3:GetObject"},
            {"Resource": BUCKET_ARN},
            {"Resource": f"{BUCKET_ARN}/*"},
            {"Condition": {**DENY["Condition"], "StringEquals": {"aws:SourceVpc": "v"}}},
            {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        )
    ),
    (
        "tls-only",
        edit("Distribution", defaultCacheBehavior={"viewerProtocolPolicy": "allow-all"}),
        "https-only",
    ),
    (
        "tls-only",
        edit("Distribution", orderedCacheBehaviors=[{"viewerProtocolPolicy": "allow-all"}]),
        "https-only",
    ),
    ("encryption", drop("BucketServerSideEncryptionConfiguration", "-source"), "how it encrypts"),
    (
        "encryption",
        edit(
            "BucketServerSideEncryptionConfiguration",
            "-source",
            rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "rot13"}}],
        ),
        "AES256 or aws:kms",
    ),
    (
        "encryption",
        edit("BucketServerSideEncryptionConfiguration", "-source", rules=[{}]),
        "sseAlgorithm is None",
    ),
    ("encryption", edit("Queue", "-uploads", sqsManagedSseEnabled=False), "kept unencrypted"),
    ("encryption", edit("Key", enableKeyRotation=False), "never rotates"),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Action="s3:*")),
        "name each action",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Action=["s3:Get?"])),
        "name each action",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Resource="*")),
        "name the resources",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(Resource=["arn:aws:s3:::*"])),
        "name the resources",
    ),
    (
        "least-privilege",
        edit(
            "RolePolicy",
            "-resizer",
            policy=allow(Action=["xray:PutTraceSegments", "s3:GetObject"], Resource="*"),
        ),
        "name the resources",
    ),
    (
        "least-privilege",
        edit(
            "RolePolicy",
            "-resizer",
            policy=allow(Action=["ec2:CreateNetworkInterface"], Resource="*"),
        ),
        "name the resources",
    ),
    (
        "least-privilege",
        edit(
            "RolePolicy",
            "-resizer",
            policy=allow(
                Action=["ec2:CreateNetworkInterface", "ec2:TerminateInstances"],
                Resource="*",
                Condition={"Null": {"lambda:SourceFunctionArn": "true"}},
            ),
        ),
        "name the resources",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(NotAction="iam:*")),
        "NotAction",
    ),
    (
        "least-privilege",
        edit("RolePolicy", "-resizer", policy=allow(NotResource="arn:y")),
        "NotResource",
    ),
    ("least-privilege", add("aws:iam/policy:Policy", policy=allow(Action="*")), "allows *"),
    (
        "least-privilege",
        edit("QueuePolicy", "-uploads", policy=policy(DENY_QUEUE, DENY_QUEUE | SERVICE)),
        "allows sqs:*",
    ),
    (
        "least-privilege",
        edit("Role", "-resizer", managedPolicyArns=[AWS_POLICY]),
        "everyone's resources",
    ),
    (
        "least-privilege",
        edit("Role", "-resizer", inlinePolicies=[{"policy": allow(Action="*")}]),
        "allows *",
    ),
    (
        "least-privilege",
        edit("Role", "-resizer", assumeRolePolicy=policy(ANYONE)),
        "name the service",
    ),
    (
        "least-privilege",
        add("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn=AWS_POLICY),
        "everyone's resources",
    ),
    (
        "least-privilege",
        add("aws:lambda/permission:Permission", principal="cloudfront.amazonaws.com"),
        "set sourceArn",
    ),
    (
        "least-privilege",
        add("aws:lambda/permission:Permission", principal="*", action="lambda:InvokeFunction"),
        "set invokedViaFunctionUrl",
    ),
    ("public-access", drop("BucketPublicAccessBlock", "-source"), "nothing blocks"),
    ("public-access", edit("BucketPublicAccessBlock", "-source", blockPublicAcls=False), "ACL"),
    ("public-access", edit("BucketPublicAccessBlock", "-source", ignorePublicAcls=None), "ACL"),
    (
        "public-access",
        edit("BucketPublicAccessBlock", "-source", restrictPublicBuckets=False),
        "differ",
    ),
    (
        "public-access",
        edit("BucketPolicy", "-source", policy=policy(DENY, ANYONE)),
        "access that the bucket policy gives",
    ),
    (
        "public-access",
        edit(
            "BucketPublicAccessBlock",
            "-source",
            blockPublicPolicy=False,
            restrictPublicBuckets=False,
        ),
        "lets nobody in",
    ),
    ("log-retention", edit("LogGroup", "-resizer", retentionInDays=0), "set retentionInDays"),
    ("log-retention", edit("LogGroup", "-resizer", retentionInDays=None), "set retentionInDays"),
    (
        "log-retention",
        edit("Function", "-resizer", loggingConfig=None),
        "set loggingConfig.logGroup",
    ),
    *(
        (
            "tags",
            edit("Function", "-resizer", tags={**dict.fromkeys(TAGS, "x"), tag: ""}),
            f"no tag {tag};",
        )
        for tag in TAGS
    ),
    ("tags", edit("Bucket", "-source", tags=None), "no tag Project and Stack and ManagedBy;"),
]
