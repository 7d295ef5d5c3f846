"""Amazon CloudWatch Logs: the ends of a delivery cannot be deleted before it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import responses
from ministack.services import cloudwatch_logs as module

_logs: Final[Any] = module
_responses: Final[Any] = responses
_delete_source: Final[Callable[[Mapping[str, Any]], Any]] = _logs._delete_delivery_source
_delete_destination: Final[Callable[[Mapping[str, Any]], Any]] = _logs._delete_delivery_destination


def source_in_use(parameters: Mapping[str, Any]) -> Any:
    """Refuse to delete a source that has deliveries ("DeleteDeliverySource", Logs API)."""
    name = parameters.get("name")
    return _refuse("deliverySourceName", name) or _delete_source(parameters)


def destination_in_use(parameters: Mapping[str, Any]) -> Any:
    """Refuse to delete one that has deliveries ("DeleteDeliveryDestination", Logs API)."""
    arn = _logs._make_delivery_destination_arn(parameters.get("name"))
    return _refuse("deliveryDestinationArn", arn) or _delete_destination(parameters)


def _refuse(end: str, value: Any) -> Any:
    if all(delivery[end] != value for delivery in _logs._deliveries.values()):
        return None
    message = "This resource still has one or more deliveries associated with it."
    return _responses.error_response_json("ConflictException", message, 400)


def install() -> None:
    """Make MiniStack's CloudWatch Logs refuse, in this process."""
    _logs._delete_delivery_source = source_in_use
    _logs._delete_delivery_destination = destination_in_use
