"""Checks of the path from queue to function."""

from collections.abc import Iterator, Sequence
from typing import Final

from .resource import UNKNOWN, Resource, allows, as_list, as_mapping, of_type
from .transport import BUCKET, QUEUE

MAPPING: Final = "aws:lambda/eventSourceMapping:EventSourceMapping"
FUNCTION: Final = "aws:lambda/function:Function"
NOTIFICATION: Final = "aws:s3/bucketNotification:BucketNotification"
REDRIVE: Final = "aws:sqs/redrivePolicy:RedrivePolicy"
ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"

TIMEOUTS: Final = 6
"""Function timeouts in a visibility timeout (Lambda guide, "Using Lambda with Amazon SQS")."""

RECEIVES: Final = 5
"""Fewest receives before a message is dead (the same page)."""

DEFAULT_VISIBILITY: Final = 30
"""Seconds that SQS hides a message unless told otherwise."""

DEFAULT_TIMEOUT: Final = 3
"""Seconds that Lambda gives a function unless told otherwise."""


def visibility(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Queues that deliver a message again while its function may still be busy with it."""
    for mapping, queue in _fed(resources):
        for function in of_type(resources, FUNCTION):
            hidden = queue.inputs.get("visibilityTimeoutSeconds") or DEFAULT_VISIBILITY
            timeout = function.inputs.get("timeout") or DEFAULT_TIMEOUT
            if not mapping.uses(function, "functionName") or UNKNOWN in (hidden, timeout):
                continue
            if hidden < TIMEOUTS * timeout:
                problem = (
                    f"its visibility timeout of {hidden:.0f} s is below six times the "
                    f"{timeout:.0f} s that {function.name} may take; "
                    f"set visibilityTimeoutSeconds to {TIMEOUTS * timeout:.0f} or more."
                )
                yield queue, problem


def dead_letters(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Queues whose messages are tried for ever, or given up too soon."""
    for _mapping, queue in _fed(resources):
        separate = (r for r in of_type(resources, REDRIVE) if r.uses(queue, "queueUrl"))
        stated = queue if queue.inputs.get("redrivePolicy") else next(separate, queue)
        policy = stated.document("redrivePolicy")
        if not stated.inputs.get("redrivePolicy"):
            problem = "it has no dead-letter queue; set redrivePolicy to a queue and five receives."
            yield queue, problem
        elif policy is not None and not policy.get("deadLetterTargetArn"):
            yield queue, "its redrivePolicy names no queue; set deadLetterTargetArn."
        elif policy is not None and int(policy.get("maxReceiveCount", 0)) < RECEIVES:
            yield queue, f"messages are dead too soon; set maxReceiveCount to {RECEIVES} or more."


def partial_batch(mapping: Resource) -> Iterator[str]:
    """A mapping that fails a batch for one of its messages."""
    types = mapping.inputs.get("functionResponseTypes")
    if types != UNKNOWN and "ReportBatchItemFailures" not in as_list(types):
        yield (
            "one bad message fails its whole batch; "
            "set functionResponseTypes to ReportBatchItemFailures."
        )


def loop(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Functions that write to, or may write to, the bucket whose events they handle."""
    for notification in of_type(resources, NOTIFICATION):
        bucket = notification.inputs.get("bucket")
        for function in _handlers(notification, resources):
            if _writes_to(function, notification, resources):
                problem = "it writes to the bucket whose events it handles, and would run for ever"
                yield function, f"{problem}; give it another destination."
            for policy in _policies(function, resources):
                if bucket not in (None, UNKNOWN) and _may_put(policy, bucket):
                    problem = f"it lets the function write to {bucket}, whose events it handles"
                    yield policy, f"{problem}; allow s3:PutObject on the destination alone."


def _handlers(notification: Resource, resources: Sequence[Resource]) -> Iterator[Resource]:
    """The functions that a bucket's events reach, at once or by way of a queue."""
    mappings = [mapping for mapping, queue in _fed(resources) if notification.uses(queue, "queues")]
    for function in of_type(resources, FUNCTION):
        if notification.uses(function, "lambdaFunctions") or any(
            mapping.uses(function, "functionName") for mapping in mappings
        ):
            yield function


def _policies(function: Resource, resources: Sequence[Resource]) -> Iterator[Resource]:
    """The inline policies of a function's role."""
    roles = [role for role in of_type(resources, ROLE) if function.uses(role, "role")]
    for policy in of_type(resources, ROLE_POLICY):
        if any(policy.uses(role, "role") for role in roles):
            yield policy


def _writes_to(function: Resource, notification: Resource, resources: Sequence[Resource]) -> bool:
    environment = function.mapping("environment") or {}
    variables = as_mapping(environment.get("variables")) or {}
    name, bucket = variables.get("DESTINATION_BUCKET"), notification.inputs.get("bucket")
    if name and UNKNOWN not in (name, bucket):
        return name == bucket
    sources = [b for b in of_type(resources, BUCKET) if notification.uses(b, "bucket")]
    return any(function.uses(b, "environment") for b in sources)


def _may_put(policy: Resource, bucket: str) -> bool:
    return any(
        allows(statement)
        and any(
            action in ("s3:PutObject", "s3:*", "*") for action in as_list(statement.get("Action"))
        )
        and any(f":::{bucket}/" in arn for arn in as_list(statement.get("Resource")))
        for statement in policy.policy_statements() or []
    )


def _fed(resources: Sequence[Resource]) -> Iterator[tuple[Resource, Resource]]:
    """Every mapping with the queue that it polls."""
    for mapping in of_type(resources, MAPPING):
        for queue in of_type(resources, QUEUE):
            if mapping.uses(queue, "eventSourceArn"):
                yield mapping, queue
