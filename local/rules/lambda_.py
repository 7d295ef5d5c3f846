"""AWS Lambda: quotas of a function's configuration, and the architecture that runs it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import error, lambda_svc, replaces
from local.server import OTHER_ARCHITECTURE
from pipeline.bundle import Target

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

MAX_ANSWER: Final = 6_291_556
"""Bytes of a function's answer ("Lambda quotas"; the number is that of Lambda's own message, in
"Troubleshoot invocation issues in Lambda")."""

CONCURRENCY: Final = 1000
"""Executions at one time of an account, by default ("Lambda quotas")."""

UNRESERVED: Final = 100
"""Executions of them that no reservation may take ("Configuring reserved concurrency for a
function", Lambda developer guide, read 2026-11-27)."""

_UNABLE: Final = (
    "Lambda was unable to configure your environment variables because the environment variables "
    "you have provided "
)


def environment(values: Mapping[str, Any]) -> Any:
    """Refuse more than 4 KB of variables, and names of variables that Lambda sets itself.

    "Lambda quotas" and "Working with Lambda environment variables" (Lambda developer guide).
    """
    given: Mapping[str, Any] = values.get("Environment") or {}
    variables: dict[str, str] = given.get("Variables") or {}
    reserved = sorted(RESERVED & variables.keys())
    if reserved:
        return error(
            "InvalidParameterValueException",
            f"{_UNABLE}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}",
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > MAX_ENVIRONMENT:
        message = f"{_UNABLE}exceeded the 4KB limit. String measured: {measured}"
        return error("InvalidParameterValueException", message)
    return None


def memory_and_timeout(values: Mapping[str, Any]) -> Any:
    """Refuse a memory or a time that Lambda does not have ("Lambda quotas")."""
    for name, (least, most) in RANGES.items():
        value = values.get(name)
        if value is None or least <= value <= most:
            continue
        bound = f"less than or equal to {most}"
        if value < least:
            bound = f"greater than or equal to {least}"
        if name == "MemorySize" and value > most:
            # An account's own limit, below the API's ("Troubleshoot deployment issues in Lambda").
            message = f"'{name}' value failed to satisfy constraint: Member must have value {bound}"
            return error("InvalidParameterValueException", message)
        return error(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed "
            f"to satisfy constraint: Member must have value {bound}",
        )
    return None


@replaces(vars(lambda_svc), "_create_function")
@replaces(vars(lambda_svc), "_update_config")
def configuration(act: Callable[..., Any], *arguments: Any) -> Any:
    """Refuse a configuration, which is the last argument, that is over a quota."""
    given = arguments[-1]
    return environment(given) or memory_and_timeout(given) or act(*arguments)


@replaces(vars(lambda_svc), "_get_account_settings")
def account_limit(settings: Callable[[], tuple[int, dict[str, str], bytes]]) -> Any:
    """Return the same account limit on every machine; MiniStack derives it from the memory."""
    status, headers, body = settings()
    told = json.loads(body)
    told["AccountLimit"]["ConcurrentExecutions"] = CONCURRENCY
    told["AccountLimit"]["UnreservedConcurrentExecutions"] = CONCURRENCY - reserved()
    return status, headers, json.dumps(told).encode()


@replaces(vars(lambda_svc), "_put_function_concurrency")
def reservation(reserve: Callable[..., Any], name: str, given: Mapping[str, Any]) -> Any:
    """Refuse a larger reservation that would leave the account less than ``UNRESERVED``."""
    kept: int = lambda_svc._functions.get(name, {}).get("concurrency") or 0
    more = given.get("ReservedConcurrentExecutions", 0) - kept
    if more > 0 and CONCURRENCY - reserved() - more < UNRESERVED:
        return error(
            "InvalidParameterValueException",
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}].",
        )
    return reserve(name, given)


def reserved() -> int:
    """Return the executions that the account's functions have reserved."""
    functions = lambda_svc._functions
    return sum(functions[name].get("concurrency") or 0 for name in list(functions))


@replaces(vars(lambda_svc), "_execute_function")
def architecture(
    execute: Callable[..., dict[str, Any]], function: Mapping[str, Any], event: Any
) -> dict[str, Any]:
    """Refuse to run a function of another architecture than this machine's.

    Lambda has both ("Selecting and configuring an instruction set architecture for your Lambda
    function", Lambda developer guide); here only one can be, and the other is not passed off as it.
    """
    given: Mapping[str, Any] = function.get("config") or function
    (asked,) = given.get("Architectures") or ["x86_64"]
    here = Target.host().machine
    if asked == here:
        return execute(function, event)
    message = f"The embedded AWS runs on {here} and cannot run a function for {asked}."
    body = {"errorType": OTHER_ARCHITECTURE, "errorMessage": message}
    return {"body": body, "error": True, "log": ""}


@replaces(vars(lambda_svc), "_execute_function")
def large_answer(
    execute: Callable[..., dict[str, Any]], function: Mapping[str, Any], event: Any
) -> dict[str, Any]:
    """Answer with an error in place of more than 6 MB ("Lambda quotas", invocation payload)."""
    result = execute(function, event)
    if len(json.dumps(result.get("body"), ensure_ascii=False).encode()) <= MAX_ANSWER:
        return result
    message = f"Response payload size exceeded maximum allowed payload size ({MAX_ANSWER} bytes)."
    body = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
    return {**result, "body": body, "error": True}
