import re

import pytest

from bench.aws import clone as clones
from bench.aws.clone import Clone
from ops.stack import Stack
from terminal import Misuse
from tests.support.aws_client import Refusal, aws_client

STACK = Stack(outputs={}, client=lambda _name: None)
LONG = "image-pipeline-a-stack-with-quite-a-name-resizer-1a2b3c4"


@pytest.mark.parametrize("function", ["image-pipeline-dev-resizer-1a2b3c4", LONG, "A_Function.x"])
def test_each_name_is_one_that_aws_takes(function):
    made = Clone.new(STACK, function)
    for bucket in (made.source, made.destination):
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", bucket)
    names = [made.role, *map(made.function, clones.ARCHITECTURES)]
    assert all(re.fullmatch(r"[\w-]{1,64}", name) for name in names)
    assert len(set(names)) == 3
    assert Clone.named(STACK, made.name) == made


@pytest.mark.parametrize("name", ["image-pipeline-dev-resizer-1a2b3c4", "x-bench-12345", "", "*"])
def test_what_is_no_clone_is_never_removed(name):
    with pytest.raises(Misuse, match="no clone"):
        Clone.named(STACK, name)


def test_two_clones_have_different_names():
    assert Clone.new(STACK, "f") != Clone.new(STACK, "f")


def test_clones_that_were_left_are_found_by_their_buckets():
    names = ["f-bench-123456-in", "f-bench-123456-out", "f-bench-abcdef-in", "g-bench-123456-in"]
    names += ["f-bench-12345-in", "f", "x-f-bench-123456-in", "f-bench-123456-in-2"]
    s3 = aws_client("s3", list_buckets={"Buckets": [{"Name": name} for name in names]})
    stack = Stack(outputs={}, client=lambda _name: s3)
    assert clones.leftovers(stack, "f") == ["f-bench-123456", "f-bench-abcdef"]


NAME = "f-bench-123456"
OWN = [{"Key": clones.TAG, "Value": NAME}]
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:f"


def removal(**answers):
    """Remove a clone of which nothing is there, except what is given."""
    gone = {
        "lambda": {
            "get_function_configuration": Refusal("ResourceNotFoundException", 404),
            "list_tags": Refusal("ResourceNotFoundException", 404),
            "delete_function": Refusal("ResourceNotFoundException", 404),
        },
        "logs": {
            "describe_log_groups": {"logGroups": []},
            "list_tags_for_resource": Refusal("ResourceNotFoundException", 404),
            "delete_log_group": Refusal("ResourceNotFoundException", 404),
        },
        "iam": {
            "list_role_tags": Refusal("NoSuchEntity", 404),
            "delete_role": Refusal("NoSuchEntity", 404),
            "delete_role_policy": Refusal("NoSuchEntity", 404),
        },
        "s3": {
            "get_bucket_tagging": Refusal("NoSuchBucket", 404),
            "list_object_versions": Refusal("NoSuchBucket", 404),
            "delete_bucket": Refusal("NoSuchBucket", 404),
        },
    }
    clients = {
        service: aws_client(
            service, **{name: answers.get(name, default) for name, default in known.items()}
        )
        for service, known in gone.items()
    }
    stack = Stack(outputs={}, client=clients.__getitem__)
    return Clone(stack=stack, name=NAME).remove()


def test_of_a_clone_that_is_gone_nothing_is_removed():
    found = removal()
    assert (found.removed, found.left) == ([], [])


def test_what_is_left_keeps_nothing_else_from_removal():
    found = removal(
        list_role_tags={"Tags": OWN},
        delete_role=Refusal("AccessDenied", 403),
        get_bucket_tagging={"TagSet": OWN},
        delete_bucket={},
    )
    assert found.removed == ["bucket f-bench-123456-out", "bucket f-bench-123456-in"]
    assert len(found.left) == 1
    assert found.left[0].startswith("The role f-bench-123456 is left: ")
    assert "AccessDenied" in found.left[0]


def log_groups(logGroupNamePrefix):  # noqa: N803 (boto3's name)
    names = [logGroupNamePrefix + more for more in ("-2", "")]
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:"
    return {"logGroups": [{"logGroupName": name, "arn": f"{arn}{name}:*"} for name in names]}


THERE = {
    "get_function_configuration": {"FunctionArn": ARN},
    "describe_log_groups": log_groups,
    "delete_function": {},
    "delete_log_group": {},
    "delete_role": {},
    "delete_role_policy": {},
}


def test_all_that_has_the_clone_s_tag_is_removed():
    asked = []

    def tags_of_group(resourceArn):  # noqa: N803 (boto3's name)
        asked.append(resourceArn)
        return {"tags": {"Clone": NAME}}

    found = removal(
        **THERE,
        list_tags={"Tags": {"Clone": NAME}},
        list_tags_for_resource=tags_of_group,
        list_role_tags={"Tags": OWN},
    )
    assert [what.split()[0] for what in found.removed] == [
        *("function", "log", "function", "log", "policy", "role"),
    ]
    assert found.left == []
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/f-bench-123456"
    assert asked == [f"{group}-x86-64", f"{group}-arm64"]


@pytest.mark.parametrize("tags", [{}, {"Clone": "f-bench-654321"}, {"Name": NAME}])
def test_what_has_no_tag_of_the_clone_is_not_removed(tags):
    """Someone else's function or role may have such a name, too."""

    def refuse(**given):
        raise AssertionError(f"someone else's would be deleted: {given}")

    deletions = {name: refuse for name in THERE if name.startswith("delete_")}
    found = removal(
        **THERE | deletions,
        list_tags={"Tags": tags},
        list_tags_for_resource={"tags": tags},
        list_role_tags={"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]},
    )
    assert found.removed == []
    assert len(found.left) == 6
    assert all("it has no tag Clone=f-bench-123456" in sentence for sentence in found.left)


@pytest.mark.parametrize(
    "tags",
    [
        Refusal("NoSuchTagSet", 404),
        {"TagSet": [{"Key": "Clone", "Value": "f-bench-654321"}]},
        {"TagSet": [{"Key": "Name", "Value": "f-bench-123456"}]},
    ],
)
def test_a_bucket_that_no_clone_is_known_to_have_made_is_not_emptied(tags):
    def versions(**_given):
        raise AssertionError("the bucket of someone else would be emptied")

    found = removal(
        get_bucket_tagging=tags,
        list_object_versions=versions,
        delete_bucket=Refusal("BucketNotEmpty", 409),
    )
    assert found.removed == []
    assert [sentence.count("BucketNotEmpty") for sentence in found.left] == [1, 1]
