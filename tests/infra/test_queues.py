"""The upload queue and its dead-letter queue."""

import json

from tests.infra.engine import evaluated


def test_visibility_timeout_is_six_function_timeouts():
    program = evaluated("dev", timeout=45)
    assert program.one("Function", "-resizer").inputs["timeout"] == 45
    assert program.one("Queue", "-uploads").inputs["visibilityTimeoutSeconds"] == 270


def test_queues_are_encrypted_and_dead_letters_kept_for_14_days(program):
    queue, dead = program.one("Queue", "-uploads"), program.one("Queue", "-dead-letters")
    backfill = program.one("Queue", "-backfill")
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
    assert [arn.rsplit(":")[-1] for arn in allow["sourceQueueArns"]] == [
        *(f"{queue.name}-1234567", f"{backfill.name}-1234567")
    ]


def test_backfills_have_a_queue_of_the_same_kind(program):
    queue, backfill = program.one("Queue", "-uploads").inputs, program.one("Queue", "-backfill")
    redrive = program.one("RedrivePolicy")
    assert backfill.inputs | {"redrivePolicy": redrive.inputs["redrivePolicy"]} == queue
    assert redrive.inputs["queueUrl"].endswith("-backfill-1234567")
    assert program.outputs["backfillQueueUrl"].endswith("-backfill-1234567")


def test_the_dead_letter_queue_names_the_queue_of_backfills_before_that_names_it(program):
    """SQS refuses it otherwise: v0.1.0's dead-letter queue names the other queue alone."""
    assert "redrivePolicy" not in program.one("Queue", "-backfill").inputs
    program.assert_after(program.one("RedrivePolicy"), program.one("RedriveAllowPolicy"))


def test_no_alarm_and_no_upload_looks_at_the_queue_of_backfills(prod):
    """New uploads alone raise the alarm on the oldest one."""
    (notification,) = (r for r in prod.resources if r.type.endswith(":BucketNotification"))
    alarms = [r for r in prod.resources if r.type.endswith(":MetricAlarm")]
    assert any("-uploads-1234567" in json.dumps(alarm.inputs) for alarm in alarms)
    for resource in (notification, *alarms):
        assert "-backfill" not in json.dumps(resource.inputs)
