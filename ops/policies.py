"""Reads the policies of buckets and queues, in every spelling that AWS takes."""

import fnmatch
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from ops.stack import read_or_none

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Statement = dict[str, Any]

_OPERATORS: Final = {"StringEquals", "StringLike", "ArnEquals", "ArnLike", "Bool"}
"""Operators of conditions that are weighed, besides their negations."""


def as_list(value: Any) -> list[Any]:
    """Return a policy's values as a list; it states a single one by itself, and may state none."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def bucket_policy(s3: "S3Client", bucket: str) -> dict[str, Any]:
    """Return a bucket's policy with a list of statements; none where it has no policy."""
    answer = read_or_none(lambda: s3.get_bucket_policy(Bucket=bucket), "NoSuchBucketPolicy")
    empty: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    policy = json.loads(answer["Policy"]) if answer else empty
    return policy | {"Statement": as_list(policy["Statement"])}


def is_about(statement: Statement, action: str, resource: str) -> bool:
    """Return True if a statement applies to an action on a resource, whatever its partition."""
    return _names(statement, "Action", action.lower(), lower=True) and _names(
        statement, "Resource", _without_partition(resource)
    )


def principals(statement: Statement, kind: str) -> list[Any]:
    """Return whom a statement is about, of a kind; ``*`` alone means every AWS principal."""
    principal: str | dict[str, Any] = statement.get("Principal", {})
    if isinstance(principal, str):
        return [principal] if kind == "AWS" else []
    return as_list(principal.get(kind))


def names_anyone(statement: Statement) -> bool:
    """Return True for ``*`` in any of its spellings, and for all but some principals."""
    return "NotPrincipal" in statement or "*" in principals(statement, "AWS")


def lets_service(
    statements: list[Statement], service: str, action: str, resource: str, facts: Mapping[str, str]
) -> bool:
    """Return True if a policy lets one of AWS's services do something, and does not deny it.

    Args:
        statements: of the resource's policy.
        service: the principal, such as ``s3.amazonaws.com``.
        action: such as ``sqs:SendMessage``.
        resource: its ARN.
        facts: the request's values of condition keys, by their names in lower case. Any other key
            counts as one that the request lacks.
    """
    about = [each for each in statements if is_about(each, action, resource)]
    allows = any(
        each["Effect"] == "Allow"
        and service in principals(each, "Service")
        and _is_met(each, facts)
        for each in about
    )
    denies = any(
        each["Effect"] == "Deny"
        and (service in principals(each, "Service") or "*" in principals(each, "AWS"))
        and _is_met(each, facts)
        for each in about
    )
    return allows and not denies


def _is_met(statement: Statement, facts: Mapping[str, str]) -> bool:
    """Return True if a request with these facts meets all conditions of a statement."""
    conditions: dict[str, dict[str, Any]] = statement.get("Condition") or {}
    return all(
        _holds(operator, facts.get(key.lower()), [str(each) for each in as_list(wanted)])
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )


def _holds(operator: str, found: str | None, wanted: list[str]) -> bool:
    """Compare a request's value of a condition's key, None if it has none, with those wanted.

    An operator that is not weighed, such as one about numbers, is not met.
    """
    base = operator.removesuffix("IfExists")
    is_negated = "Not" in base
    if base.replace("Not", "") not in _OPERATORS:
        return False
    if found is None:
        return is_negated or base != operator
    if base == "Bool":
        return found in [each.lower() for each in wanted]
    is_exact = base in ("StringEquals", "StringNotEquals")
    matches = found in wanted if is_exact else any(_fits(found, each) for each in wanted)
    return matches is not is_negated


def _names(statement: Statement, part: str, value: str, *, lower: bool = False) -> bool:
    """Return True if a statement's part, or its ``Not`` part, applies to a value."""
    given = part if part in statement else f"Not{part}"
    patterns = [str(each) for each in as_list(statement.get(given))]
    patterns = [each.lower() if lower else _without_partition(each) for each in patterns]
    return any(_fits(value, pattern) for pattern in patterns) is (given == part)


def _without_partition(arn: str) -> str:
    return re.sub(r"^arn:[^:]*:", "", arn)


def _fits(value: str, pattern: str) -> bool:
    # Of IAM's patterns, brackets stand for themselves.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))
