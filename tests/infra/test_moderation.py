"""Held uploads: what a stack with moderation has more than others."""

import json

import pytest

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
    """What was held under other settings stays held, and what is shown can be rejected."""
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
    assert any("what readers could see before stays public" in line for line in told)
