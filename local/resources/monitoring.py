"""Log groups, dashboards, alarms, where alarms go, and budgets."""

import contextlib
import json
from collections.abc import Mapping
from typing import Any, Final

from local.inputs import Inputs, to_aws
from local.resources.calls import Call, State
from local.resources.context import ACCOUNT_ID, Context, Created
from local.resources.kind import Kind
from local.resources.tags import put_tags, tags_of


def log_group(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a log group, or set the retention of the one that exists."""
    logs = context.client("logs")
    name, days = inputs.take("name", name), inputs.need("retentionInDays")
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    arn = f"arn:aws:logs:{context.region}:{ACCOUNT_ID}:log-group:{name}"
    put_tags(context, "logs", arn, inputs.take("tags", {}))
    return Created(name, {"name": name, "arn": arn})


def dashboard(context: Context, name: str, inputs: Inputs) -> Created:
    """Put a dashboard."""
    name, body = inputs.take("dashboardName", name), inputs.need("dashboardBody")
    context.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    return Created(name, {"dashboardName": name})


def metric_alarm(context: Context, name: str, inputs: Inputs) -> Created:
    """Put an alarm."""
    keys = (
        *("alarmDescription", "comparisonOperator", "threshold", "evaluationPeriods"),
        *("datapointsToAlarm", "treatMissingData", "alarmActions", "okActions"),
    )
    parameters = to_aws({key: inputs.take(key) for key in keys})
    context.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Metrics=[_metric_query(query) for query in inputs.need("metricQueries")],
        **parameters,
    )
    arn = f"arn:aws:cloudwatch:{context.region}:{ACCOUNT_ID}:alarm:{name}"
    put_tags(context, "cloudwatch", arn, inputs.take("tags", {}))
    return Created(name, {"name": name, "arn": arn})


def _metric_query(values: dict[str, Any]) -> dict[str, Any]:
    query = Inputs("the alarm's query", values)
    translated: dict[str, Any] = {"Id": query.need("id"), "ReturnData": query.need("returnData")}
    expression, metric = query.take("expression"), query.take("metric")
    query.done()
    if expression:
        return translated | {"Expression": expression}
    parts = Inputs("the alarm's metric", metric)
    dimensions = [{"Name": k, "Value": v} for k, v in parts.need("dimensions").items()]
    named = {"Namespace": parts.need("namespace"), "MetricName": parts.need("metricName")}
    stat = {"Stat": parts.need("stat"), "Period": parts.need("period")}
    parts.done()
    return translated | {"MetricStat": {"Metric": named | {"Dimensions": dimensions}} | stat}


def topic(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a topic, or set the tags of the one that exists."""
    arn = context.client("sns").create_topic(Name=name)["TopicArn"]
    put_tags(context, "sns", arn, inputs.take("tags", {}))
    return Created(arn, {"arn": arn, "name": name})


def topic_policy(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set who may publish to a topic."""
    arn, policy = inputs.need("arn"), inputs.need("policy")
    context.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )
    return Created(arn, {"arn": arn})


def delete_topic_policy(context: Context, state: State) -> None:
    """Put the policy back that a topic is created with, since it has to have one.

    It is the one in the example of "aws.sns.TopicPolicy" (Pulumi Registry).
    """
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            f"SNS:{action}"
            for action in (
                *("GetTopicAttributes", "SetTopicAttributes", "AddPermission"),
                *("RemovePermission", "DeleteTopic", "Subscribe", "ListSubscriptionsByTopic"),
                *("Publish", "Receive"),
            )
        ],
        "Resource": state["id"],
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT_ID}},
    }
    policy = {"Version": "2008-10-17", "Id": _DEFAULT_POLICY, "Statement": [statement]}
    context.client("sns").set_topic_attributes(
        TopicArn=state["id"], AttributeName="Policy", AttributeValue=json.dumps(policy)
    )


def topic_subscription(context: Context, _name: str, inputs: Inputs) -> Created:
    """Subscribe an address to a topic; nothing is mailed from here."""
    parameters = {
        "TopicArn": inputs.need("topic"),
        "Protocol": inputs.need("protocol"),
        "Endpoint": inputs.need("endpoint"),
    }
    subscribed = context.client("sns").subscribe(**parameters, ReturnSubscriptionArn=True)
    return Created(subscribed["SubscriptionArn"], {"arn": subscribed["SubscriptionArn"]})


def budget(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a monthly budget, or update the one that exists."""
    amount, unit = inputs.need("limitAmount"), inputs.need("limitUnit")
    wanted = {
        "BudgetName": name,
        "BudgetType": inputs.need("budgetType"),
        "TimeUnit": inputs.need("timeUnit"),
        "BudgetLimit": {"Amount": amount, "Unit": unit},
        "CostFilters": {f["name"]: f["values"] for f in inputs.need("costFilters")},
    }
    notifications = [_notification(values) for values in inputs.need("notifications")]
    budgets, named = context.client("budgets"), {"AccountId": ACCOUNT_ID, "BudgetName": name}
    try:
        budgets.create_budget(AccountId=ACCOUNT_ID, Budget=wanted)
    except budgets.exceptions.DuplicateRecordException:
        budgets.update_budget(AccountId=ACCOUNT_ID, NewBudget=wanted)
    for notification in budgets.describe_notifications_for_budget(**named)["Notifications"]:
        budgets.delete_notification(**named, Notification=notification)
    for notification in notifications:
        budgets.create_notification(**named, **notification)
    arn = f"arn:aws:budgets::{ACCOUNT_ID}:budget/{name}"
    put_tags(context, "budgets", arn, inputs.take("tags", {}))
    return Created(name, {"name": name, "arn": arn})


def _notification(values: dict[str, Any]) -> dict[str, Any]:
    inputs = Inputs("the budget's notification", values)
    mails = inputs.need("subscriberEmailAddresses")
    keys = ("comparisonOperator", "notificationType", "threshold", "thresholdType")
    translated = {
        "Notification": to_aws({key: inputs.need(key) for key in keys}),
        "Subscribers": [{"SubscriptionType": "EMAIL", "Address": mail} for mail in mails],
    }
    inputs.done()
    return translated


def _subscribers(context: Context, state: State) -> list[dict[str, Any]]:
    """Return a budget's notifications, each with who gets it."""
    budgets = context.client("budgets")
    named = {"AccountId": ACCOUNT_ID, "BudgetName": state["id"]}
    return [
        notification
        | {
            "Subscribers": budgets.describe_subscribers_for_notification(
                **named, Notification=notification
            )["Subscribers"]
        }
        for notification in budgets.describe_notifications_for_budget(**named)["Notifications"]
    ]


_DEFAULT_POLICY: Final = "__default_policy_ID"
_BUDGET: Final = {"AccountId": ACCOUNT_ID, "BudgetName": "$id"}

KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        put=log_group,
        read={
            "group": Call(
                "logs",
                "describe_log_groups",
                {"logGroupNamePrefix": "$id"},
                "logGroups[?logGroupName == '$id'] | [0]",
            ),
            "tags": tags_of("logs", "$arn"),
        },
        delete=Call("logs", "delete_log_group", {"logGroupName": "$id"}),
    ),
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
            ),
            "tags": tags_of("cloudwatch", "$arn"),
        },
        delete=Call("cloudwatch", "delete_alarms", {"AlarmNames": ["$id"]}),
    ),
    "aws:sns/topic:Topic": Kind(
        put=topic,
        read={
            "topic": Call(
                "sns", "get_topic_attributes", {"TopicArn": "$id"}, "Attributes.TopicArn"
            ),
            "tags": tags_of("sns", "$id"),
        },
        delete=Call("sns", "delete_topic", {"TopicArn": "$id"}),
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
            "tags": tags_of("budgets", "$arn"),
        },
        delete=Call("budgets", "delete_budget", _BUDGET),
    ),
}
