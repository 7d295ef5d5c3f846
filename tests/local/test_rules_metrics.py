"""Metrics in logs, and metrics that Lambda and SQS publish."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import botocore.exceptions
import pytest
from botocore.config import Config

from tests.local.calling import function_role, zipped
from tests.support.waiting import wait_until

CODE = """
import json, time

def handle(event, context):
    directive = {"Namespace": "Own", "Dimensions": [["FunctionName"]], "Metrics": [{"Name": "N"}]}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": metadata, "FunctionName": context.function_name, "N": 5}))
    if "Records" in event:
        raise ValueError("broken")
"""


def line(namespace, **changes):
    directive = {
        "Namespace": namespace,
        "Dimensions": [["Name"], ["Name", "Code"]],
        "Metrics": [{"Name": "Size", "Unit": "Bytes"}],
    }
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, "Name": "f", "Code": "c", "Size": 7} | changes)


def period():
    now = datetime.now(UTC)
    return {"StartTime": now - timedelta(days=1), "EndTime": now + timedelta(seconds=1)}


def total(bare, namespace, metric, statistic="Sum", /, **dimensions):
    """The sum of a metric's values of the last day."""
    points = bare.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        Period=86_400,
        Statistics=[statistic],
        **period(),
    )["Datapoints"]
    return sum(point[statistic] for point in points)


@pytest.fixture
def function(bare):
    iam, lambda_, name = bare.client("iam"), bare.client("lambda"), f"metrics-{uuid.uuid4().hex}"
    role = function_role(bare, name)
    statement = {"Effect": "Allow", "Action": ["logs:*", "sqs:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="logs", PolicyDocument=document)
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="code.handle",
        Code={"ZipFile": zipped(CODE)},
    )
    yield name
    lambda_.delete_function(FunctionName=name)


def counts(bare, function):
    names = ("Invocations", "Errors", "Throttles")
    return [total(bare, "AWS/Lambda", name, FunctionName=function) for name in names]


def test_a_line_of_a_log_becomes_metrics(bare):
    """Pages "Specification: Embedded metric format", and "Using the PutLogEvents API to send
    manually-created embedded metric format logs" (CloudWatch user guide): no header is needed."""
    logs, group = bare.client("logs"), uuid.uuid4().hex
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    messages = ["plain", line(group, Size="7"), line(group, Size=[7, 8]), line(group, Code="d")]
    events = [{"timestamp": now, "message": message} for message in messages]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    assert total(bare, group, "Size", Name="f") == 22
    assert total(bare, group, "Size", "SampleCount", Name="f") == 3
    assert total(bare, group, "Size", Name="f", Code="c") == 15
    assert total(bare, group, "Size", Name="f", Code="d") == 7
    assert total(bare, group, "Size", Name="g") == 0
    assert len(logs.filter_log_events(logGroupName=group)["events"]) == len(messages)
    dimensions = [{"Name": "Name", "Value": "f"}]
    metric = {"Namespace": group, "MetricName": "Size", "Dimensions": dimensions}
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Maximum"}}
    (found,) = bare.client("cloudwatch").get_metric_data(MetricDataQueries=[query], **period())[
        "MetricDataResults"
    ]
    assert max(found["Values"]) == 8


def test_what_a_function_prints_becomes_metrics(bare, function):
    for _ in range(2):
        bare.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    assert total(bare, "Own", "N", FunctionName=function) == 10


def test_an_invocation_counts_once_and_an_error_is_one(bare, function):
    """Page "Types of metrics for Lambda functions" (Lambda developer guide)."""
    bare.client("lambda").invoke(FunctionName=function, Payload=b"{}")
    assert counts(bare, function) == [1, 0, 0]
    bare.client("lambda").invoke(FunctionName=function, Payload=b'{"Records": []}')
    assert counts(bare, function) == [2, 1, 0]
    assert total(bare, "AWS/Lambda", "Duration", "SampleCount", FunctionName=function) == 2


def test_a_throttled_request_is_no_invocation(bare, function):
    lambda_ = bare.client("lambda", config=Config(retries={"total_max_attempts": 1}))
    lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(botocore.exceptions.ClientError, match="TooManyRequests"):
        lambda_.invoke(FunctionName=function, Payload=b"{}")
    assert counts(bare, function) == [0, 0, 1]


def test_errors_of_a_mapping_count_and_so_does_the_age_of_what_waits(bare, function):
    """Pages "Types of metrics for Lambda functions", and "Available CloudWatch metrics for Amazon
    SQS" (SQS developer guide): an age is there while the queue has messages."""
    sqs, lambda_ = bare.client("sqs"), bare.client("lambda")
    url = sqs.create_queue(QueueName=function)["QueueUrl"]
    age = ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum")
    assert total(bare, *age, QueueName=function) == 0
    sqs.send_message(QueueUrl=url, MessageBody="x")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    mapping = lambda_.create_event_source_mapping(
        FunctionName=function, EventSourceArn=attributes["QueueArn"]
    )
    try:
        wait_until(lambda: counts(bare, function) == [1, 1, 0])
    finally:
        lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    assert 0 < total(bare, *age, QueueName=function) < 60
    assert total(bare, "Own", "N", FunctionName=function) == 5
