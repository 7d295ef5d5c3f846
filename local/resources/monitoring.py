"""Log groups, dashboards, alarms, where alarms go, and budgets."""

import contextlib
from typing import Any

from local.inputs import Inputs, to_aws
from local.resources.context import ACCOUNT_ID, Context, Created


def log_group(context: Context, _name: str, inputs: Inputs) -> Created:
    """Create a log group, or set the retention of the one that exists."""
    logs = context.client("logs")
    name, days = inputs.need("name"), inputs.need("retentionInDays")
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=name, tags=inputs.take("tags", {}))
    logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    arn = f"arn:aws:logs:{context.region}:{ACCOUNT_ID}:log-group:{name}"
    return Created(name, {"name": name, "arn": arn})


def dashboard(context: Context, _name: str, inputs: Inputs) -> Created:
    """Put a dashboard."""
    name, body = inputs.need("dashboardName"), inputs.need("dashboardBody")
    context.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    return Created(name, {"dashboardName": name})


def metric_alarm(context: Context, name: str, inputs: Inputs) -> Created:
    """Put an alarm."""
    keys = (
        *("alarmDescription", "comparisonOperator", "threshold", "evaluationPeriods"),
        *("datapointsToAlarm", "treatMissingData", "alarmActions", "okActions"),
    )
    parameters = to_aws({key: inputs.take(key) for key in keys})
    parameters["OKActions"] = parameters.pop("OkActions")
    context.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Metrics=[_metric_query(query) for query in inputs.need("metricQueries")],
        Tags=[{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()],
        **parameters,
    )
    return Created(name, {"name": name})


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
    """Create a topic, or return the one that exists."""
    tags = [{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()]
    arn = context.client("sns").create_topic(Name=name, Tags=tags)["TopicArn"]
    return Created(arn, {"arn": arn, "name": name})


def topic_policy(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set who may publish to a topic."""
    arn, policy = inputs.need("arn"), inputs.need("policy")
    context.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=policy
    )
    return Created(arn, {"arn": arn})


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
    """Create a monthly budget, unless it exists."""
    amount, unit = inputs.need("limitAmount"), inputs.need("limitUnit")
    wanted = {
        "BudgetName": name,
        "BudgetType": inputs.need("budgetType"),
        "TimeUnit": inputs.need("timeUnit"),
        "BudgetLimit": {"Amount": amount, "Unit": unit},
        "CostFilters": {f["name"]: f["values"] for f in inputs.need("costFilters")},
    }
    notifications = [_notification(values) for values in inputs.need("notifications")]
    inputs.take("tags")
    budgets = context.client("budgets")
    with contextlib.suppress(budgets.exceptions.DuplicateRecordException):
        budgets.create_budget(
            AccountId=ACCOUNT_ID, Budget=wanted, NotificationsWithSubscribers=notifications
        )
    return Created(name, {"name": name})


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
