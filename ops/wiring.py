"""Checks of the queues, of how Lambda polls them, and of what waits in them."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from function.contract import MAX_RECEIVES, StackOutput
from ops import mappings, queues
from ops.backfill_queue import count
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.stack import Stack
from terminal import counted

if TYPE_CHECKING:
    from types_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

MANY: Final = 1000
"""A warning above this many waiting uploads, more than a minute's work for ten functions."""

OLD_TIMEOUTS: Final = 2
"""A warning above this age of the oldest upload, in visibility timeouts; same as the alarm."""


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
    dead = f":{queues.name_of(stack, StackOutput.DEAD_LETTER_QUEUE_URL)}"
    receives = 0
    for output in (output for output in mappings.QUEUES if output in stack.outputs):
        text = queues.attribute(stack, output, "RedrivePolicy")
        policy: dict[str, str] = json.loads(text) if text else {}
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
    waiting = int(queues.attribute(stack, StackOutput.QUEUE_URL, "ApproximateNumberOfMessages"))
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
        Dimensions=[{"Name": "QueueName", "Value": queues.name_of(stack, StackOutput.QUEUE_URL)}],
        StartTime=now - timedelta(minutes=15),
        EndTime=now,
        Period=300,
        Statistics=["Maximum"],
    )["Datapoints"]
    if not points:
        return ok("oldest upload", "CloudWatch has no age: the queue was idle")
    seconds = round(max(points, key=lambda point: point["Timestamp"])["Maximum"])
    timeout = int(queues.attribute(stack, StackOutput.QUEUE_URL, "VisibilityTimeout"))
    if seconds > OLD_TIMEOUTS * timeout:
        fix = "see the findings on mapping and canary; if those are ok, raise maxConcurrency"
        return warn("oldest upload", f"waits for {seconds} s", fix)
    return ok("oldest upload", f"waited for {seconds} s")


def dead_letters(stack: Stack) -> Finding:
    """Check that the dead-letter queue is empty."""
    queue = StackOutput.DEAD_LETTER_QUEUE_URL
    count = int(queues.attribute(stack, queue, "ApproximateNumberOfMessages"))
    if count:
        fix = "see why with `python -m ops redrive --dry-run`, then send them through again"
        return fail("dead letters", f"{counted(count, 'upload')} failed", fix)
    return ok("dead letters", "none")


def _wait(uploads: int) -> str:
    return f"{counted(uploads, 'upload')} {'waits' if uploads == 1 else 'wait'}"
