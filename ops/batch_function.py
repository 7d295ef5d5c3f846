"""Checks of the function that jobs of S3 Batch Operations invoke."""

from typing import Final

from function.contract import StackOutput
from ops.finding import DEPLOY, Finding, ok, warn
from ops.stack import Stack

NAME: Final = "batch function"


def batch_function(stack: Stack) -> Finding:
    """A job finds its function ready: with the resizer's code, and invocations kept for it."""
    arn = stack.outputs.get(StackOutput.BATCH_FUNCTION_ARN)
    if not arn:
        return ok(NAME, "the stack has none (batchOperationsConcurrency)")
    lambda_ = stack.client("lambda")
    found = lambda_.get_function_concurrency(FunctionName=arn)
    # The stubs say that it is always there; without a reservation it is not.
    if "ReservedConcurrentExecutions" not in found:
        detail = "nothing is reserved for it, so that a job may take what live uploads need"
        return warn(NAME, detail, DEPLOY)
    reserved = found["ReservedConcurrentExecutions"]
    if reserved == 0:
        detail = "no job can invoke it: its reserved concurrency is 0, as `ops empty` leaves it"
        return warn(NAME, detail, DEPLOY)
    names = (arn, stack.outputs[StackOutput.FUNCTION_NAME])
    code = {lambda_.get_function_configuration(FunctionName=n)["CodeSha256"] for n in names}
    if len(code) > 1:
        return warn(NAME, "its code is not that of the function for new uploads", DEPLOY)
    return ok(NAME, f"{reserved} executions are reserved for it")
