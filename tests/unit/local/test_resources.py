"""The embedded AWS ignores nothing: an unknown resource type or input is an error."""

import pytest

from local.inputs import Inputs, to_aws
from local.resources import KINDS, Context, create, delete, read
from terminal import Failure
from tests.support.aws_client import aws_client


@pytest.fixture
def attributes():
    """The attributes that SQS was asked to set."""
    return {}


@pytest.fixture
def context(attributes):
    def keep(QueueUrl, Attributes):  # noqa: N803 (boto3's names)
        assert QueueUrl == "https://queue"
        attributes.update(Attributes)
        return {}

    answers = {"create_queue": {"QueueUrl": "https://queue"}, "set_queue_attributes": keep}
    clients = {"s3": aws_client("s3", {}), "sqs": aws_client("sqs", {}, **answers)}
    return Context(
        client=clients.__getitem__,
        endpoint="http://127.0.0.1:1",
        region="us-east-1",
        function_code=lambda _package: b"",
    )


@pytest.mark.parametrize(
    "act",
    [
        lambda context, type_: create(context, type_, "db", {}),
        lambda context, type_: delete(context, type_, "db", {}, {}),
        lambda context, type_: read(context, type_, "db", {}),
    ],
)
def test_an_unknown_type_is_an_error(context, act):
    with pytest.raises(Failure, match=r"does not know aws:rds/instance:Instance \(db"):
        act(context, "aws:rds/instance:Instance")


@pytest.mark.parametrize("type_", ["aws:s3/bucket:Bucket", "aws:sqs/queue:Queue"])
def test_an_unknown_input_is_an_error(context, type_):
    with pytest.raises(Failure, match="sets 'color', which the embedded AWS does not know"):
        create(context, type_, "thing", {"color": "red"})


def test_a_missing_input_is_an_error(context):
    with pytest.raises(Failure, match="has no input 'policy'"):
        create(context, "aws:sqs/queuePolicy:QueuePolicy", "q", {"queueUrl": "q"})


def test_a_value_that_cannot_be_honoured_is_an_error():
    inputs = Inputs("the key", {"enableKeyRotation": False})
    with pytest.raises(Failure, match="knows only True"):
        inputs.expect("enableKeyRotation", value=True)


def test_an_input_that_is_none_counts_as_unset():
    inputs = Inputs("a bucket", {"tags": None})
    inputs.done()
    assert inputs.take("tags", "default") == "default"


def test_names_carry_a_suffix_that_is_the_same_each_time(context):
    first = create(context, "aws:s3/bucket:Bucket", "pipeline-source", {})
    again = create(context, "aws:s3/bucket:Bucket", "pipeline-source", {})
    other = create(context, "aws:s3/bucket:Bucket", "pipeline-destination", {})
    assert first.id == again.id
    assert first.id.startswith("pipeline-source-")
    assert len(first.id) == len("pipeline-source-") + 7
    assert first.id[-7:] != other.id[-7:]


def test_queue_attributes_are_sqs_own(context, attributes):
    values = {"visibilityTimeoutSeconds": 180.0, "sqsManagedSseEnabled": True, "tags": {"a": "b"}}
    create(context, "aws:sqs/queue:Queue", "q", values)
    given = ("VisibilityTimeout", "SqsManagedSseEnabled")
    assert {name: attributes[name] for name in given} == {
        "VisibilityTimeout": "180",
        "SqsManagedSseEnabled": "true",
    }


def test_queue_attributes_that_are_not_given_are_at_their_defaults(context, attributes):
    """Page "CreateQueue" (SQS API reference). A redrive policy may be another resource's."""
    create(context, "aws:sqs/queue:Queue", "q", {})
    assert attributes == {
        "VisibilityTimeout": "30",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
    }


def test_a_queue_has_the_redrive_policy_that_it_is_given(context, attributes):
    create(context, "aws:sqs/queue:Queue", "q", {"redrivePolicy": '{"maxReceiveCount":5}'})
    assert attributes["RedrivePolicy"] == '{"maxReceiveCount":5}'


def translated(service, operation, values):
    return to_aws(
        aws_client(service).meta.service_model.operation_model(operation).input_shape, values
    )


def test_spelling_is_translated_to_awss():
    rules = [{"id": "a", "filter": {"prefix": ""}, "expiration": None}]
    values = {"Bucket": "b", "lifecycleConfiguration": {"rules": rules}}
    assert translated("s3", "PutBucketLifecycleConfiguration", values) == {
        "Bucket": "b",
        "LifecycleConfiguration": {"Rules": [{"ID": "a", "Filter": {"Prefix": ""}}]},
    }


def test_one_value_becomes_the_list_that_takes_one():
    values = {"ownershipControls": {"rule": {"objectOwnership": "ObjectWriter"}}}
    assert translated("s3", "PutBucketOwnershipControls", values) == {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    }


def test_a_list_becomes_the_structure_around_it():
    values = {"serverSideEncryptionConfiguration": {"rules": [{"blockedEncryptionTypes": ["a"]}]}}
    assert translated("s3", "PutBucketEncryption", values) == {
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"BlockedEncryptionTypes": {"EncryptionType": ["a"]}}]
        }
    }


def test_lists_are_counted_where_cloudfront_counts_them():
    methods = {"items": ["GET", "HEAD"], "cachedMethods": ["GET"]}
    config = {"aliases": [], "defaultCacheBehavior": {"allowedMethods": methods}}
    config["restrictions"] = {"geoRestriction": {"restrictionType": "none"}}
    assert translated("cloudfront", "CreateDistribution", {"distributionConfig": config}) == {
        "DistributionConfig": {
            "Aliases": {"Quantity": 0, "Items": []},
            "DefaultCacheBehavior": {
                "AllowedMethods": {
                    "Quantity": 2,
                    "Items": ["GET", "HEAD"],
                    "CachedMethods": {"Quantity": 1, "Items": ["GET"]},
                }
            },
            "Restrictions": {"GeoRestriction": {"Quantity": 0, "RestrictionType": "none"}},
        }
    }


def test_the_keys_of_a_map_are_its_users():
    values = {"environment": {"variables": {"lower": "a", "UPPER": "b"}}}
    assert translated("lambda", "CreateFunction", values) == {
        "Environment": {"Variables": {"lower": "a", "UPPER": "b"}}
    }


@pytest.mark.parametrize(
    "values", [{"color": {"a": 1}}, {"CORSConfiguration": "a"}, {"Bucket": ["a"]}]
)
def test_boto3_is_left_to_refuse_what_aws_does_not_know(values):
    assert translated("s3", "PutBucketCors", values) == values


def test_a_list_that_fits_no_structure_is_left_to_boto3_too():
    values = {"NotificationConfiguration": [{"a": 1}]}
    assert translated("s3", "PutBucketNotificationConfiguration", values) == values


def test_every_kind_has_a_sentence_of_documentation():
    assert [kind for kind in KINDS.values() if not kind.put.__doc__] == []
