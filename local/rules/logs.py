"""Amazon CloudWatch Logs: a delivery keeps its ends, and who makes a function's group."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import iam_evaluator, responses
from ministack.services import cloudwatch_logs as module
from ministack.services import lambda_svc

_logs: Final[Any] = module
_lambda: Final[Any] = lambda_svc
_iam: Final[Any] = iam_evaluator
_responses: Final[Any] = responses
_delete_source: Final[Callable[[Mapping[str, Any]], Any]] = _logs._delete_delivery_source
_delete_destination: Final[Callable[[Mapping[str, Any]], Any]] = _logs._delete_delivery_destination

_emit: Final[Callable[..., None]] = _lambda._emit_lambda_logs


def group_of_function(function: Mapping[str, Any], *arguments: Any, **options: Any) -> None:
    """Drop a log whose group is gone, unless the function's role may make one.

    "Sending Lambda function logs to CloudWatch Logs" (Lambda developer guide): the execution role
    needs logs:CreateLogGroup. A role without it makes none again while its stack is destroyed.
    """
    configuration: Mapping[str, Any] = function.get("config") or function
    given: Mapping[str, Any] = configuration.get("LoggingConfig") or {}
    group = given.get("LogGroup") or f"/aws/lambda/{configuration.get('FunctionName')}"
    if group in _logs._log_groups or _may_make(str(configuration.get("Role")), group):
        _emit(function, *arguments, **options)


def _may_make(role: str, group: str) -> bool:
    account = _responses.get_account_id()
    context = _iam.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=account,
        action="logs:CreateLogGroup",
        resource_arn=_logs._make_group_arn(group),
        region=_responses.get_region(),
    )
    policies = _iam._gather_role_policies(role.rpartition("/")[2], account)
    return _iam.evaluate(context, policies).decision == "Allow"


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
    """Make MiniStack follow these rules, in this process."""
    _lambda._emit_lambda_logs = group_of_function
    _logs._delete_delivery_source = source_in_use
    _logs._delete_delivery_destination = destination_in_use
