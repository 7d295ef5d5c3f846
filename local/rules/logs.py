"""Amazon CloudWatch Logs: a delivery's ends stay, and a function's group needs a permission."""

from collections.abc import Callable, Mapping
from typing import Any

from local.rules.ministack import error, lambda_svc, logs, replaces, role_may


@replaces(vars(lambda_svc), "_emit_lambda_logs")
def group_of_function(
    emit: Callable[..., None], function: Mapping[str, Any], *arguments: Any, **options: Any
) -> None:
    """Drop a log whose group is gone, unless the function's role may make one.

    "Sending Lambda function logs to CloudWatch Logs" (Lambda developer guide): the execution role
    needs logs:CreateLogGroup. A role without it makes none again while its stack is destroyed.
    """
    configuration: Mapping[str, Any] = function.get("config") or function
    given: Mapping[str, Any] = configuration.get("LoggingConfig") or {}
    group = given.get("LogGroup") or f"/aws/lambda/{configuration.get('FunctionName')}"
    role, arn = str(configuration.get("Role")), logs._make_group_arn(group)
    if group in logs._log_groups or role_may(role, "logs:CreateLogGroup", arn):
        emit(function, *arguments, **options)


@replaces(vars(logs), "_delete_delivery_source")
def source_in_use(delete: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    """Refuse to delete a source that has deliveries ("DeleteDeliverySource", Logs API)."""
    return _refuse("deliverySourceName", parameters.get("name")) or delete(parameters)


@replaces(vars(logs), "_delete_delivery_destination")
def destination_in_use(delete: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    """Refuse to delete one that has deliveries ("DeleteDeliveryDestination", Logs API)."""
    arn = logs._make_delivery_destination_arn(parameters.get("name"))
    return _refuse("deliveryDestinationArn", arn) or delete(parameters)


def _refuse(end: str, value: Any) -> Any:
    if all(delivery[end] != value for delivery in logs._deliveries.values()):
        return None
    message = "This resource still has one or more deliveries associated with it."
    return error("ConflictException", message)
