"""The clients whose answers a test gives: what AWS does not have, they do not have either."""

import botocore.exceptions
import pytest

from tests.support.aws_client import Refusal, aws_client, paged

GIVEN = {"QueueUrl": "q", "AttributeNames": ["All"]}


def test_an_answer_is_given_or_made_of_the_parameters():
    def url(QueueName):  # noqa: N803 (boto3's name)
        return {"QueueUrl": f"https://{QueueName}"}

    sqs = aws_client("sqs", list_queues={"QueueUrls": ["a"]}, get_queue_url=url)
    assert sqs.list_queues()["QueueUrls"] == ["a"]
    assert sqs.get_queue_url(QueueName="b")["QueueUrl"] == "https://b"


def test_an_operation_without_an_answer_fails_unless_there_is_a_default():
    with pytest.raises(AssertionError, match="a test gives no answer for"):
        aws_client("sqs").get_queue_attributes(**GIVEN)
    answer = aws_client("sqs", {}).get_queue_attributes(**GIVEN)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_an_operation_that_aws_does_not_have_is_no_ones():
    with pytest.raises(AssertionError, match=r"AWS does not have .'get_queues'"):
        aws_client("sqs", get_queues={})


@pytest.mark.parametrize("wrong", [{"Queue": "q"}, {"QueueUrl": 3}, {}])
def test_parameters_that_aws_does_not_take_are_refused(wrong):
    with pytest.raises(botocore.exceptions.ParamValidationError):
        aws_client("sqs", {}).get_queue_attributes(**wrong)


@pytest.mark.parametrize("wrong", [{"Attribute": {}}, {"Attributes": {"a": 1}}])
def test_an_answer_that_aws_does_not_give_fails(wrong):
    with pytest.raises(AssertionError, match="AWS does not answer this"):
        aws_client("sqs", get_queue_attributes=wrong).get_queue_attributes(**GIVEN)


def test_a_refusal_is_the_error_that_boto3_raises():
    kms = aws_client("kms", describe_key=Refusal("NotFoundException"))
    with pytest.raises(kms.exceptions.NotFoundException) as error:
        kms.describe_key(KeyId="k")
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_pages_are_asked_for_one_after_the_other():
    pages = [{"Aliases": [{"AliasName": name}]} for name in "abc"]
    kms = aws_client("kms", list_aliases=paged(pages, answered="NextMarker", Truncated=True))
    assert list(kms.get_paginator("list_aliases").paginate().search("Aliases[].AliasName")) == [
        *"abc"
    ]
