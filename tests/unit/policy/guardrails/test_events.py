"""Statements that name no action; tests/infra/test_guardrails.py has all rules on stacks."""

import json

from policy.guardrails import Resource
from policy.guardrails.events import FUNCTION, NOTIFICATION, ROLE, ROLE_POLICY, loop


def test_a_policy_that_names_no_action_is_no_loop():
    """It ended the policy pack with an error; another rule refuses it."""
    statement = {"Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    policy = json.dumps({"Statement": [statement]})
    resources = [
        Resource(
            urn="n",
            type=NOTIFICATION,
            name="n",
            inputs={"bucket": "b"},
            depends={"lambdaFunctions": frozenset({"f"})},
        ),
        Resource(urn="f", type=FUNCTION, name="f", inputs={}, depends={"role": frozenset({"r"})}),
        Resource(urn="r", type=ROLE, name="r", inputs={}),
        Resource(
            urn="p",
            type=ROLE_POLICY,
            name="p",
            inputs={"policy": policy},
            depends={"role": frozenset({"r"})},
        ),
    ]
    assert list(loop(resources)) == []
    named = policy.replace("NotAction", "Action").replace("GetObject", "PutObject")
    resources[3].inputs["policy"] = named
    assert [resource.name for resource, _problem in loop(resources)] == ["p"]
