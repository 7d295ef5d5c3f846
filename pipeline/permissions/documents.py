"""Statements of policies, and the documents that they are written in."""

import json
from collections.abc import Iterable
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


def allow(sid: str, actions: list[str], resource: str | list[str]) -> Statement:
    """Allow the owner of the policy these actions."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def deny_plain_http(action: str, resource: str) -> Statement:
    """Deny every request that is not HTTPS."""
    return {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": ANYONE,
        "Action": action,
        "Resource": resource,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
