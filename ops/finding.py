"""What a check of the doctor found."""

from dataclasses import dataclass
from typing import Final, Literal

DEPLOY: Final = "deploy the stack again with `pulumi up --refresh`"
"""Changes made by hand are undone by a deployment that first looks at what is there."""

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        check: what was looked at.
        level: ``ok``; ``warn``, which costs or may hurt later; ``fail``, which hurts now.
        detail: what was seen.
        fix: what to do about it; empty when all is well.
    """

    check: str
    level: Level
    detail: str
    fix: str = ""


def ok(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check=check, level="ok", detail=detail)


def warn(check: str, detail: str, fix: str) -> Finding:
    """Look at it soon."""
    return Finding(check=check, level="warn", detail=detail, fix=fix)


def fail(check: str, detail: str, fix: str) -> Finding:
    """Uploads are lost, exposed, or not processed."""
    return Finding(check=check, level="fail", detail=detail, fix=fix)
