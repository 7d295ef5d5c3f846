"""The result of one of the doctor's checks."""

from dataclasses import dataclass
from typing import Final, Literal

DEPLOY: Final = "deploy the stack again with `pulumi up --refresh`"
"""A deployment with ``--refresh`` undoes changes made by hand."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the doctor's report."""

    check: str
    # ``fail``: uploads are lost, exposed or unprocessed. ``warn``: extra cost or trouble later.
    level: Literal["ok", "warn", "fail"]
    detail: str  # what was seen
    fix: str = ""  # what to do about it; empty when all is well


def ok(check: str, detail: str) -> Finding:
    """Return the finding of a check that passed."""
    return Finding(check=check, level="ok", detail=detail)


def warn(check: str, detail: str, fix: str) -> Finding:
    """Return a finding that may lead to extra cost or trouble later."""
    return Finding(check=check, level="warn", detail=detail, fix=fix)


def fail(check: str, detail: str, fix: str) -> Finding:
    """Return a finding that uploads are lost, exposed or not processed."""
    return Finding(check=check, level="fail", detail=detail, fix=fix)
