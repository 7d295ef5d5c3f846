"""Held uploads: what a stack with moderation has more than others."""

import json

import pytest

from function.contract.messages import MEASURE_HELD
from pipeline import moderation
from tests.infra.engine import evaluated, run

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:looks"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:looks"
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:rules:live"


def policy_of(program, part: str) -> dict:
    return program.one("RolePolicy", part).statements()


def variables_of(program, part: str) -> dict[str, str]:
    return program.one("Function", part).inputs["environment"]["variables"]


@pytest.mark.parametrize(
    ("arn", "action"),
    [
        (QUEUE, "sqs:SendMessage"),
        (TOPIC, "sns:Publish"),
        (FUNCTION, "lambda:InvokeFunction"),
    ],
)
def test_the_function_may_ask_this_moderator_and_no_other(arn, action):
    statement = moderation.ask(arn)
    assert (statement["Action"], statement["Resource"]) == ([action], arn)
    program = evaluated("dev", publish="held", moderator=arn)
    assert policy_of(program, "-resizer")["AskModerator"] == statement
    variables = variables_of(program, "-resizer")
    assert (variables["PUBLISH"], variables["MODERATOR"]) == ("held", arn)


def test_a_stack_without_moderation_can_still_hold_and_decide():
    """Uploads held under other settings stay held, and public ones can be rejected."""
    program = evaluated("dev")
    statements = policy_of(program, "-resizer")
    assert "AskModerator" not in statements
    assert {"PUBLISH", "MODERATOR"} & set(variables_of(program, "-resizer")) == set()
    assert statements["Moderate"]["Resource"].endswith("/_index/moderation/*")
    assert statements["Moderate"]["Action"] == ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]


def test_a_backfill_by_batch_operations_holds_too():
    program = evaluated("dev", publish="held", moderator=QUEUE, batchOperationsConcurrency=2)
    assert variables_of(program, "-batch")["PUBLISH"] == "held"
    assert "AskModerator" in policy_of(program, "-batch")


def test_first_views_know_nothing_of_what_is_held():
    lazy = [{"name": "big", "width": 9, "height": 9, "lazy": True}]
    small = [{"name": "small", "width": 9, "height": 9}]
    program = evaluated("prod", publish="held", renditions=[*small, *lazy])
    assert "_index" not in json.dumps(policy_of(program, "-views"))


def test_an_update_says_what_becomes_of_what_is_shown(monkeypatch):
    told: list[str] = []
    monkeypatch.setattr("pulumi.log.info", told.append)
    run("dev")
    assert not any("held" in line for line in told)
    run("dev", publish="held")
    assert any("everything that was public before stays public" in line for line in told)


@pytest.mark.parametrize("settings", [{"publish": "held"}, {"moderator": QUEUE}])
def test_the_cdn_forgets_what_a_moderator_takes_down(settings):
    program = evaluated("prod", **settings)
    cdn = program.one("Distribution")
    statement = policy_of(program, "-resizer")["ForgetRejected"]
    assert statement["Action"] == ["cloudfront:CreateInvalidation"]
    assert statement["Resource"] == cdn.outputs["arn"]
    assert variables_of(program, "-resizer")["DISTRIBUTION_ID"] == program.outputs["distributionId"]


@pytest.mark.parametrize(("stack", "settings"), [("prod", {}), ("dev", {"publish": "held"})])
def test_without_moderation_or_a_cdn_the_function_may_not_touch_any(stack, settings):
    program = evaluated(stack, **settings)
    assert "ForgetRejected" not in policy_of(program, "-resizer")
    assert "DISTRIBUTION_ID" not in variables_of(program, "-resizer")


HELD = {"publish": "held", "monitoring": "full"}


def test_what_waits_is_measured_every_half_hour():
    program = evaluated("dev", **HELD)
    rule, target = program.one("EventRule"), program.one("EventTarget")
    assert rule.inputs["scheduleExpression"] == "rate(30 minutes)"
    assert "eventPattern" not in rule.inputs
    assert json.loads(target.inputs["input"]) == json.loads(MEASURE_HELD)
    queue = program.one("Queue", "-uploads")
    assert (target.inputs["rule"], target.inputs["arn"]) == (
        rule.outputs["name"],
        queue.outputs["arn"],
    )
    statements = program.one("QueuePolicy", "-uploads").statements()
    assert set(statements) == {"S3MaySend", "RuleMaySend", "DenyPlainHttp"}
    send = statements["RuleMaySend"]
    assert send["Principal"] == {"Service": "events.amazonaws.com"}
    assert send["Condition"] == {"ArnEquals": {"aws:SourceArn": rule.outputs["arn"]}}


def test_beside_an_adopted_bucket_both_rules_may_send():
    program = evaluated("dev", **HELD, sourceBucket="shop-photos", uploads="private")
    arns = {rule.outputs["arn"] for rule in program.all("EventRule")}
    statements = program.one("QueuePolicy", "-uploads").statements()
    allowed = statements["RuleMaySend"]["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert len(arns) == 2
    assert set(allowed) == arns
    sent = {target.inputs.get("input") for target in program.all("EventTarget")}
    assert sent == {None, MEASURE_HELD}
    (query,) = program.one("MetricAlarm", "-undelivered-alarm").inputs["metricQueries"]
    watched = query["metric"]["dimensions"]["RuleName"]
    assert watched == program.one("EventRule", "-uploads").outputs["name"]


@pytest.mark.parametrize("settings", [{}, HELD | {"monitoring": "lean"}])
def test_without_moderation_or_its_alarm_nothing_is_measured(settings):
    program = evaluated("dev", **settings)
    assert program.all("EventRule") == program.all("EventTarget") == []
    assert [a.name for a in program.all("MetricAlarm") if "waiting" in a.name] == []


def test_an_alarm_tells_of_what_has_waited_for_a_day():
    program = evaluated("dev", **HELD)
    alarm = program.one("MetricAlarm", "-waiting-alarm").inputs
    (query,) = alarm["metricQueries"]
    assert query["returnData"] is True
    assert query["metric"] == {
        "namespace": "ImagePipeline",
        "metricName": "OldestWaiting",
        "dimensions": {"FunctionName": program.outputs["functionName"]},
        "stat": "Maximum",
        "period": 3600,
    }
    assert (alarm["threshold"], alarm["evaluationPeriods"]) == (86_400, 1)
    assert alarm["treatMissingData"] == "notBreaching"
    assert "24 hours" in alarm["alarmDescription"]


def test_the_dashboard_shows_what_waits():
    body = json.loads(evaluated("dev", **HELD).one("Dashboard").inputs["dashboardBody"])
    shown = [widget["properties"] for widget in body["widgets"][-2:]]
    assert [(graph["title"], graph["metrics"][0][1], graph["stat"]) for graph in shown] == [
        ("Waiting for a moderator", "Waiting", "Maximum"),
        ("Longest wait for a moderator (s)", "OldestWaiting", "Maximum"),
    ]
    assert shown[1]["annotations"]["horizontal"] == [{"label": "limit", "value": 86_400}]
    assert len(body["widgets"]) == 14
    without = json.loads(
        evaluated("dev", monitoring="full").one("Dashboard").inputs["dashboardBody"]
    )
    assert len(without["widgets"]) == 12
