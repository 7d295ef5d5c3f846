"""The roles that may make the group of a function's log."""

import json
import uuid

import pytest

from tests.local.calling import function_role, zipped

GROUP, STREAM = "logs:CreateLogGroup", ["logs:CreateLogStream", "logs:PutLogEvents"]


@pytest.fixture
def call(bare):
    """Make a function whose role has some permissions, and call it; returns its group's name."""
    iam, lambda_ = bare.client("iam"), bare.client("lambda")
    made = []

    def make(*actions):
        name = f"logs-{uuid.uuid4().hex}"
        role = function_role(bare, name)
        statement = {"Effect": "Allow", "Action": [*actions], "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=document)
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="code.handle",
            Code={"ZipFile": zipped("def handle(event, context): print('said')")},
        )
        made.append(name)
        return name

    yield make
    for name in made:
        lambda_.delete_function(FunctionName=name)


def said(bare, group):
    logs = bare.client("logs")
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    if not found:
        return None
    events = logs.filter_log_events(logGroupName=group)["events"]
    return [event["message"].strip() for event in events if "said" in event["message"]]


@pytest.mark.parametrize(("actions", "expected"), [([GROUP, *STREAM], ["said"]), (STREAM, None)])
def test_a_missing_group_is_made_by_a_role_that_may(bare, call, actions, expected):
    """Page "Sending Lambda function logs to CloudWatch Logs" (Lambda developer guide)."""
    name = call(*actions)
    bare.client("lambda").invoke(FunctionName=name)
    assert said(bare, f"/aws/lambda/{name}") == expected


def test_a_group_that_there_is_needs_no_permission_to_make_one(bare, call):
    name = call(*STREAM)
    bare.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    bare.client("lambda").invoke(FunctionName=name)
    assert said(bare, f"/aws/lambda/{name}") == ["said"]
