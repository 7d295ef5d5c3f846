"""The alarms, their topic, and the budget."""

import pytest

from function.contract import METRIC_NAMESPACE, Metric
from tests.infra.engine import ACCOUNT, evaluated

TOPIC = "arn:aws:sns:eu-central-1:123456789012:image-pipeline-dev-alarms-1234567"
ALARMS = {
    "dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0),
    "oldest-upload": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", 720),
    "errors": ("AWS/Lambda", "Errors", "Sum", 0),
    "throttles": ("AWS/Lambda", "Throttles", "Sum", 0),
    "slow": ("AWS/Lambda", "Duration", "p95", 48_000),
}
LEAN = {"dead-letters", "oldest-upload", "errors"}
FULL = {*ALARMS, "failed", "rejected"}
SIGNER = {"signer-errors", "signer-throttles"}


@pytest.fixture(scope="module")
def full():
    return evaluated("dev", monitoring="full")


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_watch_the_stacks_own_resources(full, name):
    alarm = full.one("MetricAlarm", f"-{name}-alarm").inputs
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
    owned = {full.outputs["functionName"]} | {f"{q.name}-1234567" for q in full.all("Queue")}
    assert watched in owned
    dimension = "QueueName" if metric["namespace"] == "AWS/SQS" else "FunctionName"
    assert [*metric["dimensions"]] == [dimension]
    assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


@pytest.mark.parametrize(("name", "threshold"), [("failed", 0.05), ("rejected", 0.2)])
def test_alarms_on_shares_use_the_functions_own_metrics(full, name, threshold):
    alarm = full.one("MetricAlarm", f"-{name}-alarm").inputs
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


def test_the_signer_is_watched_where_there_is_one(prod, full):
    for part in ("-signer-errors-alarm", "-signer-throttles-alarm"):
        (query,) = prod.one("MetricAlarm", part).inputs["metricQueries"]
        (watched,) = query["metric"]["dimensions"].values()
        assert watched == f"{prod.one('Function', '-signer').name}-1234567"
    assert [a.name for a in full.all("MetricAlarm") if "-signer-" in a.name] == []


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


@pytest.mark.parametrize(
    ("monitoring", "alarms", "topics"), [("off", set(), 0), ("lean", LEAN, 1), ("full", FULL, 1)]
)
@pytest.mark.parametrize("uploads", ["public", "presigned"])
def test_monitoring_says_which_alarms_there_are(monitoring, alarms, topics, uploads):
    program = evaluated("dev", monitoring=monitoring, uploads=uploads)
    signer = SIGNER if monitoring == "full" and uploads == "presigned" else set()
    found = {a.name.removeprefix("image-pipeline-dev-") for a in program.all("MetricAlarm")}
    assert found == {f"{name}-alarm" for name in alarms | signer}
    assert len(program.all("Topic")) == len(program.all("TopicPolicy")) == topics
    assert len(program.all("Dashboard")) == (monitoring == "full")
    assert ("dashboardUrl" in program.outputs) is (monitoring == "full")


def test_without_alarms_the_budget_still_mails():
    program = evaluated("dev", monitoring="off", alarmEmail="a@example.com", monthlyBudgetUsd=10)
    assert program.all("TopicSubscription") == []
    notification = program.one("Budget").inputs["notifications"][0]
    assert notification["subscriberEmailAddresses"] == ["a@example.com"]


@pytest.mark.parametrize("monitoring", ["lean", "full"])
def test_events_that_eventbridge_could_not_deliver_are_told(monitoring):
    """The rule is on the default event bus, whose metrics have the dimension RuleName alone."""
    adopting = evaluated(
        "dev", monitoring=monitoring, sourceBucket="shop-photos", uploads="private"
    )
    (query,) = adopting.one("MetricAlarm", "-undelivered-alarm").inputs["metricQueries"]
    assert query["metric"] == {
        "namespace": "AWS/Events",
        "metricName": "FailedInvocations",
        "dimensions": {"RuleName": adopting.one("EventRule").outputs["name"]},
        "stat": "Sum",
        "period": 300,
    }
    assert query["returnData"] is True
    assert "eventBusName" not in adopting.one("EventRule").inputs
