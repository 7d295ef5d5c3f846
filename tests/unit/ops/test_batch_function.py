"""The doctor's look at the function of S3 Batch Operations."""

import pytest

from ops.batch_function import batch_function
from ops.stack import Stack
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:batch"


def finding(reserved, batch_code="a"):
    concurrency = {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def configuration(FunctionName):  # noqa: N803 (boto3's name)
        return {"CodeSha256": batch_code if FunctionName == ARN else "a"}

    lambda_ = aws_client(
        "lambda",
        get_function_concurrency=concurrency,
        get_function_configuration=configuration,
    )
    return batch_function(
        Stack(outputs=OUTPUTS | {"batchFunctionArn": ARN}, client=lambda _: lambda_)
    )


def test_one_that_a_job_can_invoke_is_ok():
    assert (finding(50).level, finding(50).detail) == ("ok", "50 executions are reserved for it")


@pytest.mark.parametrize(
    ("reserved", "code", "detail"),
    [
        (0, "a", "its reserved concurrency is 0, as `ops empty` leaves it"),
        (None, "a", "a job may take what live uploads need"),
        (50, "b", "its code is not that of the function for new uploads"),
    ],
)
def test_one_that_differs_from_what_is_deployed_is_a_warning(reserved, code, detail):
    found = finding(reserved, code)
    assert found.level == "warn"
    assert detail in found.detail
    assert "pulumi up --refresh" in found.fix


def test_a_stack_without_one_is_ok_and_nothing_is_asked():
    found = batch_function(Stack(outputs=OUTPUTS, client=lambda _: pytest.fail("it was asked")))
    assert (found.level, found.detail) == ("ok", "the stack has none (batchOperationsConcurrency)")
