"""Checks of uploads that wait for a moderator: how many, how long, and that readers get nothing."""

import fnmatch
import re
from datetime import UTC, datetime
from typing import Any, Final, cast

from function.contract import LONG_WAIT_SECONDS, decision_key, held_key, look_key
from ops import moderate
from ops.console import human_age
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.stack import Stack
from ops.storage import bucket_policy
from terminal import counted

_KEYS: Final = [make("u1/beach.jpg", "1") for make in (look_key, held_key, decision_key)]
"""Keys of all kinds that are kept for moderators."""

_READ: Final = ("s3:GetObject", "s3:GetObjectVersion")
_LIST: Final = ("s3:ListBucket", "s3:ListBucketVersions")
"""Listing tells which uploads wait."""


def held_uploads(stack: Stack) -> Finding:
    """Uploads do not wait for a moderator for long."""
    name, found = "held uploads", moderate.count(stack)
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
    policy = bucket_policy(stack.client("s3"), stack.destination)
    statements = cast("list[dict[str, Any]]", _many(policy["Statement"]))
    bucket = f":::{stack.destination}"
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
    about = [each for each in statements if _is_about(each, action, resource)]
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


def _is_about(statement: dict[str, Any], action: str, resource: str) -> bool:
    return _matches(statement, "Action", action.lower(), lower=True) and _matches(
        statement, "Resource", resource
    )


def _matches(statement: dict[str, Any], part: str, value: str, *, lower: bool = False) -> bool:
    """Return True if a statement's part, or its ``Not`` part, applies to a value.

    The partition of an ARN is not compared.
    """
    given = part if part in statement else f"Not{part}"
    patterns = [str(each) for each in _many(statement.get(given, []))]
    patterns = [each.lower() if lower else re.sub(r"^arn:[^:]*:s3", "", each) for each in patterns]
    # Of IAM's patterns, brackets stand for themselves.
    patterns = [each.replace("[", "[[]") for each in patterns]
    is_named = any(fnmatch.fnmatchcase(value, pattern) for pattern in patterns)
    return is_named is (given == part)


def _names_readers(statement: dict[str, Any]) -> bool:
    if "NotPrincipal" in statement or _names_all(statement):
        return True
    return "cloudfront.amazonaws.com" in _principals(statement, "Service")


def _names_all(statement: dict[str, Any]) -> bool:
    return "*" in _principals(statement, "AWS")


def _principals(statement: dict[str, Any], kind: str) -> list[Any]:
    """Return whom a statement is about, of a kind; ``*`` alone means every AWS principal."""
    principal: str | dict[str, Any] = statement.get("Principal", {})
    if isinstance(principal, str):
        return [principal] if kind == "AWS" else []
    return _many(principal.get(kind, []))


def _many(value: Any) -> list[Any]:
    """Return a policy's values as a list; it states a single one by itself."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]
