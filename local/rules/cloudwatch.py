"""Amazon CloudWatch: metrics in a log, and an alarm on metric math keeps its metrics."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from local import embedded_metrics
from local.rules.ministack import cloudwatch, logs, replaces


@replaces(vars(cloudwatch), "_put_metric_alarm")
def metrics_of_alarm(
    put: Callable[..., Any], parameters: Any, values: Mapping[str, Any], *rest: Any, **options: Any
) -> Any:
    """Keep ``Metrics``, which DescribeAlarms gives back ("MetricAlarm", CloudWatch API reference).

    Only for the protocols of today's SDKs; MiniStack's query protocol describes less of an alarm.
    """
    answer = put(parameters, values, *rest, **options)
    alarm = cloudwatch._alarms.get(values.get("AlarmName", ""))
    if alarm and "Metrics" in values:
        alarm["Metrics"] = values["Metrics"]
    return answer


@replaces(vars(logs), "_append_log_events")
def metrics_of_log(
    append: Callable[..., None], stream: Any, events: Sequence[Mapping[str, Any]]
) -> None:
    """Make metrics of the log's lines in the embedded metric format, whichever call writes them.

    "Using the PutLogEvents API to send manually-created embedded metric format logs" (CloudWatch
    user guide, read 2026-11-27): no header is needed. No alarm is evaluated: MiniStack mixes the
    dimensions of a metric there.
    """
    append(stream, events)
    for event in events:
        try:
            data = embedded_metrics.extract(event["message"], time.time())
        except embedded_metrics.Invalid as error:
            print(f"No metrics of a log's line: {error}.", flush=True)  # into the server's log
            continue
        for datum in data:
            _store(datum)


def _store(datum: embedded_metrics.Datum) -> None:
    cloudwatch._store_datum(
        datum.namespace,
        datum.name,
        dict(datum.dimensions),
        datum.timestamp,
        datum.unit,
        None,
        datum.values,
        None,
        None,
    )
