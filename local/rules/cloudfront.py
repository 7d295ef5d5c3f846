"""Amazon CloudFront: functions and policies that a distribution uses cannot be deleted."""

from collections.abc import Callable, Mapping
from typing import Any

from local.rules.ministack import cloudfront, replaces


@replaces(vars(cloudfront), "_value_contains")
def named_within(contains: Callable[[Any, str], bool], value: Any, identity: str) -> bool:
    """Find an id or ARN within a distribution's configuration, which is kept as one string.

    MiniStack compares whole strings, so it does not notice that a policy is used.
    """
    return (isinstance(value, str) and f">{identity}<" in value) or contains(value, identity)


@replaces(vars(cloudfront), "_cf_delete_function")
def function_in_use(delete: Callable[..., Any], name: str, headers: Mapping[str, str]) -> Any:
    """Refuse to delete a function of a cache behaviour ("DeleteFunction", CloudFront API)."""
    if cloudfront._distributions_using_policy(cloudfront._func_arn(name)):
        message = "Cannot delete the function because it's attached to one or more cache behaviors."
        return cloudfront._error("FunctionInUse", message, 409)
    return delete(name, headers)


@replaces(vars(cloudfront), "_delete_oac")
def access_control_in_use(
    delete: Callable[..., Any], identity: str, headers: Mapping[str, str]
) -> Any:
    """Refuse to delete one of an origin ("DeleteOriginAccessControl", CloudFront API)."""
    if cloudfront._distributions_using_policy(identity):
        message = (
            "Cannot delete the origin access control because it's in use by one or more "
            "distributions."
        )
        return cloudfront._error("OriginAccessControlInUse", message, 409)
    return delete(identity, headers)
