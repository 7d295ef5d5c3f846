"""Metrics that AWS Lambda and Amazon SQS publish, as far as the doctor reads them."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from local.rules.ministack import cloudwatch, lambda_svc, replaces, sqs


@replaces(vars(lambda_svc), "_execute_function_dispatch")
def invocation(
    execute: Callable[..., Mapping[str, Any]],
    function: Mapping[str, Any],
    configuration: Mapping[str, Any],
    *rest: Any,
) -> Mapping[str, Any]:
    """Count an invocation from any source; MiniStack only counts calls of Invoke.

    "Types of metrics for Lambda functions" (Lambda developer guide, read 2026-11-27): an error's
    time is that of the invocation, and a throttled request is no invocation.
    """
    started = time.time()
    result = execute(function, configuration, *rest)
    name = configuration["FunctionName"]
    if result.get("throttle"):
        _publish_of_function(name, "Throttles", "Count", 1, started)
        return result
    seconds = time.time() - started
    _publish_of_function(name, "Invocations", "Count", 1, started)
    _publish_of_function(name, "Errors", "Count", 1 if result.get("error") else 0, started)
    _publish_of_function(name, "Duration", "Milliseconds", seconds * 1000, started)
    return result


@replaces(vars(lambda_svc), "_acquire_execution_slot")
def throttle(
    acquire: Callable[..., Any], function: Mapping[str, Any], configuration: Mapping[str, Any]
) -> Any:
    """Count a request that found no execution free (the same page)."""
    slot, limit = acquire(function, configuration)
    if slot is None:
        name = configuration["FunctionName"]
        _publish_of_function(name, "Throttles", "Count", 1, time.time())
    return slot, limit


@replaces(vars(lambda_svc), "_emit_lambda_metrics")
def counted_already(*_arguments: Any, **_options: Any) -> None:
    """Count nothing twice."""


@replaces(vars(cloudwatch), "_get_metric_statistics")
@replaces(vars(cloudwatch), "_get_metric_data")
def age_of_oldest(answer: Callable[..., Any], *arguments: Any) -> Any:
    """Publish the age of each queue's oldest message at the time of the request.

    SQS publishes it each minute while a queue has messages ("Available CloudWatch metrics for
    Amazon SQS", SQS developer guide, read 2026-11-27); here there are points of that moment alone.
    """
    now = time.time()
    for queue in list(sqs._queues.values()):
        sqs._expire_retained(queue)
        sent = [message["sent_at"] for message in list(queue["messages"])]
        if sent:
            _publish(
                ("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue["name"]}),
                "Seconds",
                now - min(sent),
                now,
            )
    return answer(*arguments)


def _publish_of_function(name: str, metric: str, unit: str, value: float, at: float) -> None:
    _publish(("AWS/Lambda", metric, {"FunctionName": name}), unit, value, at)


def _publish(metric: tuple[str, str, dict[str, str]], unit: str, value: float, at: float) -> None:
    """Store a value of a metric, given by its namespace, name and dimensions."""
    cloudwatch._store_datum(*metric, at, unit, value, None, None, None)
