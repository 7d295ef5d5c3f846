"""AWS Lambda: quotas of a function's configuration."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import responses
from ministack.services import lambda_svc as module

_lambda: Final[Any] = module
_responses: Final[Any] = responses
_error: Final[Callable[[str, str, int], Any]] = _responses.error_response_json
_create_function: Final[Callable[[Mapping[str, Any]], Any]] = _lambda._create_function
_update_config: Final[Callable[[str, Mapping[str, Any]], Any]] = _lambda._update_config

MAX_ENVIRONMENT: Final = 4_096
"""Bytes of all environment variables as one JSON object ("Lambda quotas")."""

RANGES: Final = {"MemorySize": (128, 10_240), "Timeout": (1, 900)}
"""Megabytes, and seconds ("Lambda quotas")."""

RESERVED: Final = frozenset(
    {
        *("_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION"),
        *("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
        *("AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR"),
    }
)
"""Variables that Lambda sets itself ("Working with Lambda environment variables")."""

_UNABLE: Final = (
    "Lambda was unable to configure your environment variables because the environment variables "
    "you have provided "
)


def environment(configuration: Mapping[str, Any]) -> Any:
    """Refuse more than 4 KB of variables, and those that Lambda sets itself.

    "Lambda quotas" and "Working with Lambda environment variables" (Lambda developer guide).
    """
    given: Mapping[str, Any] = configuration.get("Environment") or {}
    variables: dict[str, str] = given.get("Variables") or {}
    reserved = sorted(RESERVED & variables.keys())
    if reserved:
        return _error(
            "InvalidParameterValueException",
            f"{_UNABLE}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}",
            400,
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > MAX_ENVIRONMENT:
        return _error(
            "InvalidParameterValueException",
            f"{_UNABLE}exceeded the 4KB limit. String measured: {measured}",
            400,
        )
    return None


def memory_and_timeout(configuration: Mapping[str, Any]) -> Any:
    """Refuse a memory or a time that Lambda does not have ("Lambda quotas")."""
    for name, (least, most) in RANGES.items():
        value = configuration.get(name)
        if value is None or least <= value <= most:
            continue
        bound = f"less than or equal to {most}"
        if value < least:
            bound = f"greater than or equal to {least}"
        if name == "MemorySize" and value > most:
            # An account's own limit, below the API's ("Troubleshoot deployment issues in Lambda").
            message = f"'{name}' value failed to satisfy constraint: Member must have value {bound}"
            return _error("InvalidParameterValueException", message, 400)
        return _error(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed "
            f"to satisfy constraint: Member must have value {bound}",
            400,
        )
    return None


def _create(configuration: Mapping[str, Any]) -> Any:
    refused = environment(configuration) or memory_and_timeout(configuration)
    return refused or _create_function(configuration)


def _update(name: str, configuration: Mapping[str, Any]) -> Any:
    refused = environment(configuration) or memory_and_timeout(configuration)
    return refused or _update_config(name, configuration)


def install() -> None:
    """Make MiniStack's Lambda keep these quotas, in this process."""
    _lambda._create_function = _create
    _lambda._update_config = _update
