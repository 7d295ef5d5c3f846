"""Checks that uploads are announced to the queue, and that its policy lets them be.

S3's notification announces uploads in a stack's own bucket, a rule of EventBridge those in an
adopted bucket.
"""

import json
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from function.contract import StackOutput
from ops import policies, queues
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.stack import Stack, read_or_none

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import QueueConfigurationOutputTypeDef

_AGAIN: Final = "then send what came in meanwhile with `python -m ops backfill`"

_ALWAYS: Final = {"aws:securetransport": "true", "aws:principalisawsservice": "true"}
"""Values of condition keys in every request by S3 or EventBridge."""

_OTHER_ACCOUNT: Final = "000000000000"


def notification(stack: Stack) -> Finding:
    """Check that S3 announces objects created and removed under the prefixes to the queue."""
    s3, bucket = stack.client("s3"), stack.source
    found = s3.get_bucket_notification_configuration(Bucket=bucket)
    if stack.adopts("source"):
        return _bridge(stack, is_on="EventBridgeConfiguration" in found)
    sent = [
        filters
        for queue in found.get("QueueConfigurations", [])
        if (filters := _filters(stack, queue))
    ]
    lacking = [prefix for prefix in stack.prefixes if {"prefix": prefix} not in sent]
    if not lacking:
        return ok("notification", f"{_told(stack)} announced to the queue")
    detail = f"uploads are not announced to the queue: {lacking[0]}"
    return fail("notification", detail, f"{DEPLOY}, {_AGAIN}")


def _bridge(stack: Stack, *, is_on: bool) -> Finding:
    """Check that EventBridge gets an adopted bucket's events, and has the stack's rule."""
    if not is_on:
        fix = f"turn that on (docs/adopt.md, Buckets), {_AGAIN}"
        return fail("notification", f"{stack.source} does not send events to EventBridge", fix)
    arn = _queue_arn(stack)
    account = arn.split(":")[4]
    s3 = stack.client("s3")
    look = partial(s3.head_bucket, Bucket=stack.source, ExpectedBucketOwner=account)
    if read_or_none(look, "403") is None:
        detail = f"{stack.source} is not of the account {account}, or you may not list it"
        fix = "set sourceBucket to a bucket of that account, because no other's events come"
        return fail("notification", detail, fix)
    if _rules(stack, arn):
        return ok("notification", f"{_told(stack)} announced to the queue by EventBridge")
    detail = "no rule of EventBridge announces uploads to the queue"
    return fail("notification", detail, f"{DEPLOY}, {_AGAIN}")


def _rules(stack: Stack, queue_arn: str) -> list[str]:
    """Return the ARNs of the enabled rules that announce uploads to the queue."""
    events = stack.client("events")
    names = events.list_rule_names_by_target(TargetArn=queue_arn)["RuleNames"]
    rules = [events.describe_rule(Name=name) for name in names]
    return [rule["Arn"] for rule in rules if rule["State"] == "ENABLED" and _matches(stack, rule)]


def _matches(stack: Stack, rule: dict[str, Any]) -> bool:
    """Return True if a rule is for the creation and removal of uploads in the source bucket."""
    pattern = json.loads(rule.get("EventPattern", "{}"))
    objects = {"key": [{"prefix": prefix} for prefix in stack.prefixes]}
    return {"Object Created", "Object Deleted"} <= set(pattern.get("detail-type", [])) and (
        pattern.get("detail") == {"bucket": {"name": [stack.source]}, "object": objects}
    )


def _told(stack: Stack) -> str:
    return f"{' and '.join(stack.prefixes)} {'is' if len(stack.prefixes) == 1 else 'are'}"


def _filters(stack: Stack, queue: "QueueConfigurationOutputTypeDef") -> dict[str, str] | None:
    """Return the filter of a notification for the queue; None of another, or of fewer events."""
    rules = queue.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    found = {rule["Name"].lower(): rule["Value"] for rule in rules}
    is_whole = {"s3:ObjectCreated:*", "s3:ObjectRemoved:*"} <= set(queue["Events"])
    is_ours = queue["QueueArn"].endswith(f":{queues.name_of(stack, StackOutput.QUEUE_URL)}")
    return found if is_whole and is_ours else None


def queue_policy(stack: Stack) -> Finding:
    """Check that S3 may send to the queue, and only for the source bucket.

    If that bucket is adopted, EventBridge must be allowed to, for the stack's rule.
    """
    name, arn = "queue policy", _queue_arn(stack)
    _, partition, _, region, account, _ = arn.split(":")
    if stack.adopts("source"):
        who, what, service = "EventBridge", "its rule", "events.amazonaws.com"
        sources = _rules(stack, arn)
        other = f"arn:{partition}:events:{region}:{_OTHER_ACCOUNT}:rule/other"
    else:
        who, what, service = "S3", "the source bucket", "s3.amazonaws.com"
        sources, other = [f"arn:{partition}:s3:::{stack.source}"], f"arn:{partition}:s3:::other"
    text = queues.attribute(stack, StackOutput.QUEUE_URL, "Policy")
    statements = policies.as_list(json.loads(text).get("Statement")) if text else []

    def may_send(source: str, account: str) -> bool:
        facts = {"aws:sourcearn": source, "aws:sourceaccount": account} | _ALWAYS
        return policies.lets_service(statements, service, "sqs:SendMessage", arn, facts)

    if not any(may_send(source, account) for source in sources):
        return fail(name, f"{who} may not send for {what}", DEPLOY)
    if may_send(other, _OTHER_ACCOUNT):
        return warn(name, f"{who} may send for {what}, and for other accounts", DEPLOY)
    return ok(name, f"{who} may send for {what}")


def _queue_arn(stack: Stack) -> str:
    return queues.attribute(stack, StackOutput.QUEUE_URL, "QueueArn")
