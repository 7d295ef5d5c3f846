"""Checks a live stack from end to end; each finding comes with what to do about it."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import botocore.exceptions

from ops import announced, canary, engine, formats, held, rendered, reserved, storage, wiring
from ops.finding import DEPLOY, Finding, fail
from ops.stack import Stack

CHECKS: Final[dict[str, Callable[[Stack], Finding]]] = {
    "notification": announced.notification,
    "queue policy": announced.queue_policy,
    "mapping": wiring.mapping,
    "concurrency": wiring.concurrency,
    "redrive policy": wiring.redrive_policy,
    "backlog": wiring.backlog,
    "backfill queue": wiring.backfill_queue,
    "batch function": reserved.batch_function,
    "first views": reserved.first_views,
    "lazy formats": formats.lazy_formats,
    "oldest upload": wiring.oldest_upload,
    "dead letters": wiring.dead_letters,
    "workers": engine.workers,
    "unanswered": engine.unanswered,
    "renditions": rendered.renditions,
    "held uploads": held.held_uploads,
    "held privacy": held.held_privacy,
    "encryption": storage.encryption,
    "public access": storage.public_access,
    "versioning": storage.versioning,
    "log retention": storage.log_retention,
    "canary": canary.canary,
}
"""In the order in which an upload meets them; the canary comes last, because it needs the rest."""


def examine(stack: Stack) -> Iterator[Finding]:
    """Run every check and yield its finding; a check that AWS refuses to answer has failed."""
    for name, check in CHECKS.items():
        try:
            yield check(stack)
        except botocore.exceptions.ClientError as error:
            response: Any = error.response
            code = str(response.get("Error", {}).get("Code", "an error"))
            denied = "Denied" in code or code in {"403", "AuthorizationError"}
            fix = "run it with credentials that may read the stack" if denied else DEPLOY
            yield fail(name, f"AWS answered {code} to {error.operation_name}", fix)
