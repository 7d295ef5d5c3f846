"""Amazon CloudFront: what a distribution uses cannot be deleted."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services import cloudfront as module

_cloudfront: Final[Any] = module
_delete_function: Final[Callable[..., Any]] = _cloudfront._cf_delete_function
_delete_access_control: Final[Callable[..., Any]] = _cloudfront._delete_oac


def users(identity: str) -> list[str]:
    """Return the ids of the distributions whose configuration names something.

    For what MiniStack itself refuses to delete while it is used, the policies: it looks for whole
    strings, and a distribution's configuration is kept as one.
    """
    known = _cloudfront._distributions.values()
    return [found["Id"] for found in known if f">{identity}<" in found["config_xml"]]


def function_in_use(name: str, headers: Mapping[str, str]) -> Any:
    """Refuse to delete a function of a cache behaviour ("DeleteFunction", CloudFront API)."""
    if users(_cloudfront._func_arn(name)):
        message = "Cannot delete the function because it's attached to one or more cache behaviors."
        return _cloudfront._error("FunctionInUse", message, 409)
    return _delete_function(name, headers)


def access_control_in_use(identity: str, headers: Mapping[str, str]) -> Any:
    """Refuse to delete one of an origin ("DeleteOriginAccessControl", CloudFront API)."""
    if users(identity):
        message = (
            "Cannot delete the origin access control because it's in use by one or more "
            "distributions."
        )
        return _cloudfront._error("OriginAccessControlInUse", message, 409)
    return _delete_access_control(identity, headers)


def install() -> None:
    """Make MiniStack's CloudFront refuse, in this process."""
    _cloudfront._distributions_using_cache_policy = users
    _cloudfront._distributions_using_policy = users
    _cloudfront._cf_delete_function = function_in_use
    _cloudfront._delete_oac = access_control_in_use
