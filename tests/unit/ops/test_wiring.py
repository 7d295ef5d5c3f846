"""Findings at the seam of AWS; tests/local/test_ops_doctor.py has them on a stack."""

from ops import wiring
from ops.stack import Stack
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

ARN = "arn:aws:sqs:eu-west-1:123456789012:uploads"
UUID = "0" * 36


def test_a_command_names_the_region_of_the_stack():
    """An operator's default region need not be the stack's."""
    found = [{"UUID": UUID, "EventSourceArn": ARN, "State": "Disabled"}]
    lambda_ = aws_client("lambda", list_event_source_mappings={"EventSourceMappings": found})
    finding = wiring.mapping(Stack(outputs=OUTPUTS, client={"lambda": lambda_}.__getitem__))
    command = f"aws lambda update-event-source-mapping --uuid {UUID} --enabled --region eu-west-1"
    assert finding.fix == f"`{command}`"
