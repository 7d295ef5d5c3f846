"""The upload queue and its dead-letter queue."""

import json

from tests.infra.engine import evaluated


def test_visibility_timeout_is_six_function_timeouts():
    program = evaluated("dev", timeout=45)
    assert program.one("Function", "-resizer").inputs["timeout"] == 45
    assert program.one("Queue", "-uploads").inputs["visibilityTimeoutSeconds"] == 270


def test_queues_are_encrypted_and_dead_letters_kept_for_14_days(program):
    queue, dead = program.one("Queue", "-uploads"), program.one("Queue", "-dead-letters")
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert dead.inputs["sqsManagedSseEnabled"] is True
    assert dead.inputs["messageRetentionSeconds"] == 14 * 24 * 3600
    assert queue.inputs["messageRetentionSeconds"] < dead.inputs["messageRetentionSeconds"]
    redrive = json.loads(queue.inputs["redrivePolicy"])
    assert redrive["maxReceiveCount"] == 5
    assert redrive["deadLetterTargetArn"].endswith("-dead-letters-1234567")
    allow = program.one("RedriveAllowPolicy").policy("redriveAllowPolicy")
    assert " " not in queue.inputs["redrivePolicy"]
    assert " " not in program.one("RedriveAllowPolicy").inputs["redriveAllowPolicy"]
    assert allow["redrivePermission"] == "byQueue"
    assert [arn.rsplit(":")[-1] for arn in allow["sourceQueueArns"]] == [f"{queue.name}-1234567"]
