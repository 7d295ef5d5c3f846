"""Alarms on the queue and the functions, and a monthly budget."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import budgets, cloudwatch, sns

from function.contract import METRIC_NAMESPACE
from pipeline.alarm_definitions import Alarm, Query, definitions
from pipeline.identity import Identity
from pipeline.naming import resource_name, tags
from pipeline.permissions import service_policies
from pipeline.queues import UploadQueue
from pipeline.resizer import Resizer
from pipeline.settings import Settings

PERIOD: Final = 300
"""Seconds of one datapoint."""

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

    def _alarm(self, name: str, alarm: Alarm, resources: dict[str, pulumi.Input[str]]) -> None:
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


def _query(query: Query, names: dict[str, str]) -> cloudwatch.MetricAlarmMetricQueryArgsDict:
    """Return a query as the provider takes it; only the last one of an alarm returns data."""
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
