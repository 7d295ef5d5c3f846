"""Checks of uploads that wait for a moderator: how many, how long, and that readers get nothing."""

from datetime import UTC, datetime
from typing import Any, Final

from function.contract import LONG_WAIT_SECONDS
from function.contract.keys import decision_key, held_key, look_key
from ops import policies, waiting
from ops.console import human_age
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.stack import Stack
from terminal import counted

_KEYS: Final = [make("u1/beach.jpg", "1") for make in (look_key, held_key, decision_key)]
"""Keys of all kinds that are kept for moderators."""

_READ: Final = ("s3:GetObject", "s3:GetObjectVersion")
_LIST: Final = ("s3:ListBucket", "s3:ListBucketVersions")
"""Listing tells which uploads wait."""


def held_uploads(stack: Stack) -> Finding:
    """Uploads do not wait for a moderator for long."""
    name, found = "held uploads", waiting.count(stack)
    if found.since is None:
        return ok(name, "none waits for a moderator")
    seconds = max(0, round((datetime.now(UTC) - found.since).total_seconds()))
    number = counted(found.count, "upload")
    if not found.is_all:
        number = f"more than {number}"
    waits = "waits" if found.count == 1 and found.is_all else "wait"
    detail = f"{number} {waits} for a moderator, the oldest for {human_age(seconds)}"
    if seconds > LONG_WAIT_SECONDS or not found.is_all:
        fix = "decide with `python -m ops moderate list`, or see why the moderator does not"
        return warn(name, detail, fix)
    return ok(name, detail)


def held_privacy(stack: Stack) -> Finding:
    """The policy of the destination bucket lets no reader get what is kept for moderators.

    A statement about everybody or about CloudFront lets readers; its conditions are not weighed,
    since who meets them is not known. Block Public Access may still refuse everybody.
    """
    name = "held privacy"
    statements = policies.bucket_policy(stack.client("s3"), stack.destination)["Statement"]
    bucket = f"arn:aws:s3:::{stack.destination}"
    probes = [(action, f"{bucket}/{key}") for key in _KEYS for action in _READ]
    probes += [(action, bucket) for action in _LIST]
    for action, resource in probes:
        if _is_allowed(statements, action, resource):
            what = "list" if action in _LIST else "get"
            detail = f"the policy of {stack.destination} lets readers {what} `_index/moderation/`"
            fix = "narrow its statements to what `destinationPolicy` has"
            return fail(name, detail, fix if stack.adopts("destination") else DEPLOY)
    return ok(name, "readers get nothing of what waits for a moderator")


def _is_allowed(statements: list[dict[str, Any]], action: str, resource: str) -> bool:
    """Return True if a policy lets readers do something, and does not deny it to everybody."""
    about = [each for each in statements if policies.is_about(each, action, resource)]
    allows = any(each["Effect"] == "Allow" and _names_readers(each) for each in about)
    denies = any(
        each["Effect"] == "Deny" and _names_all(each) and _is_for_readers(each) for each in about
    )
    return allows and not denies


def _is_for_readers(statement: dict[str, Any]) -> bool:
    """Return True if a statement applies to all readers, except principals of one account.

    docs/moderation.md has such a statement: without the exception nobody could read for moderators.
    """
    condition: dict[str, Any] = statement.get("Condition") or {}
    outside: dict[str, Any] = condition.get("StringNotEquals", {})
    return not condition or (len(condition) == 1 and set(outside) == {"aws:PrincipalAccount"})


def _names_readers(statement: dict[str, Any]) -> bool:
    cdn = "cloudfront.amazonaws.com"
    return policies.names_anyone(statement) or cdn in policies.principals(statement, "Service")


def _names_all(statement: dict[str, Any]) -> bool:
    return "*" in policies.principals(statement, "AWS")
