"""Checks of the path from the source bucket through the queue to the function."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from function.contract import MAX_RECEIVES, StackOutput
from ops import mappings
from ops.backfill_queue import count
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.stack import Stack, read_or_none
from ops.storage import as_list
from terminal import counted

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef
    from types_boto3_s3.type_defs import QueueConfigurationOutputTypeDef
    from types_boto3_sqs.literals import QueueAttributeNameType

MANY: Final = 1000
"""A warning above this many waiting uploads, more than a minute's work for ten functions."""

OLD_TIMEOUTS: Final = 2
"""A warning above this age of the oldest upload, in visibility timeouts; same as the alarm."""


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
    fix = f"{DEPLOY}, then send what came in meanwhile with `python -m ops backfill`"
    return fail("notification", f"uploads are not announced to the queue: {lacking[0]}", fix)


def _bridge(stack: Stack, *, is_on: bool) -> Finding:
    """Check that EventBridge gets an adopted bucket's events, and has the stack's rule."""
    backfill = "then send what came in meanwhile with `python -m ops backfill`"
    if not is_on:
        fix = f"turn that on (docs/adopt.md, Buckets), {backfill}"
        return fail("notification", f"{stack.source} does not send events to EventBridge", fix)
    events = stack.client("events")
    arn = _attribute(stack, StackOutput.QUEUE_URL, "QueueArn")
    account = arn.split(":")[4]
    s3 = stack.client("s3")
    look = partial(s3.head_bucket, Bucket=stack.source, ExpectedBucketOwner=account)
    if read_or_none(look, "403") is None:
        detail = f"{stack.source} is not of the account {account}, or you may not list it"
        fix = "set sourceBucket to a bucket of that account, because no other's events come"
        return fail("notification", detail, fix)
    for name in events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]:
        rule = events.describe_rule(Name=name)
        if rule["State"] == "ENABLED" and _matches(
            stack, json.loads(rule.get("EventPattern", "{}"))
        ):
            return ok("notification", f"{_told(stack)} announced to the queue by EventBridge")
    detail = "no rule of EventBridge announces uploads to the queue"
    return fail("notification", detail, f"{DEPLOY}, {backfill}")


def _matches(stack: Stack, pattern: dict[str, Any]) -> bool:
    """Return True if a rule is for the creation and removal of uploads in the source bucket."""
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
    is_ours = queue["QueueArn"].endswith(f":{_name(stack, StackOutput.QUEUE_URL)}")
    return found if is_whole and is_ours else None


def queue_policy(stack: Stack) -> Finding:
    """Check that S3 may send to the queue for this bucket alone, or EventBridge for its rule."""
    statements = as_list(_document(stack, "Policy", StackOutput.QUEUE_URL).get("Statement"))
    if stack.adopts("source"):
        if any(_lets_send(statement, "events.amazonaws.com", ":rule/") for statement in statements):
            return ok("queue policy", "EventBridge may send for its rule")
        return fail("queue policy", "EventBridge may not send for its rule", DEPLOY)
    bucket = f":{stack.source}"
    if any(_lets_send(statement, "s3.amazonaws.com", bucket) for statement in statements):
        return ok("queue policy", "S3 may send for the source bucket")
    return fail("queue policy", "S3 may not send for the source bucket", DEPLOY)


def _lets_send(statement: dict[str, Any], service: str, source: str) -> bool:
    """Return True if a statement allows just that; ``Deny`` statements are about plain HTTP."""
    principal, actions = statement.get("Principal", "*"), as_list(statement.get("Action"))
    return (
        statement["Effect"] == "Allow"
        and principal != "*"
        and service in as_list(principal.get("Service"))
        and not {"sqs:SendMessage", "SQS:SendMessage", "sqs:*"}.isdisjoint(actions)
        and source in json.dumps(statement.get("Condition", {}))
    )


def mapping(stack: Stack) -> Finding:
    """Check that Lambda polls the queue, with partial batch responses."""
    found = mappings.find(stack, StackOutput.QUEUE_URL)
    if not found:
        return fail("mapping", "the function does not poll the queue", DEPLOY)
    state = found[0].get("State", "")
    if state in {"Enabling", "Updating"}:
        return warn("mapping", f"the event source is {state}", "look again in a minute")
    if state != "Enabled":
        return fail("mapping", f"the event source is {state}", _switch(stack, found[0], "enabled"))
    if "ReportBatchItemFailures" not in found[0].get("FunctionResponseTypes", []):
        return fail("mapping", "one failure fails its whole batch", DEPLOY)
    return ok("mapping", "enabled, with partial batch responses")


def backfill_queue(stack: Stack) -> Finding:
    """Check that the queue of backfills is polled while it has messages, and only then."""
    name = "backfill queue"
    if StackOutput.BACKFILL_QUEUE_URL not in stack.outputs:
        detail = "the stack has none, and new uploads wait behind a backfill"
        return warn(name, detail, "deploy this release with `pulumi up`")
    found = mappings.find(stack, StackOutput.BACKFILL_QUEUE_URL)
    if not found:
        return fail(name, "the function does not poll the queue", DEPLOY)
    mapping = found[0]
    waiting = count(stack.client("sqs"), stack.backfill_queue)
    is_off = mapping["State"] in {"Disabled", "Disabling"}
    if is_off and waiting:
        detail = f"{_wait(waiting)}, nothing polls the queue, and SQS deletes after 4 days"
        return fail(
            name, detail, f"{_switch(stack, mapping, 'enabled')}, or run the backfill again"
        )
    if not is_off and not waiting:
        detail = "it is polled without messages, which costs about $0.26 a month"
        fix = f"unless a backfill runs, {_switch(stack, mapping, 'no-enabled')}"
        return warn(name, detail, fix)
    if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
        return fail(name, "one failure fails its whole batch", DEPLOY)
    return ok(name, _wait(waiting) if waiting else "empty, and not polled")


def _switch(stack: Stack, mapping: "EventSourceMappingConfigurationTypeDef", option: str) -> str:
    named = f"--uuid {mapping['UUID']} --{option}{stack.region_option}"
    return f"`aws lambda update-event-source-mapping {named}`"


def concurrency(stack: Stack) -> Finding:
    """Check that the account has room for as many invocations at one time as the settings say.

    A new account may have ten executions in all (Lambda developer guide, "Lambda quotas"). With
    ``maxConcurrency: 0`` there is nothing to compare with: Lambda keeps to the account's limit.
    ``backfillConcurrency`` comes on top while a backfill runs.
    """
    limit = stack.client("lambda").get_account_settings()["AccountLimit"]
    left = limit["UnreservedConcurrentExecutions"]
    polling = (f for f in mappings.find(stack, *mappings.QUEUES) if f["State"] != "Disabled")
    scaling = (found.get("ScalingConfig", {}) for found in polling)
    wanted = sum(int(config.get("MaximumConcurrency", 0)) for config in scaling)
    if left < wanted:
        left_over = counted(left, "unreserved execution")
        detail = f"the account has {left_over} and the stack may use {wanted}"
        fix = (
            "ask for more in Service Quotas (Lambda, Concurrent executions), or lower "
            "maxConcurrency (and backfillConcurrency while a backfill runs)"
        )
        return warn("concurrency", detail, fix)
    return ok("concurrency", f"{counted(left, 'unreserved execution')} in the account")


def redrive_policy(stack: Stack) -> Finding:
    """Check that a failing message reaches the dead-letter queue, after enough receives."""
    dead = f":{_name(stack, StackOutput.DEAD_LETTER_QUEUE_URL)}"
    receives = 0
    for output in (output for output in mappings.QUEUES if output in stack.outputs):
        policy = _document(stack, "RedrivePolicy", output)
        if not policy.get("deadLetterTargetArn", "").endswith(dead):
            detail = f"failures of {output} do not reach the dead-letter queue"
            return fail("redrive policy", detail, DEPLOY)
        receives = int(policy["maxReceiveCount"])
        if receives < MAX_RECEIVES:  # throttled receives count as well
            detail = f"given up after {counted(receives, 'receive')}, too few"
            return warn("redrive policy", detail, DEPLOY)
    return ok("redrive policy", f"dead after {receives} failed receives")


def backlog(stack: Stack) -> Finding:
    """Check that few uploads wait in the queue."""
    waiting = int(_attribute(stack, StackOutput.QUEUE_URL, "ApproximateNumberOfMessages"))
    if waiting > MANY:
        fix = "raise maxConcurrency, or wait"
        if StackOutput.DASHBOARD_URL in stack.outputs:
            fix += ": `dashboardUrl` shows how fast it drains"
        return warn("backlog", _wait(waiting), fix)
    return ok("backlog", _wait(waiting))


def oldest_upload(stack: Stack) -> Finding:
    """Check that no upload waits for long, by CloudWatch, which has no data of an idle queue."""
    now = datetime.now(UTC)
    points = stack.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": _name(stack, StackOutput.QUEUE_URL)}],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    if not points:
        return ok("oldest upload", "CloudWatch has no age: the queue was idle")
    seconds = round(max(points, key=lambda point: point["Timestamp"])["Maximum"])
    if seconds > OLD_TIMEOUTS * int(_attribute(stack, StackOutput.QUEUE_URL, "VisibilityTimeout")):
        fix = "see the findings on mapping and canary; if those are ok, raise maxConcurrency"
        return warn("oldest upload", f"waits for {seconds} s", fix)
    return ok("oldest upload", f"waited for {seconds} s")


def dead_letters(stack: Stack) -> Finding:
    """Check that the dead-letter queue is empty."""
    count = int(_attribute(stack, StackOutput.DEAD_LETTER_QUEUE_URL, "ApproximateNumberOfMessages"))
    if count:
        fix = "see why with `python -m ops redrive --dry-run`, then send them through again"
        return fail("dead letters", f"{counted(count, 'upload')} failed", fix)
    return ok("dead letters", "none")


def _wait(uploads: int) -> str:
    return f"{counted(uploads, 'upload')} {'waits' if uploads == 1 else 'wait'}"


def _name(stack: Stack, output: StackOutput) -> str:
    return stack.outputs[output].rsplit("/", 1)[-1]


def _document(stack: Stack, name: "QueueAttributeNameType", output: StackOutput) -> dict[str, Any]:
    """Return a policy of a queue; empty if it has none."""
    text = _attribute(stack, output, name)
    return json.loads(text) if text else {}


def _attribute(stack: Stack, output: StackOutput, name: "QueueAttributeNameType") -> str:
    """Return an attribute of a queue; empty if it has none."""
    sqs, url = stack.client("sqs"), stack.outputs[output]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return str(answer.get("Attributes", {}).get(name, ""))
