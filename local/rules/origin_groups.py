"""Amazon CloudFront: origin groups, which MiniStack (1.5.33) keeps but does not ask.

"Optimize high availability with CloudFront origin failover" and "Request and response behavior for
origin groups" (CloudFront developer guide, read 2026-11-27).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import cloudfront, replaces

METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods of viewers for which CloudFront fails over."""

STATUSES: Final = frozenset({400, 403, 404, 416, 500, 502, 503, 504})
"""Statuses that may be failover criteria: those of the first page, and 400 and 416, which the
console offers too (re:Post, "failover criteria in cloudfront")."""

MEMBERS: Final = 2

_MEMBERS: Final = ("Members", "Items")
_STATUSES: Final = ("FailoverCriteria", "StatusCodes", "Items")
"""Where a group's configuration has them."""


@replaces(vars(cloudfront), "parse_distribution_dataplane_config")
def with_groups(
    parse: Callable[[Mapping[str, Any]], dict[str, Any]], distribution: Mapping[str, Any]
) -> dict[str, Any]:
    """Add each origin group to the origins: its first member, which knows the second."""
    parsed = parse(distribution)
    origins = parsed["origins"]
    for group in _groups(cloudfront._dist_config_el(distribution)):
        first, second = (origins[member] for member in group["members"])
        origins[group["id"]] = {**first, "second": second, "statuses": group["statuses"]}
    return parsed


@replaces(vars(cloudfront), "_fetch_from_origin")
async def fail_over(
    fetch: Callable[..., Any], origin: Mapping[str, Any], method: str, *request: Any
) -> Any:
    """Ask the second origin with the same request if the first one fails.

    The first one is asked for every request, whatever it answered before.
    """
    second = origin.get("second")
    if second is None or method not in METHODS:
        return await fetch(origin, method, *request)
    try:
        answer = await fetch(origin, method, *request)
    except (cloudfront.OriginTimeout, cloudfront.OriginUnreachable):
        return await fetch(second, method, *request)
    return await fetch(second, method, *request) if answer[0] in origin["statuses"] else answer


@replaces(vars(cloudfront), "_distribution_vpc_origin_error")
def refused_group(check: Callable[[Any], Any], config: Any) -> Any:
    """Refuse a group that CloudFront would refuse ("CreateDistribution", API reference).

    Only the sentence on methods is AWS's own.
    """
    known = {cloudfront._text(origin, "Id") for origin in _within(config, "Origins", "Items")}
    groups = {group["id"]: group for group in _groups(config)}
    for group in groups.values():
        if len(group["members"]) != MEMBERS:
            return _invalid("An origin group has two members: a primary and a secondary origin.")
        if not known.issuperset(group["members"]):
            return cloudfront._error(
                "NoSuchOrigin", "No origin exists with the specified Origin Id.", 404
            )
        if not STATUSES.issuperset(group["statuses"]):
            return _invalid(f"Failover criteria are of {sorted(STATUSES)}.")
    default = cloudfront._find(config, "DefaultCacheBehavior")
    for behavior in (default, *_within(config, "CacheBehaviors", "Items")):
        methods: list[str] = cloudfront._dataplane_allowed_methods(behavior) or []
        is_group = cloudfront._text(behavior, "TargetOriginId") in groups
        if is_group and not METHODS.issuperset(methods):
            return _invalid(
                "The parameter AllowedMethods cannot include POST, PUT, PATCH, or DELETE for a "
                "cached behavior associated with an origin group."
            )
    return check(config)


def _invalid(message: str) -> Any:
    return cloudfront._error("InvalidArgument", message, 400)


def _within(element: Any, *path: str) -> list[Any]:
    """Return the children of an element's descendant; none if there is no such descendant."""
    for name in path:
        element = None if element is None else cloudfront._find(element, name)
    return [] if element is None else list(element)


def _groups(config: Any) -> list[dict[str, Any]]:
    """Return a configuration's origin groups: id, ids of the members in order, and statuses."""
    return [
        {
            "id": cloudfront._text(group, "Id"),
            "members": [cloudfront._text(each, "OriginId") for each in _within(group, *_MEMBERS)],
            "statuses": {int(code.text) for code in _within(group, *_STATUSES)},
        }
        for group in _within(config, "OriginGroups", "Items")
    ]
