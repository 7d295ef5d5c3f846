"""A moderator that knows a few rules: size, format and the hour. Python's standard library alone.

It rejects what is too small or too long, and files of a format that nobody should send. It approves
the rest in the hours in which somebody of yours reads complaints; at other times, and of what looks
like an upload that was rejected, it decides nothing: the upload waits for
``python -m ops moderate``.

Deploy it as a Lambda function, and name it as the stack's ``moderator``::

    import pulumi
    from pulumi_aws import iam, lambda_

    trust = {"Service": "lambda.amazonaws.com"}
    assume = {"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}
    role = iam.Role("rules", assume_role_policy={"Version": "2012-10-17", "Statement": [assume]})
    rules = lambda_.Function(
        "rules",
        code=pulumi.AssetArchive({"rules.py": pulumi.FileAsset("rules.py")}),
        handler="rules.handle",
        runtime="python3.13",
        role=role.arn,
        environment={"variables": {"OPEN_HOURS": "8-20"}},
    )
    pulumi.export("moderator", rules.arn)

It needs no permission: it reads no bucket, because the event has all that it needs. With
``logs:CreateLogStream`` and ``logs:PutLogEvents`` on its own log group it can log.
"""

import os
from datetime import UTC, datetime
from typing import Any

SHORTEST = 200
"""Pixels of the shorter side, at least."""

LONGEST = 3
"""Longer side over the shorter one, at most."""

FORMATS = {"jpeg", "png", "heif", "webp", "avif"}


def handle(event: dict[str, Any], _context: object) -> dict[str, str] | None:
    """Return the decision about a held upload; None if somebody else decides, later."""
    if reason := fault(event):
        return {"decision": "reject", "reason": reason}
    if event["looks_like_rejected"] or not is_open(datetime.now(UTC)):
        return None
    return {"decision": "approve", "reason": "within the rules"}


def fault(upload: dict[str, Any]) -> str | None:
    """Return which rule an upload breaks; None if it breaks none."""
    shorter, longer = sorted((upload["width"], upload["height"]))
    if upload["format"] not in FORMATS:
        return f"format {upload['format']}"
    if shorter < SHORTEST:
        return f"only {shorter} pixels"
    if longer > LONGEST * shorter:
        return f"{longer} x {shorter} is too long"
    return None


def is_open(now: datetime) -> bool:
    """Return True in the hours of UTC that ``OPEN_HOURS`` names, e.g. ``8-20`` or ``22-6``."""
    first, last = map(int, os.environ.get("OPEN_HOURS", "0-24").split("-"))
    is_after, is_before = now.hour >= first, now.hour < last
    return (is_after and is_before) if first <= last else (is_after or is_before)
