"""Statements of policies, and the documents that they are written in."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

Statement = dict[str, Any]
Document = dict[str, Any]

ANYONE: Final = "*"


def document(statements: Iterable[Statement]) -> Document:
    """Wrap statements in a policy document of the current language version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def to_json(document: Document) -> str:
    """Write a document without spaces, which count towards AWS's limits on its size."""
    return json.dumps(document, separators=(",", ":"))


def objects_under(bucket_arn: str, prefixes: Sequence[str]) -> str | list[str]:
    """Return the ARN pattern of all objects under a prefix, or those under several."""
    first, *others = [f"{bucket_arn}/{prefix}*" for prefix in prefixes]
    return [first, *others] if others else first


def allow(
    sid: str,
    action: str | list[str],
    resource: str | list[str],
    principal: str | dict[str, str] | None = None,
    condition: dict[str, Any] | None = None,
) -> Statement:
    """Allow a principal some actions; without one, the role that the policy belongs to."""
    who = {"Principal": principal} if principal else {}
    when = {"Condition": condition} if condition else {}
    return {"Sid": sid, "Effect": "Allow", **who, "Action": action, "Resource": resource, **when}


def deny(
    sid: str, action: str, resource: str | list[str], condition: dict[str, Any] | None = None
) -> Statement:
    """Deny everyone an action, whatever else is allowed."""
    return allow(sid, action, resource, ANYONE, condition) | {"Effect": "Deny"}


def deny_plain_http(action: str, resource: str) -> Statement:
    """Deny every request that is not HTTPS."""
    return deny("DenyPlainHttp", action, resource, {"Bool": {"aws:SecureTransport": "false"}})
