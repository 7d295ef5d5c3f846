"""A message for which an invocation has no time left, all the way through SQS and back."""

import json

import pytest

from function.contract.keys import manifest_key
from local.http import quote, request
from tests.local.defaults import DEFAULTS
from tests.support.slow_aws import SECONDS
from tests.support.waiting import wait_until

SETTINGS = DEFAULTS | {
    "image-pipeline:memory": 512,
    "image-pipeline:timeout": 12,
    "image-pipeline:batchSize": 3,
}
"""After one upload of ``SECONDS``, too little is left for another one as slow."""

NAMES = ("a.jpg", "b.jpg", "c.jpg")

ROUNDS = 3
"""A poll may find the first of two postponed messages before the second is sent."""


@pytest.fixture
def slow(served, tmp_path):
    with served(tmp_path, SETTINGS, app="tests.support.slow_aws") as server:
        yield server


def test_a_postponed_message_comes_back_as_a_new_one_and_is_processed(slow, photo):
    postponed = []
    for number in range(ROUNDS):
        names = [f"{number}/{name}" for name in NAMES]
        before, postponed = len(postponed), process(slow, names, photo)
        # Two are postponed for the first, and one of them again for the other one: the attribute
        # has arrived with the new message, which has another id.
        counts = sorted(line["postponements"] for line in postponed[before:])
        assert counts in ([0, 0], [0, 0, 1])
        if counts[-1] == 1:
            break
    assert counts[-1] == 1
    assert len({line["message_id"] for line in postponed}) == len(postponed)
    dead = slow.client("sqs").get_queue_attributes(
        QueueUrl=slow.outputs["deadLetterQueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert dead["Attributes"]["ApproximateNumberOfMessages"] == "0"


def process(slow, names, photo) -> list[dict]:
    """Upload in one batch; return the log's lines of postponed messages once all are ready."""
    lambda_, function = slow.client("lambda"), slow.outputs["functionName"]
    ready = len(logged(slow, "ready"))
    body = photo("p.jpg", (64, 48)).read_bytes()
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    for name in names:
        url = f"{slow.outputs['uploadEndpoint']}/{quote(f'uploads/{name}')}"
        assert request("PUT", url, body)[0] == 200
    # One environment, and all three in one batch.
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)
    # With one environment, the log of the last upload comes after that of every invocation before.
    wait_until(lambda: len(logged(slow, "ready")) == ready + len(names), 20 * SECONDS)
    assert all(is_ready(slow, name) for name in names)
    return logged(slow, "postponed")


def is_ready(server, name: str) -> bool:
    url = f"{server.outputs['deliveryUrl']}/{manifest_key(name)}"
    return request("GET", url)[0] == 200


def logged(server, message: str) -> list[dict]:
    """Return the lines of the function's log with a message."""
    events = server.client("logs").filter_log_events(logGroupName=server.outputs["logGroup"])
    lines = [event["message"] for event in events["events"]]
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in found if line["message"] == message]
