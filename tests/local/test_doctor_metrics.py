"""The doctor's findings by metrics, on a separate stack, because metrics count for a day."""

import json
import re

import pytest

from function.contract import Metric, StackOutput
from function.metrics import embed
from ops import engine, mappings, wiring
from ops.stack import connect
from tests.soak.hostile import slow_qoi
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def own(deployed, tmp_path_factory):
    with deployed(tmp_path_factory.mktemp("metrics"), {}) as aws:
        yield aws


@pytest.fixture
def stack(own, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(own.server.folder))
    return connect("local")


def test_an_upload_that_waits_is_told_with_its_age(own, stack):
    assert "no age" in wiring.oldest_upload(stack).detail
    sqs, lambda_, url = own.client("sqs"), own.client("lambda"), own.outputs["queueUrl"]
    before = own.queue_attributes()["VisibilityTimeout"]
    (mapping,) = mappings.find(stack, StackOutput.QUEUE_URL)
    mappings.switch(lambda_, mapping["UUID"], enabled=False)
    try:
        sqs.send_message(QueueUrl=url, MessageBody='{"Event": "s3:TestEvent"}')
        finding = wiring.oldest_upload(stack)
        assert (finding.level, finding.detail[:11]) == ("ok", "waited for ")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
        wait_until(lambda: wiring.oldest_upload(stack).level == "warn")
    finally:
        sqs.purge_queue(QueueUrl=url)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": before})
        mappings.switch(lambda_, mapping["UUID"], enabled=True)


def test_an_upload_that_its_budget_stopped_is_told(own, stack, tmp_path):
    assert "0 uploads stopped by their budget, 0 workers replaced" in engine.workers(stack).detail
    bomb = tmp_path / "bomb.qoi"
    # 50 s of CPU for the 9 s that an upload has: on a faster machine it is too much, too.
    bomb.write_bytes(slow_qoi(4000))
    own.upload(bomb, "uploads/bomb.qoi")
    assert own.manifest("uploads/bomb.qoi")["error"]["code"] == "too_complex"
    wait_until(lambda: "1 upload stopped" in engine.workers(stack).detail)
    found = re.fullmatch(
        r"in 24 h 1 upload stopped by their budget, (\d+) workers? replaced",
        engine.workers(stack).detail,
    )
    assert found
    assert int(found[1]) >= 1


def test_a_fault_of_a_decoder_is_told(own, stack):
    """By a line as the function logs it; which file crashes a decoder of today, nobody knows."""
    logs, group = own.client("logs"), own.outputs["logGroup"]
    logs.create_log_stream(logGroupName=group, logStreamName="by-hand")
    fields = embed(own.outputs["functionName"], {Metric.FAILED: 1, Metric.DECODER_BUGS: 1})
    event = {"timestamp": fields["_aws"]["Timestamp"], "message": json.dumps(fields)}
    logs.put_log_events(logGroupName=group, logStreamName="by-hand", logEvents=[event])
    finding = engine.workers(stack)
    assert (finding.level, "1 fault of decoders" in finding.detail) == ("warn", True)


def test_an_invocation_that_ends_in_an_error_is_told(own, stack):
    assert engine.unanswered(stack).level == "ok"
    name = own.outputs["functionName"]
    answer = own.client("lambda").invoke(FunctionName=name, Payload=b'{"Records": 1}')
    assert answer["FunctionError"]
    assert engine.unanswered(stack).detail == "in 24 h 1 invocation ended without an answer"
