"""The additions of this program's tests to pytest-pulumi, which has its own tests."""

import pulumi
import pytest
from pulumi_aws import s3, sqs

from policy.guardrails import Resource
from policy.guardrails.resource import UNKNOWN
from tests.infra.engine import record, run


def two_queues() -> None:
    sqs.Queue("a-first", tags={"Team": "photos", "Stage": "dev"})
    sqs.Queue("a-second", opts=pulumi.ResourceOptions(protect=True))
    s3.Bucket("b")


def test_one_by_the_end_of_its_name_is_exactly_one():
    program = record(two_queues)
    assert program.one("Queue", "-first").name == "a-first"
    assert [r.name for r in program.all("Queue")] == ["a-first", "a-second"]
    assert program.all("Topic") == []
    with pytest.raises(AssertionError, match=r"Looked for one Queue: found a-first .*, a-sec"):
        program.one("Queue", "")


def test_protection_can_be_denied():
    program = record(two_queues)
    program.assert_protected(program.one("Queue", "-second"))
    with pytest.raises(AssertionError, match="is not protected"):
        program.assert_protected(program.one("Queue", "-first"))


def test_tags_among_others():
    program = record(two_queues)
    program.assert_tagged(program.one("Queue", "-first"), Team="photos")
    with pytest.raises(AssertionError, match="has the tags"):
        program.assert_tagged(program.one("Queue", "-first"), Team="music")
    with pytest.raises(AssertionError, match=r"has the tags \{\}"):
        program.assert_tagged(program.one("Queue", "-second"), Team="photos")


def test_the_guardrails_can_judge_resources_of_a_preview():
    program = run("dev", preview=True)
    policy = program.one("QueuePolicy", "-uploads")
    assert isinstance(policy, Resource)
    assert policy.inputs["policy"] == UNKNOWN
    assert policy.uses(program.one("Queue", "-uploads"), "queueUrl")
    assert program.one("Queue", "-uploads").inputs["visibilityTimeoutSeconds"] == 360
