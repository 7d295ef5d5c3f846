"""Alarms on the queue and the functions, and a monthly budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pulumi
from pulumi_aws import budgets, cloudwatch, sns

from pipeline import adopted
from pipeline.alarm_definitions import Alarm, Query
from pipeline.component import Component, Options, policy_of
from pipeline.identity import Identity
from pipeline.naming import resource_name, tags
from pipeline.permissions import service_policies
from pipeline.queues import UploadQueue
from pipeline.resizer import Resizer

_DIMENSIONS: Final = {"AWS/SQS": "QueueName", "AWS/Events": "RuleName"}
"""Dimension that names the resource, by namespace. A metric with ``RuleName`` alone belongs to the
default event bus (EventBridge user guide, "Monitoring Amazon EventBridge")."""

BUDGET_WARNING: Final = 80
"""Percent of the monthly budget at which the first mail goes out."""


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """The alarms, what they watch, and who is told.

    ``alarm_topic_arn`` is empty if the stack makes its own topic, ``alarm_email`` for no mail,
    ``signer_name`` if uploads are public, ``views_name`` without lazy renditions, ``formats_name``
    without lazy formats, and ``rule_name`` if S3 itself announces uploads; ``monthly_budget_usd``
    is 0 for no budget.
    """

    alarms: Sequence[Alarm]
    alarm_topic_arn: pulumi.Input[str]
    alarm_email: pulumi.Input[str]
    monthly_budget_usd: int
    queue: UploadQueue
    resizer: Resizer
    signer_name: pulumi.Input[str]
    views_name: pulumi.Input[str]
    rule_name: pulumi.Input[str]
    formats_name: pulumi.Input[str]
    identity: Identity


class Alarms(Component):
    """Alarms to one SNS topic, the account's or one that mails ``alarmEmail`` if there is one.

    A stack without alarms has no topic.
    """

    topic_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: AlarmsArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:alarms:Alarms", name, opts)
        self.topic_arn = self._topic(name, args) if args.alarms else None
        resources = pulumi.Output.all(
            queue=args.queue.name,
            dead_letters=args.queue.dead_letter_name,
            function=args.resizer.function_name,
            signer=args.signer_name,
            views=args.views_name,
            rule=args.rule_name,
            formats=args.formats_name,
            format_queue=args.queue.formats.name if args.queue.formats else "",
        )
        for alarm in args.alarms:
            self._alarm(name, alarm, resources)
        if args.monthly_budget_usd:
            self._budget(name, args)
        self.register_outputs({"topic_arn": self.topic_arn})

    def _topic(self, name: str, args: AlarmsArgs) -> pulumi.Output[str]:
        if args.alarm_topic_arn:
            region = args.identity.region
            found = adopted.in_region("alarmTopicArn", args.alarm_topic_arn, region)
            return pulumi.Output.from_input(found)
        topic = sns.Topic(resource_name(name, "alarms"), tags=tags(), opts=self.child)
        sns.TopicPolicy(
            resource_name(name, "alarms"),
            arn=topic.arn,
            policy=policy_of(service_policies.alarm_topic, topic.arn, args.identity.account_id),
            opts=self.child,
        )
        if args.alarm_email:
            sns.TopicSubscription(
                resource_name(name, "alarms"),
                topic=topic.arn,
                protocol="email",
                endpoint=args.alarm_email,
                opts=self.child,
            )
        return topic.arn

    def _alarm(self, name: str, alarm: Alarm, resources: pulumi.Output[dict[str, str]]) -> None:
        actions = [self.topic_arn] if self.topic_arn else []
        queries = [
            resources.apply(partial(_query, alarm, query, is_last=query is alarm.queries[-1]))
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
            alarm_actions=actions,
            ok_actions=actions,
            tags=tags(),
            opts=self.child,
        )

    def _budget(self, name: str, args: AlarmsArgs) -> None:
        budgets.Budget(
            resource_name(name, "budget"),
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(args.monthly_budget_usd),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:Stack${pulumi.get_stack()}"]}],
            notifications=[
                {
                    "comparison_operator": "GREATER_THAN",
                    "notification_type": "ACTUAL",
                    "threshold": BUDGET_WARNING,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_email_addresses": [args.alarm_email],
                }
            ],
            tags=tags(),
            opts=self.child,
        )


def _query(
    alarm: Alarm, query: Query, names: dict[str, str], *, is_last: bool
) -> cloudwatch.MetricAlarmMetricQueryArgsDict:
    """Return a query as the provider takes it; only the last one of an alarm returns data."""
    if query.expression:
        return {"id": query.id, "expression": query.expression, "return_data": True}
    dimension = _DIMENSIONS.get(query.namespace, "FunctionName")
    return {
        "id": query.id,
        "metric": {
            "namespace": query.namespace,
            "metric_name": query.metric,
            "dimensions": {dimension: names[query.resource]},
            "stat": query.statistic,
            "period": alarm.seconds,
        },
        "return_data": is_last,
    }
