from types import SimpleNamespace

import pytest

from bench.accept import live as lives
from bench.accept.clone import Clone
from bench.accept.live import Live
from bench.accept.steps import StepFailed
from bench.cost import bill
from local.uploader import Result
from ops.stack import Stack
from pipeline.settings import Settings

PRICES = bill.load("us-east-1")
OUTPUTS = {
    "queueUrl": "queue",
    "deadLetterQueueUrl": "dead",
    "uploadEndpoint": "http://in",
    "deliveryUrl": "http://out",
}


def make(messages=None, prices=PRICES, **settings):
    def attributes(QueueUrl, AttributeNames):  # noqa: N803 (boto3's names)
        assert len(AttributeNames) == 3
        found = messages[QueueUrl].pop(0) if len(messages[QueueUrl]) > 1 else messages[QueueUrl][0]
        return {"Attributes": dict(zip(AttributeNames, found, strict=True))}

    return Live(
        clone=Clone(name="dev-accept-000000", content={}),
        settings=Settings(**settings),
        stack=Stack(
            outputs=OUTPUTS,
            client=lambda _service: SimpleNamespace(get_queue_attributes=attributes),
        ),
        prices=prices,
    )


def result(worked_ms, renditions):
    return Result(
        file="a",
        key="a",
        status="ready",
        error=None,
        ms=1,
        bytes=1,
        renditions=[{}] * renditions,
        worked_ms=worked_ms,
    )


def test_uploads_cost_compute_and_requests():
    usd = make(memory=1024).cost([result(500, 8), result(1500, 4)])
    compute = 2 * 1.0 * 0.0000133334
    requests = 2 * 0.0000002 + (2 + 4) * 0.0000004 + (2 * 2 + 12) * 0.000005 + 2 * 2 * 0.0000004
    assert usd == pytest.approx(compute + requests)
    other = make(memory=2048, architecture="x86_64", timeout=60).cost([result(1000, 8)])
    assert other == pytest.approx(2 * 0.0000166667 + 0.0000002 + 1.2e-6 + 10 * 0.000005 + 8e-7)


def test_without_prices_or_uploads_no_cost_is_told():
    assert make(prices=None).cost([result(500, 8)]) is None
    assert make().cost([]) is None


def test_doors_and_forms():
    assert make().doors == ("http://in", "http://out")
    assert [make(uploads=u).is_presigned for u in ("public", "presigned")] == [False, True]


def test_the_queue_is_waited_for(monkeypatch):
    monkeypatch.setattr(lives.time, "sleep", lambda _seconds: None)
    queue = [("1", "0", "0"), ("0", "1", "0"), ("0", "0", "1"), ("0", "0", "0")]
    make({"queue": queue, "dead": [("0", "0", "0")]}).check_queues()
    assert len(queue) == 1


@pytest.mark.parametrize("dead", [("2", "0", "0"), ("1", "1", "0"), ("0", "0", "2")])
def test_a_dead_letter_fails(dead):
    with pytest.raises(StepFailed, match="The dead-letter queue holds 2 messages"):
        make({"queue": [("0", "0", "0")], "dead": [dead]}).check_queues()


def test_a_queue_that_does_not_empty_fails(monkeypatch):
    monkeypatch.setattr(lives, "DRAIN_SECONDS", 0.1)
    with pytest.raises(StepFailed, match=r"3 messages are in the queue after 0\.1 s"):
        make({"queue": [("1", "2", "0")], "dead": [("0", "0", "0")]}).check_queues()
