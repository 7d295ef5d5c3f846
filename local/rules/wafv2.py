"""AWS WAF in front of CloudFront: rate-based rules, and limits of web ACLs."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import cloudfront, error, replaces, waf

WINDOWS: Final = (60, 120, 300, 600)
"""Seconds over which a rate-based rule may count ("RateBasedStatement", AWS WAF API reference)."""

LIMITS: Final = (10, 2_000_000_000)
"""Requests of a rate-based rule in its window (the same page)."""

STATUSES: Final = (200, 599)
"""Statuses of a custom response ("CustomResponse", the same reference)."""

_requests: Final = defaultdict[tuple[str, str, str], deque[float]](deque)
"""Times of the requests in the last window, by web ACL's ARN, rule and address."""


@replaces(vars(cloudfront), "handle_viewer_request")
async def rate_limited(serve: Callable[..., Any], dist: Mapping[str, Any], *request: Any) -> Any:
    """Block an address that sends more requests in a window than a rate-based rule lets it.

    "Rate-based rule statement" (AWS WAF developer guide). Blocked requests count too. AWS counts
    every ten seconds or so, and acts near the limit; here it is exact.
    """
    address, arn = request[-1], _web_acl_of(dist)
    acl = waf._resolve_local_web_acl(arn)[0] if arn else None
    for rule in acl["Rules"] if acl else ():
        statement = rule["Statement"].get("RateBasedStatement")
        if statement and count(arn, rule["Name"], address, statement) > statement["Limit"]:
            return _blocked(rule["Action"]["Block"].get("CustomResponse"))
    return await serve(dist, *request)


def _blocked(custom: Mapping[str, Any] | None) -> tuple[int, dict[str, str], bytes]:
    """403 with CloudFront's page, or the rule's custom response, here always without a body.

    "Custom responses for Block actions" (AWS WAF developer guide): it takes precedence over what
    the distribution would do with such a status.
    """
    if custom is None:
        return cloudfront._cf_error_response(403, "Request blocked.", cloudfront._ERROR_X_CACHE)
    headers = {header["Name"]: header["Value"] for header in custom.get("ResponseHeaders", [])}
    return custom["ResponseCode"], headers, b""


def count(arn: str, rule: str, address: str, statement: Mapping[str, Any]) -> int:
    """Count a request, and return those of its address in the statement's window."""
    now = time.monotonic()
    seen = _requests[arn, rule, address]
    seen.append(now)
    while seen[0] <= now - statement.get("EvaluationWindowSec", 300):
        seen.popleft()
    return len(seen)


def _can_answer(custom: Mapping[str, Any] | None) -> bool:
    """Return True if AWS WAF takes a custom response ("CustomResponse", API reference)."""
    if custom is None:
        return True
    names = [header["Name"].lower() for header in custom.get("ResponseHeaders", [])]
    return (
        STATUSES[0] <= custom["ResponseCode"] <= STATUSES[1]
        and "content-type" not in names
        and len(set(names)) == len(names)
    )


def _web_acl_of(dist: Mapping[str, Any]) -> str:
    return cloudfront._text(cloudfront._dist_config_el(dist), "WebACLId") or ""


@replaces(vars(waf), "_create_web_acl")
@replaces(vars(waf), "_update_web_acl")
def rules_within_limits(act: Callable[..., Any], data: Mapping[str, Any]) -> Any:
    """Refuse a rate or a window that AWS WAF does not have ("RateBasedStatement", API)."""
    for rule in data.get("Rules", []):
        if not _can_answer(rule.get("Action", {}).get("Block", {}).get("CustomResponse")):
            return error(
                "WAFInvalidParameterException",
                "Error reason: The custom response has a status or a header that is not valid.",
            )
        statement = rule["Statement"].get("RateBasedStatement", {})
        if statement.get("EvaluationWindowSec", 300) not in WINDOWS or not (
            LIMITS[0] <= statement.get("Limit", LIMITS[0]) <= LIMITS[1]
        ):
            return error(
                "WAFInvalidParameterException",
                "Error reason: A parameter of the rate-based statement has a value that is not "
                "valid.",
            )
    return act(data)


@replaces(vars(waf), "_delete_web_acl")
def web_acl_in_use(delete: Callable[..., Any], data: Mapping[str, Any]) -> Any:
    """Refuse to delete one that a distribution uses ("DeleteWebACL", AWS WAF API)."""
    acl = waf._resource_from_scope(waf._web_acls, data.get("Id", ""), data.get("Scope", "REGIONAL"))
    if acl and any(_web_acl_of(dist) == acl["ARN"] for dist in cloudfront._distributions.values()):
        message = (
            "AWS WAF couldn't perform the operation because your resource is being used by another "
            "resource or it's associated with another resource."
        )
        return error("WAFAssociatedItemException", message)
    return delete(data)


@replaces(vars(cloudfront), "_create_distribution")
@replaces(vars(cloudfront), "_update_distribution")
def web_acl_exists(act: Callable[..., Any], *arguments: Any) -> Any:
    """Refuse a distribution whose web ACL does not exist ("CreateDistribution", CloudFront API)."""
    root = cloudfront._parse_body(arguments[-1])
    config = None if root is None else cloudfront._unwrap_distribution_create_xml(root)[0]
    arn = cloudfront._text(config, "WebACLId") if config is not None else ""
    if arn and waf._resolve_local_web_acl(arn)[1]:
        message = "The web ACL ID specified is not valid."
        return cloudfront._error("InvalidWebACLId", message, 400)
    return act(*arguments)
