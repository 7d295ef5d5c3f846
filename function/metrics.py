"""Metrics inside log lines, which CloudWatch reads from the log: no call, and no cost in time.

The embedded metric format (CloudWatch user guide, "Embedded metric format specification") is a log
line that names which of its fields are metrics. The line about an upload's outcome carries them, so
nothing is logged twice.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from function.contract import METRIC_NAMESPACE, HeldMetric, Metric, ViewMetric

Figures = (
    Mapping[Metric, float]
    | Mapping[ViewMetric, float]
    | Mapping[Metric | ViewMetric, float]
    | Mapping[HeldMetric, float]
)

UNITS: Final[Mapping[Metric | ViewMetric | HeldMetric, str]] = {
    **dict.fromkeys(Metric, "Count"),
    ViewMetric.FIRST_VIEWS: "Count",
    ViewMetric.FIRST_VIEW_TIME: "Milliseconds",
    ViewMetric.FORMATS_MADE: "Count",
    ViewMetric.FORMAT_TIME: "Milliseconds",
    HeldMetric.WAITING: "Count",
    HeldMetric.OLDEST_WAITING: "Seconds",
    **dict.fromkeys((Metric.BYTES_IN, Metric.BYTES_OUT), "Bytes"),
    **{metric: "Milliseconds" for metric in Metric if metric.endswith("Time")},
}
"""Unit of each metric."""


def log_fields(values: Figures, code: str | None = None) -> dict[str, Any]:
    """Return the figures of a log line, which CloudWatch makes no metrics of.

    The code says why an upload was rejected.
    """
    fields: dict[str, Any] = {str(name): value for name, value in values.items()}
    return fields | ({"Code": code} if code else {})


def embed(function_name: str, values: Figures, code: str | None = None) -> dict[str, Any]:
    """Return the fields that make a log line carry metrics, with the function as their dimension.

    With a code, rejections are counted by reason as well.
    """
    directives = [_directive(["FunctionName"], values)]
    if code:  # each metric costs by the month and dimension: the reason counts, nothing else
        directives.append(_directive(["FunctionName", "Code"], [Metric.REJECTED]))
    return {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives},
        "FunctionName": function_name,
        **log_fields(values, code),
    }


def _directive(
    dimensions: list[str], names: Iterable[Metric | ViewMetric | HeldMetric]
) -> dict[str, Any]:
    metrics = [{"Name": str(name), "Unit": UNITS[name]} for name in names]
    return {"Namespace": METRIC_NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}
