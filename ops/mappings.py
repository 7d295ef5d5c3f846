"""The event source mappings through which Lambda polls the stack's queues for its functions."""

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from function.contract import StackOutput
from ops.stack import Stack, read_or_none
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_lambda.type_defs import EventSourceMappingConfigurationTypeDef

SWITCH_SECONDS: Final = 300
"""Time for a mapping to be enabled or disabled; it usually takes less than a minute."""

POLL_SECONDS: Final = 1.0

GONE: Final = "ResourceNotFoundException"
"""Code that Lambda answers about a function that does not exist."""

FUNCTIONS: Final = {
    StackOutput.QUEUE_URL: StackOutput.FUNCTION_NAME,
    StackOutput.BACKFILL_QUEUE_URL: StackOutput.FUNCTION_NAME,
    StackOutput.FORMAT_QUEUE_URL: StackOutput.FORMAT_FUNCTION_NAME,
}
"""Each queue's output, and the output of the function that it feeds."""

QUEUES: Final = tuple(FUNCTIONS)
"""Outputs of all queues that feed functions."""


def find(stack: Stack, *outputs: StackOutput) -> "list[EventSourceMappingConfigurationTypeDef]":
    """Return the mappings of the stack's functions whose queue is one of these outputs.

    A function that is gone has none.
    """
    there = [output for output in outputs if output in stack.outputs]
    names = [stack.outputs[output].rpartition("/")[2] for output in there]
    functions = dict.fromkeys(stack.outputs[FUNCTIONS[output]] for output in there)
    lambda_ = stack.client("lambda")
    return [
        mapping
        for function in functions
        for mapping in read_or_none(partial(_all_of, lambda_, function), GONE) or []
        if mapping["EventSourceArn"].rpartition(":")[2] in names
    ]


def _all_of(
    lambda_: "LambdaClient", function: str
) -> "list[EventSourceMappingConfigurationTypeDef]":
    pages = lambda_.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    return [mapping for page in pages for mapping in page["EventSourceMappings"]]


def switch(lambda_: "LambdaClient", uuid: str, *, enabled: bool) -> None:
    """Enable or disable a mapping, and wait until it is.

    Lambda refuses to update one that is about to change its state (API reference,
    UpdateEventSourceMapping: ResourceInUseException).

    Raises:
        Failure: Lambda did not do it in time.
    """
    wanted, other = ("Enabled", "Disabled") if enabled else ("Disabled", "Enabled")
    deadline, asked = time.monotonic() + SWITCH_SECONDS, False
    while (state := lambda_.get_event_source_mapping(UUID=uuid)["State"]) != wanted:
        if state == other and not asked:
            # Another backfill may have switched it since; then this one waits for that.
            with suppress(lambda_.exceptions.ResourceInUseException):
                lambda_.update_event_source_mapping(UUID=uuid, Enabled=enabled)
                asked = True
                continue
        if time.monotonic() > deadline:
            raise Failure(
                f"The event source mapping {uuid} is still {state} after {SWITCH_SECONDS} s; "
                "run the same command again."
            )
        time.sleep(POLL_SECONDS)
