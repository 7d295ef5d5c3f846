"""AWS Lambda: what an event source mapping of an Amazon SQS queue takes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import iam_evaluator, responses
from ministack.services import lambda_svc, sqs

_lambda: Final[Any] = lambda_svc
_sqs: Final[Any] = sqs
_iam: Final[Any] = iam_evaluator
_responses: Final[Any] = responses
_create_mapping: Final[Callable[[Mapping[str, Any]], Any]] = _lambda._create_esm

ACTIONS: Final = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""What Lambda does with the queue, in the role of the function."""


def unfit_queue(function: Mapping[str, Any], queue: Mapping[str, Any]) -> str:
    """Return why the function cannot poll the queue; empty if it can.

    "Creating and configuring an Amazon SQS event source mapping" (Lambda developer guide): the
    queue's visibility timeout, and the permissions of the function's role.
    """
    visibility, timeout = int(queue["VisibilityTimeout"]), int(function["Timeout"])
    if visibility < timeout:
        return (
            f"Queue visibility timeout: {visibility} seconds is less than Function timeout: "
            f"{timeout} seconds"
        )
    for action in ACTIONS:
        if not _may(function["Role"], f"sqs:{action}", queue["QueueArn"]):
            return f"The function execution role does not have permissions to call {action} on SQS"
    return ""


def _may(role: str, action: str, queue: str) -> bool:
    account = _responses.get_account_id()
    context = _iam.EvalContext(
        principal_arn=role,
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=queue,
        region=_responses.get_region(),
    )
    policies = _iam._gather_role_policies(role.rpartition("/")[2], account)
    return _iam.evaluate(context, policies).decision == "Allow"


def _create(mapping: Mapping[str, Any]) -> Any:
    name, _qualifier, unknown = _lambda._resolve_existing_esm_function(mapping["FunctionName"])
    queue = _sqs._queue_by_arn(mapping.get("EventSourceArn", ""))
    if not unknown and queue:
        reason = unfit_queue(_lambda._functions[name]["config"], queue["attributes"])
        if reason:
            return _responses.error_response_json("InvalidParameterValueException", reason, 400)
    return _create_mapping(mapping)


def install() -> None:
    """Make MiniStack's Lambda refuse queues that it cannot poll, in this process."""
    _lambda._create_esm = _create
