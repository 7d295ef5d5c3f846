"""The dashboard as plain data: twelve graphs in two columns, and some on optional parts."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from function.contract import METRIC_NAMESPACE, RARE_METRICS, HeldMetric, Metric

WIDTH: Final = 12
"""Columns of a graph; a dashboard has 24."""

HEIGHT: Final = 6
PERIOD: Final = 60
"""Seconds of one point of a graph."""

STEPS: Final = (Metric.FETCH_TIME, Metric.DECODE_TIME, Metric.RENDER_TIME, Metric.STORE_TIME)
"""The steps of an upload, in order."""


def dashboard_body(
    *,
    limits: Mapping[str, float],
    max_concurrency: int,
    has_duplicates: bool,
    region: str,
    queue: str,
    dead_letters: str,
    function: str,
    views: str,
    view_concurrency: int,
    formats: str,
    format_queue: str,
    measures_held: bool = False,
) -> dict[str, list[dict[str, Any]]]:
    """Return the dashboard as CloudWatch reads it, from the outcome of uploads down to causes.

    Args:
        limits: threshold of each alarm, drawn as a line across its graph.
        max_concurrency: highest number of invocations at a time, also drawn; 0 for no line.
        has_duplicates: whether the stack looks for duplicates.
        region: of all metrics.
        queue: name of the upload queue.
        dead_letters: name of the dead-letter queue.
        function: name of the function.
        views: name of the function for first views; empty without lazy renditions.
        view_concurrency: highest number of its invocations at a time.
        formats: name of the function for lazy formats; empty without such formats.
        format_queue: name of their queue, likewise.
        measures_held: whether the function measures what waits for a moderator.
    """
    sqs, lambda_ = ("AWS/SQS", "QueueName"), ("AWS/Lambda", "FunctionName")
    own = (METRIC_NAMESPACE, "FunctionName")
    visible, age = "ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"
    oldest, dead, slow = (
        limits[f"{part}-alarm"] for part in ("oldest-upload", "dead-letters", "slow")
    )
    by_code = (
        f'SEARCH(\'{{{METRIC_NAMESPACE},FunctionName,Code}} MetricName="{Metric.REJECTED}" '
        f"FunctionName=\"{function}\"', 'Sum', {PERIOD})"
    )
    outcomes = [Metric.PROCESSED, Metric.LOSSY, Metric.REJECTED, Metric.FAILED]
    outcomes += [Metric.DUPLICATES] if has_duplicates else []
    errors = _each(lambda_, ("Errors", "Throttles"), function)
    starts = _each(lambda_, ["Invocations"], function) + _each(own, [Metric.COLD_START], function)
    at_once = _each(lambda_, ["ConcurrentExecutions"], function)
    (total,) = _each(own, [Metric.TOTAL_TIME], function)
    percentiles = [[*total, {"stat": stat, "label": stat}] for stat in ("p50", "p95", "p99")]
    graphs = [
        _graph("Uploads by outcome", _each(own, outcomes, function)),
        _graph("Rejected, by code", [[{"expression": by_code}]]),
        _graph("Uploads waiting", _each(sqs, [visible], queue), "Maximum"),
        _graph("Oldest upload (s)", _each(sqs, [age], queue), "Maximum", limit=oldest),
        _graph("Dead letters", _each(sqs, [visible], dead_letters), "Maximum", limit=dead),
        _graph(
            "Errors and throttles, of the engine too",
            errors + _each(own, sorted(RARE_METRICS), function),
        ),
        _graph("One upload (ms)", percentiles),
        _graph("Mean time by step (ms)", _each(own, STEPS, function), "Average", stacked=True),
        _graph("One batch, p95 (ms)", _each(lambda_, ["Duration"], function), "p95", limit=slow),
        _graph("Invocations and cold starts", starts),
        _graph("Bytes in and out", _each(own, (Metric.BYTES_IN, Metric.BYTES_OUT), function)),
        _graph("Concurrent invocations", at_once, "Maximum", limit=max_concurrency or None),
    ]
    if views:
        graphs += _of_views((*lambda_, views), view_concurrency)
    if formats:
        made = _each(lambda_, ("Invocations", "Errors"), formats)
        waiting = limits["oldest-format-alarm"]
        graphs += [
            _graph("Lazy formats made, and errors", made),
            _graph(
                "Oldest lazy format (s)",
                _each(sqs, [age], format_queue),
                "Maximum",
                limit=waiting,
            ),
        ]
    if measures_held:
        waiting, longest = (_each(own, [metric], function) for metric in HeldMetric)
        limit = limits["waiting-alarm"]
        # There is a point every half hour.
        graphs += [
            _graph("Waiting for a moderator", waiting, "Maximum"),
            _graph("Longest wait for a moderator (s)", longest, "Maximum", limit=limit),
        ]
    for graph in graphs:
        graph["properties"]["region"] = region
    return {"widgets": [graph | _place(index) for index, graph in enumerate(graphs)]}


def _of_views(function: tuple[str, str, str], concurrency: int) -> list[dict[str, Any]]:
    """Return the graphs of the function for first views, of AWS's own metrics, which are free."""
    *kind, name = function

    def each(*metrics: str) -> list[list[Any]]:
        return _each((kind[0], kind[1]), metrics, name)

    (duration,) = each("Duration")
    percentiles = [[*duration, {"stat": stat, "label": stat}] for stat in ("p50", "p95", "p99")]
    return [
        _graph("First views", each("UrlRequestCount", "Url4xxCount", "Url5xxCount")),
        _graph("One first view (ms)", percentiles),
        _graph("Errors and throttles of first views", each("Errors", "Throttles")),
        _graph("First views at once", each("ConcurrentExecutions"), "Maximum", limit=concurrency),
    ]


def _each(kind: tuple[str, str], names: Iterable[str], resource: str) -> list[list[Any]]:
    """Return several metrics of one resource."""
    namespace, dimension = kind
    return [[namespace, name, dimension, resource] for name in names]


def _graph(
    title: str,
    metrics: list[list[Any]],
    statistic: str = "Sum",
    *,
    limit: float | None = None,
    stacked: bool = False,
) -> dict[str, Any]:
    lines = [] if limit is None else [{"label": "limit", "value": limit}]
    properties = {
        "title": title,
        "stat": statistic,
        "period": PERIOD,
        "view": "timeSeries",
        "stacked": stacked,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0}},
        **({"annotations": {"horizontal": lines}} if lines else {}),
    }
    return {"type": "metric", "properties": properties}


def _place(index: int) -> dict[str, int]:
    row, column = divmod(index, 2)
    return {"x": column * WIDTH, "y": row * HEIGHT, "width": WIDTH, "height": HEIGHT}
