"""The check of the function that makes lazy formats."""

from function.contract import StackOutput
from ops import mappings
from ops.backfill_queue import count
from ops.finding import DEPLOY, Finding, fail, ok, warn
from ops.stack import Stack
from terminal import counted

MANY = 10_000
"""A warning above this many waiting formats, some hours' work for two functions."""


def lazy_formats(stack: Stack) -> Finding:
    """Check that Lambda polls the queue of lazy formats, for a function with the current code."""
    name = "lazy formats"
    if StackOutput.FORMAT_QUEUE_URL not in stack.outputs:
        return ok(name, "the stack has none")
    found = mappings.find(stack, StackOutput.FORMAT_QUEUE_URL)
    state = found[0]["State"] if found else "missing"
    if state in {"Enabling", "Updating"}:
        return warn(name, f"the event source is {state}", "look again in a minute")
    if state != "Enabled":
        detail = f"none is made, and readers get another format: the event source is {state}"
        return fail(name, detail, DEPLOY)
    outputs = (StackOutput.FORMAT_FUNCTION_NAME, StackOutput.FUNCTION_NAME)
    lambda_ = stack.client("lambda")
    functions = (stack.outputs[output] for output in outputs)
    code = {lambda_.get_function_configuration(FunctionName=f)["CodeSha256"] for f in functions}
    if len(code) > 1:
        return warn(name, "its code is not that of the function for new uploads", DEPLOY)
    waiting = count(stack.client("sqs"), stack.outputs[StackOutput.FORMAT_QUEUE_URL])
    if waiting > MANY:
        detail = f"{counted(waiting, 'format')} wait, and SQS deletes after 4 days"
        return warn(name, detail, "raise backfillConcurrency, or wait")
    return ok(name, f"{counted(waiting, 'format')} to be made")
