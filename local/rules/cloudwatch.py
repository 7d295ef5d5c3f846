"""Amazon CloudWatch: an alarm on metric math keeps its metrics."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services import cloudwatch as module

_cloudwatch: Final[Any] = module
_put_metric_alarm: Final[Callable[..., Any]] = _cloudwatch._put_metric_alarm


def metrics_of_alarm(parameters: Any, values: Mapping[str, Any], *rest: Any, **options: Any) -> Any:
    """Keep ``Metrics``, which DescribeAlarms gives back ("MetricAlarm", CloudWatch API reference).

    Only for the protocols of today's SDKs; MiniStack's query protocol describes less of an alarm.
    """
    answer = _put_metric_alarm(parameters, values, *rest, **options)
    alarm = _cloudwatch._alarms.get(values.get("AlarmName", ""))
    if alarm and "Metrics" in values:
        alarm["Metrics"] = values["Metrics"]
    return answer


def install() -> None:
    """Make MiniStack's CloudWatch keep them, in this process."""
    _cloudwatch._put_metric_alarm = metrics_of_alarm
