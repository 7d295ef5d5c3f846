"""The doctor's look at the queue of lazy formats and the function that serves it."""

import pytest

from ops.formats import MANY, lazy_formats
from ops.stack import Stack
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/formats"
FORMATS = OUTPUTS | {"formatQueueUrl": QUEUE, "formatFunctionName": "formats"}


def finding(state="Enabled", own_code="a", waiting=0):
    arn = "arn:aws:sqs:eu-west-1:123456789012:formats"
    found = [{"UUID": "0" * 36, "EventSourceArn": arn, "State": state}] if state else []

    def mappings(FunctionName):  # noqa: N803 (boto3's name)
        assert FunctionName == "formats"
        return {"EventSourceMappings": found}

    def configuration(FunctionName):  # noqa: N803 (boto3's name)
        return {"CodeSha256": own_code if FunctionName == "formats" else "a"}

    def attributes(QueueUrl, AttributeNames):  # noqa: N803 (boto3's names)
        assert QueueUrl == QUEUE
        return {"Attributes": dict.fromkeys(AttributeNames, str(waiting))}

    clients = {
        "lambda": aws_client(
            "lambda",
            list_event_source_mappings=mappings,
            get_function_configuration=configuration,
        ),
        "sqs": aws_client("sqs", get_queue_attributes=attributes),
    }
    return lazy_formats(Stack(outputs=FORMATS, client=clients.__getitem__))


def test_a_stack_without_them_is_ok_and_nothing_is_asked():
    found = lazy_formats(Stack(outputs=OUTPUTS, client=lambda _: pytest.fail("it was asked")))
    assert (found.level, found.detail) == ("ok", "the stack has none")


def test_a_queue_that_is_polled_is_ok():
    assert finding().level == "ok"


@pytest.mark.parametrize(
    ("how", "level", "detail"),
    [
        ({"state": ""}, "fail", "readers get another format: the event source is missing"),
        ({"state": "Disabled"}, "fail", "the event source is Disabled"),
        ({"state": "Enabling"}, "warn", "the event source is Enabling"),
        ({"own_code": "b"}, "warn", "its code is not that of the function for new uploads"),
        ({"waiting": MANY + 1}, "warn", "formats wait, and SQS deletes after 4 days"),
    ],
)
def test_what_keeps_formats_from_being_made_is_told(how, level, detail):
    found = finding(**how)
    assert found.level == level
    assert detail in found.detail
