"""Checks of what is kept: encryption, who may see it, versions, and for how long."""

import json
from typing import Any, Final

import botocore.exceptions

from function.contract import StackOutput
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.stack import Stack

ACLS: Final = frozenset({"BlockPublicAcls", "IgnorePublicAcls"})
POLICIES: Final = frozenset({"BlockPublicPolicy", "RestrictPublicBuckets"})


def encryption(stack: Stack) -> Finding:
    """Both buckets encrypt in the same way, AES256 or aws:kms.

    S3 encrypts with keys of its own where nothing is set, so a stack's key can be lost unnoticed.
    """
    s3 = stack.client("s3")
    found: list[str] = []
    for bucket in _buckets(stack):
        answer = s3.get_bucket_encryption(Bucket=bucket)
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        found += [rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules]
    if len(set(found)) > 1:
        return warn("encryption", f"the buckets differ: {', '.join(found)}", DEPLOY)
    return ok("encryption", f"both buckets, {found[0]}")


def public_access(stack: Stack) -> Finding:
    """Block Public Access and policy agree: open where the policy says so, shut elsewhere.

    The account's settings override a bucket's, and show an organisation's policy as well (S3 user
    guide, "Configuring block public access settings for your account").
    """
    opened = [bucket for bucket in _buckets(stack) if _is_public(stack, bucket)]
    for bucket in _buckets(stack):
        wanted = ACLS if bucket in opened else ACLS | POLICIES
        switches = _switches(stack, bucket)
        lacking, beyond = sorted(wanted - switches), sorted(switches - wanted)
        if lacking:
            return fail("public access", f"{bucket} lacks {', '.join(lacking)}", DEPLOY)
        if beyond:
            detail = f"{bucket} is public by policy, which {', '.join(beyond)} overrules"
            return fail("public access", detail, DEPLOY)
    if not opened:
        return ok("public access", "none")
    names = ", ".join(opened)
    try:
        overriding = sorted(_account_switches(stack) & POLICIES)
    except botocore.exceptions.ClientError as error:
        detail = f"the account's Block Public Access cannot be read: {_code(error)}"
        return warn(
            "public access", detail, "allow s3:GetAccountPublicAccessBlock and run it again"
        )
    if overriding:
        return fail(
            "public access",
            f"the account's {', '.join(overriding)} override the policies of {names}",
            "set uploads: presigned and delivery: cdn, or have the account's block lifted",
        )
    return ok("public access", f"by policy alone: {names}")


def versioning(stack: Stack) -> Finding:
    """An overwritten upload can be brought back, and an event names one version."""
    status = stack.client("s3").get_bucket_versioning(
        Bucket=stack.outputs[StackOutput.SOURCE_BUCKET]
    )
    if status.get("Status") != "Enabled":
        return fail("versioning", "the source keeps no versions", DEPLOY)
    return ok("versioning", "the source keeps versions")


def log_retention(stack: Stack) -> Finding:
    """The log does not grow, and cost, for ever."""
    name = stack.outputs[StackOutput.LOG_GROUP]
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    group = next((group for group in groups if group["logGroupName"] == name), None)
    if group is None:
        return fail("log retention", "there is no log group", DEPLOY)
    days = group.get("retentionInDays")
    if not days:
        return warn("log retention", "the log is kept for ever", DEPLOY)
    return ok("log retention", f"{days} days")


def _buckets(stack: Stack) -> tuple[str, str]:
    return stack.outputs[StackOutput.SOURCE_BUCKET], stack.outputs[StackOutput.DESTINATION_BUCKET]


def _is_public(stack: Stack, bucket: str) -> bool:
    """Whether a statement allows anyone anything; a bucket without a policy is not public."""
    s3 = stack.client("s3")
    try:
        policy: dict[str, Any] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError as error:
        if _code(error) != "NoSuchBucketPolicy":
            raise
        return False
    return any(
        statement["Effect"] == "Allow" and statement["Principal"] in ("*", {"AWS": "*"})
        for statement in policy["Statement"]
    )


def _switches(stack: Stack, bucket: str) -> set[str]:
    """The switches of Block Public Access that are on; none where it was never set."""
    s3 = stack.client("s3")
    try:
        answer = s3.get_public_access_block(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if _code(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
        return set()
    block: dict[str, bool] = answer["PublicAccessBlockConfiguration"]
    return {name for name, is_on in block.items() if is_on}


def _account_switches(stack: Stack) -> set[str]:
    """Return the switches that are on for the whole account; none where it was never set."""
    control = stack.client("s3control")
    account = stack.client("sts").get_caller_identity()["Account"]
    try:
        answer = control.get_public_access_block(AccountId=account)
    except control.exceptions.NoSuchPublicAccessBlockConfiguration:
        return set()
    block: dict[str, bool] = answer["PublicAccessBlockConfiguration"]
    return {name for name, is_on in block.items() if is_on}


def _code(error: Any) -> str:
    return error.response["Error"]["Code"]
