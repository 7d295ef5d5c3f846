"""AWS Lambda: what an event source mapping of an Amazon SQS queue takes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import error, lambda_svc, replaces, role_may, sqs

ACTIONS: Final = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
"""Actions of Lambda on the queue, in the role of the function."""


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
        if not role_may(function["Role"], f"sqs:{action}", queue["QueueArn"]):
            return f"The function execution role does not have permissions to call {action} on SQS"
    return ""


@replaces(vars(lambda_svc), "_create_esm")
def fit_queue(create: Callable[..., Any], mapping: Mapping[str, Any]) -> Any:
    """Refuse a queue that the function cannot poll."""
    name, _qualifier, unknown = lambda_svc._resolve_existing_esm_function(mapping["FunctionName"])
    queue = sqs._queue_by_arn(mapping.get("EventSourceArn", ""))
    if not unknown and queue:
        reason = unfit_queue(lambda_svc._functions[name]["config"], queue["attributes"])
        if reason:
            return error("InvalidParameterValueException", reason)
    return create(mapping)
