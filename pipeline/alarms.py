"""What wakes someone: alarms on the queue and the function, and a monthly budget."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import budgets, cloudwatch, sns

from function.contract import METRIC_NAMESPACE, Metric
from pipeline.identity import Identity
from pipeline.naming import resource_name, tags
from pipeline.permissions import service_policies
from pipeline.queues import UploadQueue
from pipeline.resizer import Resizer
from pipeline.settings import Settings

PERIOD: Final = 300
"""Seconds over which a metric is looked at."""

FAILED_SHARE: Final = 0.05
"""Share of uploads that fail and are tried again, above which something is wrong with S3 or us."""

REJECTED_SHARE: Final = 0.2
"""Share of uploads that are no usable image, above which a client is wrong or someone is trying."""

SLOW_SHARE: Final = 0.8
"""Share of the timeout that the slowest twentieth of invocations may take."""

BUDGET_WARNING: Final = 80
"""Percent of the monthly budget at which the first mail goes out."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What is watched, and by which settings the thresholds are derived.

    ``signer_name`` is empty where uploads are public.
    """

    settings: Settings
    queue: UploadQueue
    resizer: Resizer
    signer_name: pulumi.Input[str]
    identity: Identity


class Alarms(pulumi.ComponentResource):
    """Alarms to one SNS topic, which mails ``alarmEmail`` if there is one."""

    topic_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:alarms:Alarms", name, None, opts)
        self._child_opts = pulumi.ResourceOptions(parent=self)
        self.topic_arn = self._topic(name, args)
        resources: dict[str, pulumi.Input[str]] = {
            "queue": args.queue.name,
            "dead_letters": args.queue.dead_letter_name,
            "function": args.resizer.function_name,
            "signer": args.signer_name,
        }
        for alarm in definitions(args.settings):
            self._alarm(name, alarm, resources)
        if args.settings.monthly_budget_usd:
            self._budget(name, args.settings)
        self.register_outputs({"topic_arn": self.topic_arn})

    def _topic(self, name: str, args: AlarmsArgs) -> pulumi.Output[str]:
        topic = sns.Topic(resource_name(name, "alarms"), tags=tags(), opts=self._child_opts)
        sns.TopicPolicy(
            resource_name(name, "alarms"),
            arn=topic.arn,
            policy=pulumi.Output.all(topic.arn, args.identity.account_id).apply(
                lambda parts: json.dumps(service_policies.alarm_topic(*parts))
            ),
            opts=self._child_opts,
        )
        if args.settings.alarm_email:
            sns.TopicSubscription(
                resource_name(name, "alarms"),
                topic=topic.arn,
                protocol="email",
                endpoint=args.settings.alarm_email,
                opts=self._child_opts,
            )
        return topic.arn

    def _alarm(self, name: str, alarm: "Alarm", resources: dict[str, pulumi.Input[str]]) -> None:
        queries = [
            pulumi.Output.all(**resources).apply(lambda names, query=query: _query(query, names))
            for query in alarm.queries
        ]
        cloudwatch.MetricAlarm(
            resource_name(name, alarm.part),
            alarm_description=alarm.description,
            metric_queries=queries,
            comparison_operator="GreaterThanThreshold",
            threshold=alarm.threshold,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.breaches,
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=tags(),
            opts=self._child_opts,
        )

    def _budget(self, name: str, settings: Settings) -> None:
        budgets.Budget(
            resource_name(name, "budget"),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(settings.monthly_budget_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:Stack${pulumi.get_stack()}"]}],
            notifications=[
                {
                    "comparison_operator": "GREATER_THAN",
                    "notification_type": "ACTUAL",
                    "threshold": BUDGET_WARNING,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_email_addresses": [settings.alarm_email],
                }
            ],
            tags=tags(),
            opts=self._child_opts,
        )


@dataclass(frozen=True, kw_only=True)
class Query:
    """One metric of an alarm, or, with ``expression``, what is computed of the others."""

    id: str
    metric: str = ""
    namespace: str = METRIC_NAMESPACE
    resource: str = "function"
    statistic: str = "Sum"
    expression: str = ""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm as data.

    It fires when the last of its queries is above the threshold in ``breaches`` of the latest
    ``periods``.
    """

    part: str
    description: str
    threshold: float
    queries: tuple[Query, ...]
    periods: int = 1
    breaches: int | None = None


def definitions(settings: Settings) -> list[Alarm]:
    """Every alarm; thresholds follow from the stack's settings."""
    visible = "ApproximateNumberOfMessagesVisible"
    waiting = 2 * settings.visibility_timeout
    return [
        *(_signer() if settings.uploads == "presigned" else ()),
        Alarm(
            part="dead-letters-alarm",
            description="Uploads have failed five times: see them with `python -m ops redrive`.",
            threshold=0,
            queries=(_of_queue(visible, "dead_letters"),),
        ),
        Alarm(
            part="oldest-upload-alarm",
            description=f"An upload has waited for more than {waiting} s, two visibility timeouts.",
            threshold=waiting,
            queries=(_of_queue("ApproximateAgeOfOldestMessage", "queue"),),
        ),
        Alarm(
            part="errors-alarm",
            description="The function has ended in an error or timed out.",
            threshold=0,
            queries=(_of_lambda("Errors", "Sum"),),
        ),
        Alarm(
            part="throttles-alarm",
            description="The account's concurrency, not this stack's, holds uploads back.",
            threshold=0,
            queries=(_of_lambda("Throttles", "Sum"),),
        ),
        Alarm(
            part="slow-alarm",
            description=f"A twentieth of batches take over {SLOW_SHARE:.0%} of the timeout.",
            threshold=SLOW_SHARE * settings.timeout * 1000,
            queries=(_of_lambda("Duration", "p95"),),
        ),
        _share("failed", Metric.FAILED, FAILED_SHARE, "fail and are tried again"),
        _share("rejected", Metric.REJECTED, REJECTED_SHARE, "are rejected"),
    ]


def _of_queue(metric: str, resource: str) -> Query:
    return Query(id="m", metric=metric, namespace="AWS/SQS", resource=resource, statistic="Maximum")


def _of_lambda(metric: str, statistic: str, resource: str = "function") -> Query:
    return Query(
        id="m", metric=metric, namespace="AWS/Lambda", resource=resource, statistic=statistic
    )


def _signer() -> tuple[Alarm, ...]:
    return (
        Alarm(
            part="signer-errors-alarm",
            description="The signer fails, so nobody gets a form to upload with.",
            threshold=0,
            queries=(_of_lambda("Errors", "Sum", "signer"),),
        ),
        Alarm(
            part="signer-throttles-alarm",
            description="More people ask for forms at one time than the signer's ceiling lets.",
            threshold=0,
            queries=(_of_lambda("Throttles", "Sum", "signer"),),
        ),
    )


def _share(part: str, metric: Metric, threshold: float, what: str) -> Alarm:
    """Return an alarm on the share of uploads with one outcome.

    FILL reads a datapoint that is late as 0, so the latest share may be wrong either way. Two of
    three periods decide instead (CloudWatch user guide, "Using metric math", FILL).
    """
    outcomes = (Metric.PROCESSED, Metric.REJECTED, Metric.FAILED)
    metrics = tuple(Query(id=name.lower(), metric=name) for name in outcomes)
    total = " + ".join(f"FILL({name.lower()}, 0)" for name in outcomes)
    share = Query(id="share", expression=f"FILL({metric.lower()}, 0) / ({total})")
    return Alarm(
        part=f"{part}-alarm",
        description=f"More than {threshold:.0%} of uploads {what}.",
        threshold=threshold,
        queries=(*metrics, share),
        periods=3,
        breaches=2,
    )


def _query(query: Query, names: dict[str, str]) -> cloudwatch.MetricAlarmMetricQueryArgsDict:
    """A query as the provider takes it; only the last one of an alarm returns data."""
    if query.expression:
        return {"id": query.id, "expression": query.expression, "return_data": True}
    dimension = "QueueName" if query.namespace == "AWS/SQS" else "FunctionName"
    return {
        "id": query.id,
        "metric": {
            "namespace": query.namespace,
            "metric_name": query.metric,
            "dimensions": {dimension: names[query.resource]},
            "stat": query.statistic,
            "period": PERIOD,
        },
        "return_data": query.namespace != METRIC_NAMESPACE,
    }
