"""Remove a clone: its objects, its resources, its stack and its settings file."""

import time
from collections.abc import Callable
from typing import Any, Final, cast

from bench.accept import cloud, leftovers
from bench.accept.clone import Clone
from bench.accept.engine import Engine
from bench.accept.steps import StepFailed
from ops import teardown
from ops.stack import NEEDED, Stack

LAG_SECONDS: Final = 300
"""How long the tagging API may go on naming what is deleted; it is eventually consistent."""

_KEY_DAYS: Final = 7
"""Shortest time in which a KMS key can be deleted (API reference, "ScheduleKeyDeletion")."""


def remove(clone: Clone, engine: Engine, advance: Callable[[int], None]) -> None:
    """Remove the clone, from whatever point its making or its removal has reached.

    Args:
        clone: which.
        engine: its engine.
        advance: told the number of objects after each batch that is deleted.
    """
    empty(clone, engine, advance)
    engine.run("destroy")
    for arn in leftovers.keys(clone):
        cloud.clients(clone)("kms").schedule_key_deletion(KeyId=arn, PendingWindowInDays=_KEY_DAYS)
    engine.run("remove")
    clone.path.unlink(missing_ok=True)


def empty(clone: Clone, engine: Engine, advance: Callable[[int], None]) -> None:
    """Empty the buckets that the engine knows of.

    Without its outputs a deployment has not finished: nobody has uploaded, and there is no function
    to wait for.
    """
    outputs: dict[str, Any] = engine.run("outputs")["outputs"]
    stack = Stack(outputs=outputs, client=cloud.clients(clone))
    if all(outputs.get(name) for name in NEEDED):
        teardown.stop(stack)
    resources = cast("list[dict[str, Any]]", engine.run("export")["resources"])
    for resource in resources:
        if resource["type"] == "aws:s3/bucket:Bucket":
            teardown.empty(stack, resource["id"], advance)


def check(clone: Clone) -> None:
    """Look whether anything is left of a removed clone.

    Raises:
        StepFailed: something is.
    """
    deadline = time.monotonic() + LAG_SECONDS
    while (left := leftovers.by_tag(clone)) and time.monotonic() < deadline:
        time.sleep(1)
    left += leftovers.by_name(clone)
    if left:
        raise StepFailed(f"{len(left)} resources are left: {', '.join(left)}.")
