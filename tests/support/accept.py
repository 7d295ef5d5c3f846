"""A clone as ``bench accept`` sees it, whose queues hold what a test says."""

from collections.abc import Callable
from unittest import mock

from bench.accept.clone import Clone
from bench.accept.drive import OrderResult
from bench.accept.engine import Engine
from bench.accept.live import Live
from bench.cost.prices import load
from ops.stack import Stack
from pipeline.settings import Settings
from tests.support.aws_client import aws_client

PRICES = load("us-east-1")
QUIET = ("0", "0", "0")
"""Messages that wait, that are worked on, and that are delayed."""


def engine(run: Callable[[str], OrderResult]) -> Engine:
    """Return an engine that does nothing; ``run`` answers each order."""
    made = mock.create_autospec(Engine, instance=True)
    made.run.side_effect = run
    return made


def live(messages=None, *, asked=None, prices=PRICES, **settings) -> Live:
    """Return a clone with these settings.

    Args:
        messages: by queue, the counts of each answer to come, the last one for ever.
        asked: a list to which each queue is added that is asked.
        prices: of the region.
        settings: over the defaults.
    """
    messages = messages or {"queue": [QUIET], "dead": [QUIET]}

    def attributes(QueueUrl, AttributeNames):  # noqa: N803 (boto3's names)
        if asked is not None:
            asked.append(QueueUrl)
        counts = messages[QueueUrl]
        found = counts.pop(0) if len(counts) > 1 else counts[0]
        return {"Attributes": dict(zip(AttributeNames, found, strict=True))}

    outputs = {
        "queueUrl": "queue",
        "deadLetterQueueUrl": "dead",
        "uploadEndpoint": "http://in",
        "deliveryUrl": "http://out",
    }
    clients = {"sqs": aws_client("sqs", get_queue_attributes=attributes)}
    return Live(
        clone=Clone(name="dev-accept-000000", content={}),
        settings=Settings(**settings),
        stack=Stack(outputs=outputs, client=clients.__getitem__),
        prices=prices,
    )
