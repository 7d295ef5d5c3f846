"""The alarms, their topic, and the budget."""

import pytest

from function.contract import METRIC_NAMESPACE, Metric
from tests.infra.engine import ACCOUNT

TOPIC = "arn:aws:sns:eu-central-1:123456789012:image-pipeline-dev-alarms-1234567"
ALARMS = {
    "dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0),
    "oldest-upload": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", 720),
    "errors": ("AWS/Lambda", "Errors", "Sum", 0),
    "throttles": ("AWS/Lambda", "Throttles", "Sum", 0),
    "slow": ("AWS/Lambda", "Duration", "p95", 48_000),
}


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_watch_the_stacks_own_resources(dev, name):
    alarm = dev.one("MetricAlarm", f"-{name}-alarm").inputs
    assert alarm["comparisonOperator"] == "GreaterThanThreshold"
    assert alarm["treatMissingData"] == "notBreaching"
    (query,) = alarm["metricQueries"]
    metric = query["metric"]
    found = (metric["namespace"], metric["metricName"], metric["stat"], alarm["threshold"])
    assert found == ALARMS[name]
    assert query["returnData"] is True
    assert alarm["evaluationPeriods"] == 1
    assert metric["period"] == 300
    (watched,) = metric["dimensions"].values()
    owned = {dev.outputs["functionName"]} | {f"{q.name}-1234567" for q in dev.all("Queue")}
    assert watched in owned
    dimension = "QueueName" if metric["namespace"] == "AWS/SQS" else "FunctionName"
    assert [*metric["dimensions"]] == [dimension]
    assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


@pytest.mark.parametrize(("name", "threshold"), [("failed", 0.05), ("rejected", 0.2)])
def test_alarms_on_shares_use_the_functions_own_metrics(dev, name, threshold):
    alarm = dev.one("MetricAlarm", f"-{name}-alarm").inputs
    *metrics, share = alarm["metricQueries"]
    assert {m["metric"]["metricName"] for m in metrics} == {"Processed", "Rejected", "Failed"}
    assert {m["metric"]["metricName"] for m in metrics} <= set(Metric)
    assert {m["metric"]["namespace"] for m in metrics} == {METRIC_NAMESPACE}
    assert [m["returnData"] for m in metrics] == [False] * 3
    assert share["returnData"] is True
    assert {m["metric"]["period"] for m in metrics} == {300}
    assert share["expression"].startswith(f"FILL({name}, 0) / ")
    assert (alarm["evaluationPeriods"], alarm["datapointsToAlarm"]) == (3, 2)
    assert alarm["threshold"] == threshold


def test_the_signer_is_watched_where_there_is_one(prod, dev):
    for part in ("-signer-errors-alarm", "-signer-throttles-alarm"):
        (query,) = prod.one("MetricAlarm", part).inputs["metricQueries"]
        (watched,) = query["metric"]["dimensions"].values()
        assert watched == f"{prod.one('Function', '-signer').name}-1234567"
    assert [a.name for a in dev.all("MetricAlarm") if "-signer-" in a.name] == []


def test_mail_and_budget_only_when_asked_for(dev, everything):
    assert dev.all("TopicSubscription") == dev.all("Budget") == []
    subscription = everything.one("TopicSubscription").inputs
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "a@example.com")
    budget = everything.one("Budget").inputs
    assert (budget["limitAmount"], budget["limitUnit"]) == ("10", "USD")
    (warning,) = budget["notifications"]
    assert warning["subscriberEmailAddresses"] == ["a@example.com"]
    told = (warning["comparisonOperator"], warning["threshold"], warning["thresholdType"])
    assert told == ("GREATER_THAN", 80, "PERCENTAGE")
    assert warning["notificationType"] == "ACTUAL"


def test_alarms_alone_may_publish(dev):
    statements = dev.one("TopicPolicy").statements()
    assert statements["AlarmsMayPublish"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statements["AlarmsMayPublish"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT}
    }
    assert statements["DenyPlainHttp"]["Effect"] == "Deny"
