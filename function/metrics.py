"""Metrics inside log lines: CloudWatch reads them out of the log, at no call and no cost in time.

The embedded metric format (CloudWatch user guide, "Embedded metric format specification"): a log
line that names which of its own fields are metrics. The line that says what became of an upload
carries its metrics too, so that nothing is logged twice.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

NAMESPACE: Final = "ImagePipeline"

UNITS: Final[Mapping[str, str]] = {
    "Processed": "Count",
    "Rejected": "Count",
    "Failed": "Count",
    "Duplicates": "Count",
    "ColdStart": "Count",
    "BytesIn": "Bytes",
    "BytesOut": "Bytes",
    "FetchTime": "Milliseconds",
    "DecodeTime": "Milliseconds",
    "RenderTime": "Milliseconds",
    "StoreTime": "Milliseconds",
    "TotalTime": "Milliseconds",
}
"""Every metric that the function publishes, and its unit."""


def embed(
    function_name: str, values: Mapping[str, float], code: str | None = None
) -> dict[str, Any]:
    """Fields that make a log line carry metrics.

    Args:
        function_name: dimension of all of them.
        values: by name, each one of ``UNITS``.
        code: why an upload was rejected; counts it by reason as well.
    """
    directives = [_directive(["FunctionName"], values)]
    if code:  # each metric costs by the month and dimension: the reason counts, nothing else
        directives.append(_directive(["FunctionName", "Code"], ["Rejected"]))
    fields: dict[str, Any] = {
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives},
        "FunctionName": function_name,
        **values,
    }
    return fields | ({"Code": code} if code else {})


def _directive(dimensions: list[str], names: Iterable[str]) -> dict[str, Any]:
    metrics = [{"Name": name, "Unit": UNITS[name]} for name in names]
    return {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics}
