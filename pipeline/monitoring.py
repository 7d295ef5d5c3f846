"""What operators look at: one dashboard that reads from the queue down to the function."""

import json
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_aws import cloudwatch

from pipeline.identity import Identity
from pipeline.naming import resource_name
from pipeline.queues import UploadQueue
from pipeline.resizer import Resizer

WIDTH: Final = 12
HEIGHT: Final = 6
PERIOD: Final = 60


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What is watched."""

    queue: UploadQueue
    resizer: Resizer
    identity: Identity


class Monitoring(pulumi.ComponentResource):
    """A CloudWatch dashboard."""

    dashboard_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:monitoring:Monitoring", name, None, opts)
        dashboard = cloudwatch.Dashboard(
            resource_name(name, "dashboard"),
            dashboard_name=name,
            dashboard_body=pulumi.Output.all(
                region=args.identity.region,
                queue=args.queue.name,
                dead_letters=args.queue.dead_letter_name,
                function=args.resizer.function_name,
            ).apply(lambda names: json.dumps(dashboard_body(**names))),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_url = pulumi.Output.concat(
            "https://",
            args.identity.region,
            ".console.aws.amazon.com/cloudwatch/home#dashboards/dashboard/",
            dashboard.dashboard_name,
        )
        self.register_outputs({"dashboard_url": self.dashboard_url})


def dashboard_body(
    *, region: str, queue: str, dead_letters: str, function: str
) -> dict[str, list[dict[str, Any]]]:
    """The dashboard as CloudWatch reads it: work waiting above, work being done below."""
    sqs, lambda_ = ("AWS/SQS", "QueueName"), ("AWS/Lambda", "FunctionName")
    age = "ApproximateAgeOfOldestMessage"
    visible = "ApproximateNumberOfMessagesVisible"
    rows = [
        _graph("Uploads waiting", region, "Maximum", [_metric(sqs, visible, queue)]),
        _graph("Oldest upload (seconds)", region, "Maximum", [_metric(sqs, age, queue)]),
        _graph("Dead letters", region, "Maximum", [_metric(sqs, visible, dead_letters)]),
        _graph("Duration p95 (ms)", region, "p95", [_metric(lambda_, "Duration", function)]),
        _graph(
            "Invocations, errors, throttles",
            region,
            "Sum",
            [_metric(lambda_, name, function) for name in ("Invocations", "Errors", "Throttles")],
        ),
        _graph(
            "Concurrent invocations",
            region,
            "Maximum",
            [_metric(lambda_, "ConcurrentExecutions", function)],
        ),
    ]
    return {"widgets": [widget | _place(index) for index, widget in enumerate(rows)]}


def _metric(kind: tuple[str, str], name: str, resource: str) -> list[str]:
    namespace, dimension = kind
    return [namespace, name, dimension, resource]


def _graph(title: str, region: str, statistic: str, metrics: list[list[str]]) -> dict[str, Any]:
    properties = {
        "title": title,
        "region": region,
        "stat": statistic,
        "period": PERIOD,
        "view": "timeSeries",
        "metrics": metrics,
    }
    return {"type": "metric", "properties": properties}


def _place(index: int) -> dict[str, int]:
    row, column = divmod(index, 2)
    return {"x": column * WIDTH, "y": row * HEIGHT, "width": WIDTH, "height": HEIGHT}
