"""Event source mappings are found by their queue, and switched as Lambda lets them be."""

import pytest

from function.contract import StackOutput
from ops import mappings
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import Refusal, aws_client, paged
from tests.support.lambda_mapping import LambdaMapping
from tests.support.ops import BACKFILL_OUTPUTS, OUTPUTS


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(mappings, "POLL_SECONDS", 0)


def mapping(queue: str) -> dict[str, str]:
    arn = f"arn:aws:sqs:eu-west-1:123456789012:{queue}"
    return {"UUID": f"{queue:_<36}", "EventSourceArn": arn}


PAGES = [
    {"EventSourceMappings": [mapping("more-uploads")]},
    {"EventSourceMappings": [mapping("uploads"), mapping("backfill")]},
]


@pytest.mark.parametrize(
    ("outputs", "asked", "found"),
    [
        (BACKFILL_OUTPUTS, mappings.QUEUES, ["uploads", "backfill"]),
        (BACKFILL_OUTPUTS, [StackOutput.BACKFILL_QUEUE_URL], ["backfill"]),
        (OUTPUTS, mappings.QUEUES, ["uploads"]),  # of a release without a queue of backfills
    ],
)
def test_a_mapping_is_found_by_its_queue(outputs, asked, found):
    pages = paged(PAGES, answered="NextMarker")
    client = aws_client("lambda", list_event_source_mappings=pages)
    stack = Stack(outputs=outputs, client=lambda service: client)
    assert mappings.find(stack, *asked) == [mapping(queue) for queue in found]


def test_each_queue_has_the_mapping_of_its_own_function():
    served = {"resizer": ["uploads", "backfill"], "formats": ["formats"]}
    client = aws_client(
        "lambda",
        list_event_source_mappings=lambda FunctionName: {  # noqa: N803 (boto3's name)
            "EventSourceMappings": [mapping(queue) for queue in served[FunctionName]]
        },
    )
    outputs = BACKFILL_OUTPUTS | {"functionName": "resizer", "formatFunctionName": "formats"}
    outputs |= {"formatQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/formats"}
    stack = Stack(outputs=outputs, client=lambda service: client)
    found = mappings.find(stack, *mappings.QUEUES)
    assert found == [mapping(queue) for queue in ("uploads", "backfill", "formats")]
    assert mappings.find(stack, StackOutput.FORMAT_QUEUE_URL) == [mapping("formats")]


def test_a_function_that_is_gone_does_not_hide_the_mappings_of_another():
    client = aws_client(
        "lambda",
        list_event_source_mappings=lambda FunctionName: (  # noqa: N803 (boto3's name)
            {"EventSourceMappings": [mapping("uploads")]}
            if FunctionName == "resizer"
            else Refusal("ResourceNotFoundException", 404)
        ),
    )
    outputs = OUTPUTS | {"functionName": "resizer", "formatFunctionName": "formats"}
    outputs |= {"formatQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/formats"}
    stack = Stack(outputs=outputs, client=lambda service: client)
    assert mappings.find(stack, *mappings.QUEUES) == [mapping("uploads")]


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("before", ["Enabled", "Disabled", "Enabling", "Disabling", "Updating"])
def test_a_mapping_is_switched_once_it_is_stable_and_only_if_it_has_to_be(before, enabled):
    """One in transition refuses an update (UpdateEventSourceMapping: ResourceInUseException)."""
    live = LambdaMapping(before)
    mappings.switch(live.client, live.uuid, enabled=enabled)
    assert live.state == ("Enabled" if enabled else "Disabled")
    was = live.settles_to(before)
    assert live.updates == ([] if was is enabled else [enabled])


class Raced(LambdaMapping):
    """A mapping that another backfill switches in the moment before each update."""

    def update(self, UUID, Enabled):  # noqa: N803 (boto3's names)
        super().update(UUID, Enabled)
        return super().update(UUID, Enabled)


@pytest.mark.parametrize("enabled", [True, False])
def test_a_mapping_that_another_backfill_switches_at_the_same_moment_is_waited_for(enabled):
    live = Raced("Disabled" if enabled else "Enabled")
    mappings.switch(live.client, live.uuid, enabled=enabled)
    assert live.state == ("Enabled" if enabled else "Disabled")
    assert live.updates == [enabled]


def test_a_mapping_that_is_never_enabled_is_one_sentence(monkeypatch):
    monkeypatch.setattr(mappings, "SWITCH_SECONDS", 0)
    live = LambdaMapping("Disabled", steps=10_000)
    with pytest.raises(Failure, match=r"example is still Enabling after 0 s; run the same"):
        mappings.switch(live.client, live.uuid, enabled=True)
    assert live.updates == [True]
