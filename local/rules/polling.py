"""AWS Lambda: what an event source mapping of an Amazon SQS queue takes."""

import json
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


BATCH: Final = (1, 10_000)
WINDOW: Final = (0, 300)
MAX_WITHOUT_WINDOW: Final = 10
"""Messages of a batch, and seconds that Lambda gathers them ("CreateEventSourceMapping", Lambda API
reference): more than 10 messages need a window of a second or more."""

POLLERS: Final = {"MinimumPollers": (2, 200), "MaximumPollers": (2, 2_000)}
"""Event pollers of provisioned mode ("Lambda parameters for Amazon SQS event source mappings")."""

_CONFIG: Final = "ProvisionedPollerConfig"
_ACCEPTED: Final = 202


def unfit_batches(mapping: Mapping[str, Any]) -> str:
    """Return why a mapping cannot make such batches; empty if it can. The wording is ours."""
    size = mapping.get("BatchSize", MAX_WITHOUT_WINDOW)
    window = mapping.get("MaximumBatchingWindowInSeconds") or 0
    if not BATCH[0] <= size <= BATCH[1]:
        return f"BatchSize must be {BATCH[0]} to {BATCH[1]}."
    if not WINDOW[0] <= window <= WINDOW[1]:
        return f"MaximumBatchingWindowInSeconds must be {WINDOW[0]} to {WINDOW[1]}."
    if size > MAX_WITHOUT_WINDOW and window == 0:
        return "MaximumBatchingWindowInSeconds must be greater than 0 if BatchSize is above 10."
    return ""


def unfit_scaling(scaling: Mapping[str, Any], pollers: Mapping[str, int]) -> str:
    """Return why a mapping cannot scale as asked; empty if it can.

    "Configuring scaling behavior for SQS event source mappings" (Lambda developer guide): maximum
    concurrency and provisioned mode exclude each other. The wording is ours; AWS documents none.
    """
    if pollers and scaling.get("MaximumConcurrency"):
        return "MaximumConcurrency and ProvisionedPollerConfig are mutually exclusive."
    for name, (least, most) in POLLERS.items():
        if not least <= pollers.get(name, least) <= most:
            return f"{name} must be {least} to {most} for an Amazon SQS event source."
    if pollers.get("MinimumPollers", 2) > pollers.get("MaximumPollers", 200):
        return "MinimumPollers must not be above MaximumPollers."
    return ""


@replaces(vars(lambda_svc), "_create_esm")
def fit_scaling_of_new(create: Callable[..., Any], mapping: Mapping[str, Any]) -> Any:
    """Refuse a scaling that AWS does, and keep event pollers, which MiniStack forgets."""
    pollers: dict[str, int] = mapping.get(_CONFIG) or {}
    reason = unfit_batches(mapping) or unfit_scaling(mapping.get("ScalingConfig") or {}, pollers)
    if reason:
        return error("InvalidParameterValueException", reason)
    answer = create(mapping)
    if not pollers or answer[0] != _ACCEPTED:
        return answer
    made = lambda_svc._esms[json.loads(answer[2])["UUID"]]
    made[_CONFIG] = pollers
    return lambda_svc.json_response(lambda_svc._esm_response(made), _ACCEPTED)


@replaces(vars(lambda_svc), "_update_esm")
def fit_scaling_of_changed(update: Callable[..., Any], uuid: str, change: Mapping[str, Any]) -> Any:
    """Do the same to a change; an empty configuration removes the one that the mapping has."""
    mapping = lambda_svc._esms.get(uuid)
    if mapping:
        kept = {**mapping, **change}
        pollers: dict[str, int] = kept.get(_CONFIG) or {}
        reason = unfit_batches(kept) or unfit_scaling(kept.get("ScalingConfig") or {}, pollers)
        if reason:
            return error("InvalidParameterValueException", reason)
        answer = update(uuid, change)
        mapping.pop(_CONFIG, None)
        if pollers:
            mapping[_CONFIG] = pollers
        return answer
    return update(uuid, change)


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
