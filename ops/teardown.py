"""Empties a stack's buckets for good, in an order that leaves nothing to fill them again.

A bucket with objects is not deleted, so ``pulumi destroy`` needs them empty. A function that still
runs would put renditions back: each upload that is removed raises an event, and the restoration or
retry of another may be under way. A bucket that is not the stack's own is left as it is, with its
policy. Resources that ``pulumi destroy`` has deleted already, before it
stopped at a bucket that holds something, are skipped.
"""

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Final, Literal

from function.contract import VIEW_SECONDS, StackOutput
from ops import mappings, versions
from ops.policies import bucket_policy
from ops.stack import Stack, read_or_none
from terminal import Advance, Failure

SID: Final = "DenyUploadsDuringTeardown"

_TAGS: Final = {"Project", "Stack", "ManagedBy"}
"""Keys of the tags that everything of a stack has (``pipeline/naming.py``)."""


def own_buckets(stack: Stack) -> list[str]:
    """Return the buckets that the stack has made, the source first.

    Buckets in the output ``adoptedBuckets`` are left out. A program that uses the component may not
    export it, so a bucket without the stack's tags is left out as well, such as a bucket of another
    stack.

    Raises:
        Failure: neither is; or a file gave the outputs and the queue is gone, so that the stack's
            tags are not known.
    """
    wanted = _tags_of(stack)
    own = [stack.source] if _is_own(stack, "source", stack.source, wanted) else []
    own += [stack.destination] if _is_own(stack, "destination", stack.destination, wanted) else []
    if not own:
        raise Failure(
            f"{stack.source} and {stack.destination} are not the stack's own, so none is emptied; "
            "erase uploads with `python -m ops erase`."
        )
    return own


def _is_own(
    stack: Stack, part: Literal["source", "destination"], bucket: str, wanted: Mapping[str, str]
) -> bool:
    if stack.adopts(part):
        return False
    s3 = stack.client("s3")
    try:
        found = read_or_none(lambda: s3.get_bucket_tagging(Bucket=bucket), "NoSuchTagSet")
    except s3.exceptions.NoSuchBucket:
        return True
    tags = {tag["Key"]: tag["Value"] for tag in found["TagSet"]} if found else {}
    return tags.items() >= wanted.items()


def _tags_of(stack: Stack) -> dict[str, str]:
    """Return the tags of the queue, also if ``pulumi destroy`` has deleted it."""
    ask = partial(
        stack.client("sqs").list_queue_tags, QueueUrl=stack.outputs[StackOutput.QUEUE_URL]
    )
    found = read_or_none(ask, "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
    tags = found.get("Tags", {}) if found else {}
    if tags.keys() >= _TAGS:
        return {key: tags[key] for key in _TAGS}
    if not stack.name or not stack.project:
        raise Failure(
            "The stack's queue is gone, so its tags do not tell which buckets are the stack's own; "
            "name the stack with --stack instead of --outputs."
        )
    return {"Project": stack.project, "Stack": stack.name, "ManagedBy": "pulumi"}


def count(stack: Stack, bucket: str) -> int:
    """Return how many versions and delete markers a bucket holds."""
    return versions.count(versions.find(stack, bucket))


def stop(stack: Stack) -> None:
    """Refuse further uploads, and wait until the function has written its last rendition.

    An invocation that began before the mappings were disabled runs for at most its timeout, a first
    view for ``VIEW_SECONDS``, and no other begins afterwards: the queues have no other
    consumer, and a job of S3 Batch Operations and a reader's first view find their functions
    without concurrency.

    Raises:
        Failure: Lambda did not disable an event source mapping in time, or another command, such
            as a backfill, has enabled it again.
    """
    if stack.source in own_buckets(stack):
        _deny_uploads(stack)
    lambda_ = stack.client("lambda")
    for mapping in mappings.find(stack, *mappings.QUEUES):
        mappings.switch(lambda_, mapping["UUID"], enabled=False)
    for output in (StackOutput.BATCH_FUNCTION_ARN, StackOutput.VIEW_FUNCTION_NAME):
        if other := stack.outputs.get(output):
            hold = partial(lambda_.put_function_concurrency, ReservedConcurrentExecutions=0)
            read_or_none(partial(hold, FunctionName=other), mappings.GONE)
    name = stack.outputs[StackOutput.FUNCTION_NAME]
    ask = partial(lambda_.get_function_configuration, FunctionName=name)
    seconds = [found["Timeout"]] if (found := read_or_none(ask, mappings.GONE)) else []
    if StackOutput.VIEW_FUNCTION_NAME in stack.outputs:
        seconds.append(VIEW_SECONDS)
    if seconds:
        time.sleep(max(seconds))
    check_stopped(stack)


def check_stopped(stack: Stack) -> None:
    """Raise a ``Failure`` if a mapping is enabled: its function would refill the buckets."""
    for mapping in mappings.find(stack, *mappings.QUEUES):
        if mapping["State"] != "Disabled":
            raise Failure(
                f"The event source mapping {mapping['UUID']} was enabled again meanwhile, probably "
                "by a backfill that runs; end that, and run the same command again."
            )


def empty(stack: Stack, bucket: str, advance: Advance | None = None) -> int:
    """Delete every version and delete marker of a bucket; return how many there were.

    ``advance`` is called with the number of versions in each batch.

    Raises:
        Failure: S3 kept one; the same command may be run again.
    """
    return versions.delete(stack, bucket, versions.find(stack, bucket), advance)


def denies_uploads(stack: Stack) -> bool:
    """Return True if ``ops empty`` has run or begun since the last deployment."""
    statements = bucket_policy(stack.client("s3"), stack.source)["Statement"]
    return any(statement.get("Sid") == SID for statement in statements)


def _deny_uploads(stack: Stack) -> None:
    """Deny uploads to everyone: forms, roles and strangers. A deployment removes the statement."""
    s3, bucket = stack.client("s3"), stack.source
    try:
        policy = bucket_policy(s3, bucket)
    except s3.exceptions.NoSuchBucket:
        return
    others = [statement for statement in policy["Statement"] if statement.get("Sid") != SID]
    partition = stack.client("sts").get_caller_identity()["Arn"].split(":")[1]
    deny = {
        "Sid": SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": [f"arn:{partition}:s3:::{bucket}/{prefix}*" for prefix in stack.prefixes],
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy | {"Statement": [*others, deny]}))
