"""Names and attributes of a stack's queues."""

from typing import TYPE_CHECKING

from function.contract import StackOutput
from ops.stack import Stack

if TYPE_CHECKING:
    from types_boto3_sqs.literals import QueueAttributeNameType


def name_of(stack: Stack, output: StackOutput) -> str:
    """Return the name of the queue whose URL is an output."""
    return stack.outputs[output].rsplit("/", 1)[-1]


def attribute(stack: Stack, output: StackOutput, name: "QueueAttributeNameType") -> str:
    """Return an attribute of a queue; empty if it has none."""
    sqs, url = stack.client("sqs"), stack.outputs[output]
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return str(answer.get("Attributes", {}).get(name, ""))
