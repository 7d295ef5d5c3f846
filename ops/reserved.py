"""Checks of the functions with reserved executions: for S3 Batch Operations and first views."""

from dataclasses import dataclass
from typing import Final

from function.contract import StackOutput
from ops.finding import DEPLOY, Finding, ok, warn
from ops.stack import Stack


@dataclass(frozen=True)
class _Reserved:
    """One such function: the name of its check, its output, and the texts of its findings."""

    check: str
    output: StackOutput
    absent: str
    unreserved: str
    held: str


_BATCH: Final = _Reserved(
    "batch function",
    StackOutput.BATCH_FUNCTION_ARN,
    "the stack has none (batchOperationsConcurrency)",
    "nothing is reserved for it, so that a job may take what live uploads need",
    "no job can invoke it",
)
_VIEWS: Final = _Reserved(
    "first views",
    StackOutput.VIEW_FUNCTION_NAME,
    "the stack has no lazy renditions",
    "nothing is reserved for their function, so that views may take what live uploads need",
    "no lazy rendition is made",
)


def batch_function(stack: Stack) -> Finding:
    """Check that the jobs' function has the resizer's code and a reserved concurrency."""
    return _ready(stack, _BATCH)


def first_views(stack: Stack) -> Finding:
    """Check the same of the function for first views."""
    return _ready(stack, _VIEWS)


def _ready(stack: Stack, asked: _Reserved) -> Finding:
    function = stack.outputs.get(asked.output)
    if not function:
        return ok(asked.check, asked.absent)
    lambda_ = stack.client("lambda")
    found = lambda_.get_function_concurrency(FunctionName=function)
    # The type stubs say that it is always there; without a reservation it is missing.
    if "ReservedConcurrentExecutions" not in found:
        return warn(asked.check, asked.unreserved, DEPLOY)
    reserved = found["ReservedConcurrentExecutions"]
    if reserved == 0:
        detail = f"{asked.held}: its reserved concurrency is 0, as `ops empty` leaves it"
        return warn(asked.check, detail, DEPLOY)
    names = (function, stack.outputs[StackOutput.FUNCTION_NAME])
    code = {lambda_.get_function_configuration(FunctionName=n)["CodeSha256"] for n in names}
    if len(code) > 1:
        return warn(asked.check, "its code is not that of the function for new uploads", DEPLOY)
    return ok(asked.check, f"{reserved} executions are reserved for it")
