"""Amazon CloudWatch: an alarm on metric math keeps its metrics."""

from collections.abc import Callable, Mapping
from typing import Any

from local.rules.ministack import cloudwatch, replaces


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
