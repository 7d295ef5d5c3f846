"""Checks a live stack from end to end; each finding comes with what to do about it."""

import base64
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ops.stack import Stack

CANARY: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
"""A PNG of one pixel."""

CANARY_SECONDS: Final = 60
"""How long the canary may take; a cold start is a few seconds of it."""

DEPLOY: Final = "deploy the stack again with `pulumi up`"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one check found; ``fix`` is empty when all is well."""

    check: str
    detail: str
    fix: str = ""

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to do."""
        return not self.fix


def examine(stack: Stack, on_finding: Callable[[Finding], None]) -> bool:
    """Run every check, tell each finding, and return whether all is well."""
    findings: list[Finding] = []
    for check in CHECKS:
        finding = check(stack)
        findings.append(finding)
        on_finding(finding)
    return all(finding.is_well for finding in findings)


def notification(stack: Stack) -> Finding:
    """S3 announces uploads to the queue."""
    configuration = stack.client("s3").get_bucket_notification_configuration(
        Bucket=stack.outputs["sourceBucket"]
    )
    name = stack.outputs["queueUrl"].rsplit("/", 1)[-1]
    for queue in configuration.get("QueueConfigurations", []):
        if queue["QueueArn"].endswith(f":{name}") and "s3:ObjectCreated:*" in queue["Events"]:
            return Finding(check="notification", detail="uploads are announced to the queue")
    return Finding(check="notification", detail="uploads are not announced", fix=DEPLOY)


def mapping(stack: Stack) -> Finding:
    """Lambda polls the queue and takes failures one by one."""
    mappings = stack.client("lambda").list_event_source_mappings(
        FunctionName=stack.outputs["functionName"]
    )["EventSourceMappings"]
    if not mappings:
        return Finding(check="mapping", detail="the function has no event source", fix=DEPLOY)
    state = mappings[0].get("State", "")
    if state != "Enabled":
        uuid = mappings[0]["UUID"]
        fix = f"`aws lambda update-event-source-mapping --uuid {uuid} --enabled`"
        return Finding(check="mapping", detail=f"the event source is {state}", fix=fix)
    if "ReportBatchItemFailures" not in mappings[0].get("FunctionResponseTypes", []):
        detail = "one failure fails its whole batch"
        return Finding(check="mapping", detail=detail, fix=DEPLOY)
    return Finding(check="mapping", detail="enabled, with partial batch responses")


def backlog(stack: Stack) -> Finding:
    """Uploads do not pile up."""
    waiting = _count(stack, "queueUrl")
    if waiting > 1000:  # noqa: PLR2004 (more than a minute's work at ten at a time)
        fix = "raise maxConcurrency, or wait: `dashboardUrl` shows how fast it drains"
        return Finding(check="backlog", detail=f"{waiting} uploads wait", fix=fix)
    return Finding(check="backlog", detail=f"{waiting} uploads wait")


def dead_letters(stack: Stack) -> Finding:
    """Nothing has failed for good."""
    count = _count(stack, "deadLetterQueueUrl")
    if count:
        fix = "see why with `python -m ops redrive --dry-run`, then send them through again"
        return Finding(check="dead letters", detail=f"{count} uploads have failed", fix=fix)
    return Finding(check="dead letters", detail="none")


def encryption(stack: Stack) -> Finding:
    """Both buckets encrypt by default."""
    s3 = stack.client("s3")
    found: list[str] = []
    for bucket in _buckets(stack):
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
        found += [
            rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules["Rules"]
        ]
    if len(found) < 2:  # noqa: PLR2004 (source and destination)
        return Finding(check="encryption", detail="a bucket has no default", fix=DEPLOY)
    return Finding(check="encryption", detail=", ".join(found))


def public_access(stack: Stack) -> Finding:
    """Block Public Access is whole unless a bucket's own policy lets the public in."""
    opened = [bucket for bucket in _buckets(stack) if _is_public(stack, bucket)]
    for bucket in _buckets(stack):
        switches = _switches(stack, bucket)
        needed = {"BlockPublicAcls", "IgnorePublicAcls"}
        if bucket not in opened:
            needed |= {"BlockPublicPolicy", "RestrictPublicBuckets"}
        missing = sorted(needed - switches)
        if missing:
            detail = f"{bucket} lacks {', '.join(missing)}"
            return Finding(check="public access", detail=detail, fix=DEPLOY)
    detail = f"public by policy: {', '.join(opened)}" if opened else "nothing is public"
    return Finding(check="public access", detail=detail)


def versioning(stack: Stack) -> Finding:
    """An overwritten upload can be brought back."""
    status = stack.client("s3").get_bucket_versioning(Bucket=stack.outputs["sourceBucket"])
    if status.get("Status") != "Enabled":
        return Finding(check="versioning", detail="the source keeps no versions", fix=DEPLOY)
    return Finding(check="versioning", detail="the source keeps versions")


def log_retention(stack: Stack) -> Finding:
    """The log does not grow for ever."""
    name = stack.outputs["logGroup"]
    groups = stack.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    days = next((g.get("retentionInDays") for g in groups if g["logGroupName"] == name), None)
    if not days:
        return Finding(check="log retention", detail="the log is kept for ever", fix=DEPLOY)
    return Finding(check="log retention", detail=f"{days} days")


def canary(stack: Stack) -> Finding:
    """An upload goes the whole way; afterwards nothing of it is left."""
    name = f"canary-{secrets.token_hex(6)}.png"
    s3, started = stack.client("s3"), time.monotonic()
    s3.put_object(Bucket=stack.outputs["sourceBucket"], Key=f"uploads/{name}", Body=CANARY)
    try:
        status = _wait_for_status(stack, name, started + CANARY_SECONDS)
    finally:
        _remove(s3, stack.outputs["sourceBucket"], f"uploads/{name}")
        _remove(s3, stack.outputs["destinationBucket"], f"{name}/")
    if status != "ready":
        fix = "read the function's log (`logGroup`), and the findings above"
        return Finding(check="canary", detail=f"its manifest is {status}", fix=fix)
    return Finding(check="canary", detail=f"ready after {time.monotonic() - started:.1f} s")


CHECKS: Final = (
    notification,
    mapping,
    backlog,
    dead_letters,
    encryption,
    public_access,
    versioning,
    log_retention,
    canary,
)
"""In the order of an upload's way; the canary last, when all that it needs has been looked at."""


def _buckets(stack: Stack) -> tuple[str, str]:
    return stack.outputs["sourceBucket"], stack.outputs["destinationBucket"]


def _count(stack: Stack, output: str) -> int:
    attribute = "ApproximateNumberOfMessages"
    answer = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs[output], AttributeNames=[attribute]
    )
    return int(answer["Attributes"][attribute])


def _is_public(stack: Stack, bucket: str) -> bool:
    policy = json.loads(stack.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    return any(s["Effect"] == "Allow" and s["Principal"] == "*" for s in policy["Statement"])


def _switches(stack: Stack, bucket: str) -> set[str]:
    """The switches of Block Public Access that are on; none where it was never set."""
    s3 = stack.client("s3")
    try:
        block: dict[str, bool] = s3.get_public_access_block(Bucket=bucket)[
            "PublicAccessBlockConfiguration"
        ]
    except s3.exceptions.ClientError:
        return set()
    return {name for name, is_on in block.items() if is_on}


def _wait_for_status(stack: Stack, name: str, deadline: float) -> str:
    s3 = stack.client("s3")
    where = {"Bucket": stack.outputs["destinationBucket"], "Key": f"{name}/manifest.json"}
    while time.monotonic() < deadline:
        try:
            return str(json.loads(s3.get_object(**where)["Body"].read())["status"])
        except s3.exceptions.NoSuchKey:
            time.sleep(0.2)
    return f"missing after {CANARY_SECONDS} s"


def _remove(s3: Any, bucket: str, prefix: str) -> None:
    """Delete every version of what is under a prefix."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
