"""Create the resources of a clone: two buckets, two log groups, a role, and its functions.

Requests that create a resource are not interrupted, because AWS might create it after its removal
was tried.
"""

import time
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from bench.aws.clone import ARCHITECTURES, POLICY, TAG, Clone
from bench.aws.deployed import Deployed
from bench.signals import uninterrupted
from pipeline.bundle.target import Machine
from pipeline.permissions import roles
from pipeline.permissions.documents import to_json

if TYPE_CHECKING:
    from types_boto3_s3.literals import BucketLocationConstraintType
    from types_boto3_s3.type_defs import (
        PublicAccessBlockConfigurationTypeDef,
        ServerSideEncryptionConfigurationUnionTypeDef,
        TagTypeDef,
    )

ROLE_SECONDS: Final = 120
"""How long Lambda may go on refusing a new role. IAM's changes are not visible at once everywhere
(IAM user guide, "Troubleshoot IAM", "Changes that I make are not always immediately visible", which
states no time); the time is ours."""

_ROLE_PAUSE_S: Final = 2.0

_NEW_ROLE: Final = "cannot be assumed by Lambda"
"""Part of Lambda's message about a new role, which has no separate code
(github.com/hashicorp/terraform-provider-aws, issue 14285, read 2026-11-27)."""

_HOME: Final = "us-east-1"
"""Region of a bucket for which none is named, and which may not be named (S3 API reference,
"CreateBucket", LocationConstraint)."""

_BLOCKED: Final["PublicAccessBlockConfigurationTypeDef"] = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
_ENCRYPTED: Final["ServerSideEncryptionConfigurationUnionTypeDef"] = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
}


def make(clone: Clone, deployed: Deployed) -> str:
    """Make the resources that both functions share; return the ARN of the role."""
    logs, iam, tags = clone.stack.client("logs"), clone.stack.client("iam"), _tags(clone)
    for bucket in (clone.source, clone.destination):
        _make_bucket(clone, bucket, deployed.region)
    for architecture in ARCHITECTURES:
        with uninterrupted():
            logs.create_log_group(logGroupName=clone.log_group(architecture), tags=tags)
    trust = to_json(roles.assumed_by_lambda())
    with uninterrupted():
        role = iam.create_role(
            RoleName=clone.role, AssumeRolePolicyDocument=trust, Tags=_listed(tags)
        )
    s3 = f"arn:{deployed.partition}:s3:::"
    groups = f"arn:{deployed.partition}:logs:{deployed.region}:{deployed.account}:log-group:"
    policy = roles.bench_role(
        source_arn=s3 + clone.source,
        destination_arn=s3 + clone.destination,
        log_group_arns=[groups + clone.log_group(each) for each in ARCHITECTURES],
    )
    iam.put_role_policy(RoleName=clone.role, PolicyName=POLICY, PolicyDocument=to_json(policy))
    return str(role["Role"]["Arn"])


def make_function(
    clone: Clone, deployed: Deployed, role_arn: str, architecture: Machine, code: bytes
) -> None:
    """Make the function of an architecture, with the deployed one's memory, and wait for it."""
    lambda_ = clone.stack.client("lambda")
    create = partial(
        lambda_.create_function,
        FunctionName=clone.function(architecture),
        Description=f"Clone of {deployed.name}, measured by bench aws",
        Role=role_arn,
        Runtime=deployed.runtime,
        Handler=deployed.handler,
        Architectures=[architecture],
        Code={"ZipFile": code},
        MemorySize=deployed.memory_mb,
        LoggingConfig={
            "LogFormat": deployed.log_format,
            "LogGroup": clone.log_group(architecture),
        },
        TracingConfig={"Mode": "PassThrough"},
        Tags=_tags(clone),
        Timeout=deployed.timeout_for(1),
        Environment={"Variables": deployed.variables_for(clone.destination, 1)},
    )
    deadline = time.monotonic() + ROLE_SECONDS
    while True:
        try:
            with uninterrupted():
                create()
            break
        except lambda_.exceptions.InvalidParameterValueException as error:
            if _NEW_ROLE not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_ROLE_PAUSE_S)
    lambda_.get_waiter("function_active_v2").wait(FunctionName=clone.function(architecture))


def _make_bucket(clone: Clone, bucket: str, region: str) -> None:
    """Make a bucket that is private, encrypted and tagged."""
    s3 = clone.stack.client("s3")
    create = partial(s3.create_bucket, Bucket=bucket)
    if region != _HOME:
        place = cast("BucketLocationConstraintType", region)
        create = partial(create, CreateBucketConfiguration={"LocationConstraint": place})
    with uninterrupted():
        create()
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_BLOCKED)
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=_ENCRYPTED)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": _listed(_tags(clone))})


def _tags(clone: Clone) -> dict[str, str]:
    return {"Purpose": "bench aws", TAG: clone.name}


def _listed(tags: dict[str, str]) -> "list[TagTypeDef]":
    return [{"Key": key, "Value": value} for key, value in tags.items()]
