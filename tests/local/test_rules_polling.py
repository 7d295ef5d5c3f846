"""Event source mappings of AWS Lambda for a queue of Amazon SQS, tried over HTTP."""

import json

import pytest

from tests.local.calling import function_role, zipped

NAME = "rules-polling"
ACTIONS = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]


def document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def queue(bare):
    """A queue, and a function that runs for at most 30 seconds."""
    sqs = bare.client("sqs")
    url = sqs.create_queue(QueueName=NAME)["QueueUrl"]
    bare.client("lambda").create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Handler="code.handle",
        Role=function_role(bare, NAME),
        Timeout=30,
        Code={"ZipFile": zipped("def handle(event, context): ...")},
    )
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


@pytest.fixture
def refusal(bare, queue):
    """Subscribe the function, and return why Lambda refuses to."""
    lambda_, (url, arn) = bare.client("lambda"), queue

    def subscribe(visibility, actions):
        statement = {"Effect": "Allow", "Action": actions, "Resource": arn}
        bare.client("iam").put_role_policy(
            RoleName=NAME, PolicyName="poll", PolicyDocument=document(statement)
        )
        bare.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"VisibilityTimeout": str(visibility)}
        )
        try:
            made = lambda_.create_event_source_mapping(EventSourceArn=arn, FunctionName=NAME)
        except lambda_.exceptions.InvalidParameterValueException as error:
            return error.response["Error"]["Message"]
        lambda_.delete_event_source_mapping(UUID=made["UUID"])
        return ""

    return subscribe


def test_a_queue_hides_a_message_as_long_as_the_function_runs(refusal):
    """Page "Creating and configuring an Amazon SQS event source mapping" (Lambda guide)."""
    assert refusal(29, ACTIONS) == (
        "Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds"
    )
    assert not refusal(30, ACTIONS)


@pytest.fixture
def mapping(bare, queue):
    """A mapping without any scaling, and how to make and change one."""
    lambda_, (url, arn) = bare.client("lambda"), queue
    statement = {"Effect": "Allow", "Action": ACTIONS, "Resource": arn}
    bare.client("iam").put_role_policy(
        RoleName=NAME, PolicyName="poll", PolicyDocument=document(statement)
    )
    attributes = {"VisibilityTimeout": "30"}
    bare.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    made = []

    def create(**scaling):
        given = {"EventSourceArn": arn, "FunctionName": NAME, **scaling}
        made.append(lambda_.create_event_source_mapping(**given))
        return made[-1]

    yield create
    for mapping in made:
        lambda_.delete_event_source_mapping(UUID=mapping["UUID"])


CEILING = {"MaximumConcurrency": 2}
POLLERS = {"MinimumPollers": 2, "MaximumPollers": 2000}


def test_provisioned_pollers_and_maximum_concurrency_exclude_each_other(bare, mapping):
    """Page "Configuring scaling behavior for SQS event source mappings" (Lambda guide)."""
    lambda_ = bare.client("lambda")
    refused = lambda_.exceptions.InvalidParameterValueException
    with pytest.raises(refused, match="mutually exclusive"):
        mapping(ScalingConfig=CEILING, ProvisionedPollerConfig=POLLERS)
    for one, other in (
        ({"ScalingConfig": CEILING}, {"ProvisionedPollerConfig": POLLERS}),
        ({"ProvisionedPollerConfig": POLLERS}, {"ScalingConfig": CEILING}),
    ):
        uuid = mapping(**one)["UUID"]
        with pytest.raises(refused, match="mutually exclusive"):
            lambda_.update_event_source_mapping(UUID=uuid, **other)
        removed = {key: {} for key in one}
        lambda_.update_event_source_mapping(UUID=uuid, **removed, **other)
        (name, value), (gone,) = next(iter(other.items())), one
        found = lambda_.get_event_source_mapping(UUID=uuid)
        assert found[name] == value
        assert not found.get(gone)


@pytest.mark.parametrize(
    ("least", "most"), [(1, 9), (201, 300), (2, 1), (2, 2001), (9, 8)], ids=str
)
def test_pollers_of_a_queue_are_two_and_more(bare, mapping, least, most):
    """Page "Lambda parameters for Amazon SQS event source mappings" (Lambda guide)."""
    lambda_ = bare.client("lambda")
    given = {"MinimumPollers": least, "MaximumPollers": most}
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException, match="Pollers must"):
        mapping(ProvisionedPollerConfig=given)
    mapping(ProvisionedPollerConfig={"MinimumPollers": 200, "MaximumPollers": 200})


@pytest.mark.parametrize(("size", "seconds"), [(11, 0), (10_001, 1), (10, 301)], ids=str)
def test_batches_above_ten_take_a_window(bare, mapping, size, seconds):
    """Page "CreateEventSourceMapping" (AWS Lambda API reference)."""
    lambda_ = bare.client("lambda")
    refused = lambda_.exceptions.InvalidParameterValueException
    given = {"BatchSize": size, "MaximumBatchingWindowInSeconds": seconds}
    with pytest.raises(refused, match="must be"):
        mapping(**given)
    uuid = mapping(BatchSize=10_000, MaximumBatchingWindowInSeconds=300)["UUID"]
    with pytest.raises(refused, match="must be"):
        lambda_.update_event_source_mapping(UUID=uuid, **given)


@pytest.mark.parametrize("missing", ACTIONS)
def test_the_functions_role_may_poll_the_queue(refusal, missing):
    """Page "Creating and configuring an Amazon SQS event source mapping" (Lambda guide)."""
    assert refusal(30, [action for action in ACTIONS if action != missing]) == (
        "The function execution role does not have permissions to call "
        f"{missing.removeprefix('sqs:')} on SQS"
    )
