"""Dashboards, alarms, where alarms go, and budgets."""

import json
from collections.abc import Mapping
from typing import Any, Final

from local.inputs import Inputs
from local.resources.calls import Call, send
from local.resources.kind import ACCOUNT_ID, Context, Created, Kind, State

_DEFAULT_POLICY: Final = "__default_policy_ID"
_BUDGET: Final = {"AccountId": ACCOUNT_ID, "BudgetName": "$id"}
_TOPIC_ACTIONS: Final = (
    *("GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission"),
    *("DeleteTopic", "Subscribe", "ListSubscriptionsByTopic", "Publish", "Receive"),
)


def dashboard(context: Context, name: str, inputs: Inputs) -> Created:
    """Put a dashboard."""
    name = inputs.take("dashboardName", name)
    send(context, "cloudwatch", "put_dashboard", {"dashboardName": name, **inputs.rest()})
    return Created(name, {"dashboardName": name})


def metric_alarm(context: Context, name: str, inputs: Inputs) -> Created:
    """Put an alarm."""
    metrics = [_metric_query(query) for query in inputs.need("metricQueries")]
    values = {"alarmName": name, "metrics": metrics, **inputs.rest()}
    send(context, "cloudwatch", "put_metric_alarm", values)
    arn = f"arn:aws:cloudwatch:{context.region}:{ACCOUNT_ID}:alarm:{name}"
    return Created(name, {"name": name, "arn": arn})


def _metric_query(values: dict[str, Any]) -> dict[str, Any]:
    """Return a query in CloudWatch's form: the statistic is next to the metric, not in it."""
    metric = values.pop("metric", None)
    if metric is None:
        return values
    dimensions = [{"name": k, "value": v} for k, v in metric.pop("dimensions").items()]
    statistic = {key: metric.pop(key) for key in ("stat", "period")}
    return {**values, "metricStat": {"metric": {**metric, "dimensions": dimensions}, **statistic}}


def topic(context: Context, name: str, _inputs: Inputs) -> Created:
    """Create a topic; one that exists is as it was created."""
    arn = context.client("sns").create_topic(Name=name)["TopicArn"]
    return Created(arn, {"arn": arn, "name": name})


def topic_policy(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set who may publish to a topic."""
    arn = inputs.need("arn")
    _set_topic_policy(context, arn, inputs.need("policy"))
    return Created(arn, {"arn": arn})


def delete_topic_policy(context: Context, state: State) -> None:
    """Put the policy back that a topic is created with, since it has to have one.

    It is the one in the example of "aws.sns.TopicPolicy" (Pulumi Registry).
    """
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _TOPIC_ACTIONS],
        "Resource": state["id"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT_ID}},
    }
    policy = {"Version": "2008-10-17", "Id": _DEFAULT_POLICY, "Statement": [statement]}
    _set_topic_policy(context, state["id"], json.dumps(policy))


def _set_topic_policy(context: Context, arn: str, policy: str) -> None:
    context.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )


def topic_subscription(context: Context, _name: str, inputs: Inputs) -> Created:
    """Subscribe an address to a topic; nothing is mailed from here."""
    values = {"topicArn": inputs.need("topic"), "returnSubscriptionArn": True, **inputs.rest()}
    arn = send(context, "sns", "subscribe", values)["SubscriptionArn"]
    return Created(arn, {"arn": arn})


def budget(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a monthly budget, or update the one that exists."""
    notifications = inputs.need("notifications")
    wanted = {
        "budgetName": name,
        "budgetLimit": {"amount": inputs.need("limitAmount"), "unit": inputs.need("limitUnit")},
        "costFilters": {f["name"]: f["values"] for f in inputs.need("costFilters")},
        **inputs.rest(),
    }
    budgets, account = context.client("budgets"), {"accountId": ACCOUNT_ID}
    try:
        send(context, "budgets", "create_budget", {**account, "budget": wanted})
    except budgets.exceptions.DuplicateRecordException:
        send(context, "budgets", "update_budget", {**account, "newBudget": wanted})
    named = {"AccountId": ACCOUNT_ID, "BudgetName": name}
    for found in budgets.describe_notifications_for_budget(**named)["Notifications"]:
        budgets.delete_notification(**named, Notification=found)
    for values in notifications:
        mails = values.pop("subscriberEmailAddresses")
        subscribers = [{"SubscriptionType": "EMAIL", "Address": mail} for mail in mails]
        created = {**named, "notification": values, "subscribers": subscribers}
        send(context, "budgets", "create_notification", created)
    return Created(name, {"name": name, "arn": f"arn:aws:budgets::{ACCOUNT_ID}:budget/{name}"})


def _subscribers(context: Context, state: State) -> list[dict[str, Any]]:
    """Return a budget's notifications, each with who gets it."""
    budgets = context.client("budgets")
    named = {"AccountId": ACCOUNT_ID, "BudgetName": state["id"]}
    notifications = budgets.describe_notifications_for_budget(**named)["Notifications"]
    describe = budgets.describe_subscribers_for_notification
    return [
        {**found, "Subscribers": describe(**named, Notification=found)["Subscribers"]}
        for found in notifications
    ]


KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudwatch/dashboard:Dashboard": Kind(
        put=dashboard,
        read={"dashboard": Call("cloudwatch", "get_dashboard", {"DashboardName": "$id"})},
        delete=Call("cloudwatch", "delete_dashboards", {"DashboardNames": ["$id"]}),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Kind(
        put=metric_alarm,
        read={
            "alarm": Call(
                "cloudwatch", "describe_alarms", {"AlarmNames": ["$id"]}, "MetricAlarms[0]"
            )
        },
        delete=Call("cloudwatch", "delete_alarms", {"AlarmNames": ["$id"]}),
        tags=("cloudwatch", "arn"),
    ),
    "aws:sns/topic:Topic": Kind(
        put=topic,
        read={
            "topic": Call("sns", "get_topic_attributes", {"TopicArn": "$id"}, "Attributes.TopicArn")
        },
        delete=Call("sns", "delete_topic", {"TopicArn": "$id"}),
        tags=("sns", "id"),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Kind(
        put=topic_policy,
        read={
            "policy": Call(
                "sns",
                "get_topic_attributes",
                {"TopicArn": "$id"},
                f"Attributes.Policy.Id != '{_DEFAULT_POLICY}' && Attributes.Policy || `null`",
            )
        },
        delete=delete_topic_policy,
    ),
    "aws:sns/topicSubscription:TopicSubscription": Kind(
        put=topic_subscription,
        read={
            "subscription": Call(
                "sns", "get_subscription_attributes", {"SubscriptionArn": "$id"}, "Attributes"
            )
        },
        delete=Call("sns", "unsubscribe", {"SubscriptionArn": "$id"}),
    ),
    "aws:budgets/budget:Budget": Kind(
        put=budget,
        read={
            "budget": Call("budgets", "describe_budget", _BUDGET, "Budget"),
            "notifications": _subscribers,
        },
        delete=Call("budgets", "delete_budget", _BUDGET),
        tags=("budgets", "arn"),
    ),
}
