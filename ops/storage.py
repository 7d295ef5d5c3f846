"""Checks of what is stored: encryption, public access, versions and the log's retention."""

import json
from typing import TYPE_CHECKING, Any, Final

import botocore.exceptions

from function.contract import StackOutput
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.policies import as_list, bucket_policy, names_anyone
from ops.stack import Stack, read_or_none
from terminal import counted

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ServerSideEncryptionByDefaultTypeDef

ACLS: Final = frozenset({"BlockPublicAcls", "IgnorePublicAcls"})
POLICIES: Final = frozenset({"BlockPublicPolicy", "RestrictPublicBuckets"})


def encryption(stack: Stack) -> Finding:
    """Check that both buckets encrypt in the same way, AES256 or aws:kms.

    S3 encrypts with its own keys by default, so the loss of a stack's key would go unnoticed.
    """
    found = [*_algorithms(stack, stack.source), *_algorithms(stack, stack.destination)]
    if stack.adopts("source") or stack.adopts("destination"):
        return _adopted_encryption(stack, found)
    if len(set(found)) > 1:
        return warn("encryption", f"the buckets differ: {', '.join(found)}", DEPLOY)
    return ok("encryption", f"both buckets, {found[0]}")


def _algorithms(stack: Stack, bucket: str) -> list[str]:
    return [default["SSEAlgorithm"] for default in _defaults(stack, bucket)]


def _defaults(stack: Stack, bucket: str) -> list["ServerSideEncryptionByDefaultTypeDef"]:
    answer = stack.client("s3").get_bucket_encryption(Bucket=bucket)
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    return [rule["ApplyServerSideEncryptionByDefault"] for rule in rules]


def _adopted_encryption(stack: Stack, found: list[str]) -> Finding:
    """Check that the function may decrypt uploads; of what it writes, it names the key itself."""
    name = stack.outputs[StackOutput.FUNCTION_NAME]
    function = stack.client("lambda").get_function_configuration(FunctionName=name)
    key = function.get("Environment", {}).get("Variables", {}).get("KMS_KEY_ARN", "")
    theirs = [default.get("KMSMasterKeyID", "") for default in _defaults(stack, stack.source)]
    if not all(_may_use(key, other) for other in theirs):
        fix = "set encryption: kms, and kmsKeyArn to the bucket's key (docs/adopt.md, Buckets)"
        return fail("encryption", "the source has a key that the function may not use", fix)
    return ok("encryption", f"as the buckets have it: {', '.join(found)}")


def _may_use(key_arn: str, theirs: str) -> bool:
    """Return whether a function that may use one key can read what another encrypts by default.

    A bucket that names no key has AWS's own, ``aws/s3``, whose policy AWS keeps. Published copies
    of it "allow access through S3 for all principals in the account that are authorized to use
    S3"; ``aws kms get-key-policy`` shows an account's. Other aliases are not looked up.
    """
    if not theirs or theirs.endswith("alias/aws/s3"):
        return True
    return bool(key_arn) and ("alias/" in theirs or key_arn.endswith(theirs.rpartition("/")[2]))


def public_access(stack: Stack) -> Finding:
    """Check that Block Public Access is off only for a bucket whose policy is public.

    The account's settings override a bucket's, and show an organisation's policy as well (S3 user
    guide, "Configuring block public access settings for your account").
    """
    return _blocked_readers(stack) or _own_access(stack)


def _own_access(stack: Stack) -> Finding:
    s3, buckets = stack.client("s3"), list[str]()
    if not stack.adopts("source"):
        buckets.append(stack.source)
    if not stack.adopts("destination"):
        buckets.append(stack.destination)
    opened = [bucket for bucket in buckets if _is_public(s3, bucket)]
    for bucket in buckets:
        wanted = ACLS if bucket in opened else ACLS | POLICIES
        switches = _switches(s3, Bucket=bucket)
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
        account = stack.client("sts").get_caller_identity()["Account"]
        overriding = sorted(_switches(stack.client("s3control"), AccountId=account) & POLICIES)
    except botocore.exceptions.ClientError as error:
        response: Any = error.response
        detail = f"the account's Block Public Access cannot be read: {response['Error']['Code']}"
        fix = "allow s3:GetAccountPublicAccessBlock and run it again"
        return warn("public access", detail, fix)
    if overriding:
        return fail(
            "public access",
            f"the account's {', '.join(overriding)} override the policies of {names}",
            "set uploads: presigned and delivery: cdn, or have the account's block lifted",
        )
    return ok("public access", f"by policy alone: {names}")


def versioning(stack: Stack) -> Finding:
    """Check that the source bucket keeps versions, which restores and events need."""
    status = stack.client("s3").get_bucket_versioning(Bucket=stack.source)
    if status.get("Status") != "Enabled":
        fix = "turn versioning on there" if stack.adopts("source") else DEPLOY
        return fail("versioning", "the source keeps no versions", fix)
    return ok("versioning", "the source keeps versions")


def log_retention(stack: Stack) -> Finding:
    """Check that the log expires, so that its cost does not grow."""
    name = stack.outputs[StackOutput.LOG_GROUP]
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    group = next((group for group in groups if group["logGroupName"] == name), None)
    if group is None:
        return fail("log retention", "there is no log group", DEPLOY)
    days = group.get("retentionInDays")
    if not days:
        return warn("log retention", "the log is kept for ever", DEPLOY)
    return ok("log retention", counted(days, "day"))


def _blocked_readers(stack: Stack) -> Finding | None:
    """Return a finding if readers cannot read an adopted destination; None if they can.

    Its policy must have what the output ``destinationPolicy`` asks for.
    """
    if not stack.adopts("destination"):
        return None
    wanted = stack.outputs.get(StackOutput.DESTINATION_POLICY)
    if not wanted:
        fix = "export the output destinationPolicy, so that it can be compared"
        return warn("public access", "the stack does not say what its readers need", fix)
    s3, bucket = stack.client("s3"), stack.destination
    (reader,) = json.loads(wanted)["Statement"]
    parts = ("Effect", "Principal", "Action", "Condition")
    if not any(
        all(statement.get(part) == reader.get(part) for part in parts)
        and set(reader["Resource"]) <= set(as_list(statement.get("Resource")))
        for statement in bucket_policy(s3, bucket)["Statement"]
    ):
        fix = "add the statement of the output destinationPolicy to the bucket's policy"
        return fail("public access", f"the policy of {bucket} lacks what readers need", fix)
    if reader["Principal"] == "*" and _switches(s3, Bucket=bucket) & POLICIES:
        fix = "turn BlockPublicPolicy and RestrictPublicBuckets off there, or set delivery: cdn"
        return fail("public access", f"{bucket} blocks what its policy allows", fix)
    return None


def _is_public(s3: "S3Client", bucket: str) -> bool:
    """Return True if a statement of the bucket's policy allows anyone anything."""
    return any(
        statement["Effect"] == "Allow" and names_anyone(statement)
        for statement in bucket_policy(s3, bucket)["Statement"]
    )


def _switches(client: Any, **whose: str) -> set[str]:
    """Return the switches of Block Public Access that are on; none where it was never set."""
    answer = read_or_none(
        lambda: client.get_public_access_block(**whose), "NoSuchPublicAccessBlockConfiguration"
    )
    block: dict[str, bool] = answer["PublicAccessBlockConfiguration"] if answer else {}
    return {name for name, is_on in block.items() if is_on}
