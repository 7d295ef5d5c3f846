"""The doctor's look at the functions of S3 Batch Operations and of first views."""

import pytest

from ops.reserved import batch_function, first_views
from ops.stack import Stack
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:batch"


BOTH = {"batchFunctionArn": batch_function, "viewFunctionName": first_views}


def finding(output, reserved, own_code="a"):
    concurrency = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def configuration(FunctionName):  # noqa: N803 (boto3's name)
        return {"CodeSha256": own_code if FunctionName == ARN else "a"}

    lambda_ = aws_client(
        "lambda",
        get_function_concurrency=concurrency,
        get_function_configuration=configuration,
    )
    return BOTH[output](Stack(outputs=OUTPUTS | {output: ARN}, client=lambda _: lambda_))


@pytest.mark.parametrize("output", BOTH)
def test_one_that_can_be_invoked_is_ok(output):
    found = finding(output, 50)
    assert (found.level, found.detail) == ("ok", "50 executions are reserved for it")


@pytest.mark.parametrize("output", BOTH)
@pytest.mark.parametrize(
    ("reserved", "code", "detail"),
    [
        (0, "a", "its reserved concurrency is 0, as `ops empty` leaves it"),
        (None, "a", "may take what live uploads need"),
        (50, "b", "its code is not that of the function for new uploads"),
    ],
)
def test_one_that_differs_from_what_is_deployed_is_a_warning(output, reserved, code, detail):
    found = finding(output, reserved, code)
    assert found.level == "warn"
    assert detail in found.detail
    assert "pulumi up --refresh" in found.fix


@pytest.mark.parametrize(
    ("check", "detail"),
    [
        (batch_function, "the stack has none (batchOperationsConcurrency)"),
        (first_views, "the stack has no lazy renditions"),
    ],
)
def test_a_stack_without_one_is_ok_and_nothing_is_asked(check, detail):
    found = check(Stack(outputs=OUTPUTS, client=lambda _: pytest.fail("it was asked")))
    assert (found.level, found.detail) == ("ok", detail)
