import json
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from ops import commands, teardown
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import BACKFILL_OUTPUTS

ARN = "arn:aws:sqs:eu-west-1:123456789012:"
UUIDS = {"0" * 36: "uploads", "1" * 36: "backfill"}


OWN = [{"Key": key, "Value": "x"} for key in ("Project", "Stack", "ManagedBy", "Team")]
TAGS = dict.fromkeys((BACKFILL_OUTPUTS["sourceBucket"], BACKFILL_OUTPUTS["destinationBucket"]), OWN)


@pytest.fixture
def done(monkeypatch):
    """The operations of a teardown in their order, and how long it waits."""
    order = []
    monkeypatch.setattr(teardown.time, "sleep", lambda seconds: order.append(f"wait {seconds} s"))
    return order


QUEUE: Any = {"Tags": {tag["Key"]: tag["Value"] for tag in OWN}}


def stack(done, queue_tags=QUEUE, **answers):
    """A stack whose mappings are disabled as soon as they are asked to be."""
    states = dict.fromkeys(UUIDS, "Enabled")

    def note(name, answer):
        def say(**given):
            done.append(name)
            return answer(given) if callable(answer) else answer

        return say

    def disable(given):
        assert given["Enabled"] is False
        states[given["UUID"]] = "Disabled"
        return {}

    mapped = [{"UUID": uuid, "EventSourceArn": f"{ARN}{queue}"} for uuid, queue in UUIDS.items()]
    clients = {
        "s3": aws_client(
            "s3",
            get_bucket_tagging=lambda Bucket: {"TagSet": TAGS[Bucket]},  # noqa: N803
            get_bucket_policy={"Policy": '{"Statement": []}'},
            put_bucket_policy=note("deny", lambda given: check_policy(given["Policy"])),
        ),
        "sqs": aws_client("sqs", list_queue_tags=queue_tags),
        "sts": aws_client("sts", get_caller_identity={"Arn": "arn:aws:iam::1:user/x"}),
        "lambda": aws_client(
            "lambda",
            **{
                "get_function_configuration": {"Timeout": 30},
                "list_event_source_mappings": lambda **_: {
                    "EventSourceMappings": [m | {"State": states[m["UUID"]]} for m in mapped]
                },
                "get_event_source_mapping": lambda UUID: {"State": states[UUID]},  # noqa: N803
                "update_event_source_mapping": note("disable", disable),
                "put_function_concurrency": note("hold back", {}),
            }
            | answers,
        ),
    }
    outputs = BACKFILL_OUTPUTS | {
        "batchFunctionArn": "arn:aws:lambda:eu-west-1:1:function:batch",
        "viewFunctionName": "views",
    }
    return Stack(outputs=outputs, client=clients.__getitem__)


def check_policy(text):
    (statement,) = json.loads(text)["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:PutObject")
    return {}


def test_uploads_are_refused_before_nothing_is_polled_and_invocations_are_waited_for(done):
    teardown.stop(stack(done))
    assert done == ["deny", "disable", "disable", "hold back", "hold back", "wait 30 s"]


def test_a_first_view_may_take_longer_than_an_upload(done):
    short = stack(done, get_function_configuration={"Timeout": 10})
    teardown.stop(short)
    assert done.pop() == "wait 25 s"
    del short.outputs["viewFunctionName"]
    teardown.stop(short)
    assert done.pop() == "wait 10 s"


def test_the_policy_of_an_adopted_source_stays_as_it_is(done):
    adopting = stack(done)
    adopting.outputs["adoptedBuckets"] = "source"
    assert teardown.own_buckets(adopting) == [BACKFILL_OUTPUTS["destinationBucket"]]
    teardown.stop(adopting)
    assert done == ["disable", "disable", "hold back", "hold back", "wait 30 s"]


def test_the_command_names_the_bucket_that_it_leaves(done, monkeypatch, capsys):
    adopting = stack(done)
    adopting.outputs["adoptedBuckets"] = "destination"
    monkeypatch.setattr(commands, "connected", lambda *_where: nullcontext(adopting))
    monkeypatch.setattr(teardown, "count", lambda _stack, _bucket: 3)
    commands.empty()
    source, destination = adopting.source, adopting.destination
    assert capsys.readouterr().out.splitlines() == [
        f"{destination}: left as it is, because it is not the stack's own",
        f"{source}: 3 versions would be deleted",
        "Nothing was deleted; pass --yes to delete them for good.",
    ]


@pytest.mark.parametrize("missing", ["Project", "Stack", "ManagedBy"])
def test_a_bucket_without_a_stacks_tags_is_not_emptied(done, monkeypatch, missing):
    destination = BACKFILL_OUTPUTS["destinationBucket"]
    kept = [tag for tag in OWN if tag["Key"] != missing]
    monkeypatch.setitem(TAGS, destination, kept)
    assert teardown.own_buckets(stack(done)) == [BACKFILL_OUTPUTS["sourceBucket"]]


def test_a_bucket_of_another_stack_is_not_emptied(done, monkeypatch):
    theirs = [{"Key": tag["Key"], "Value": "other"} for tag in OWN]
    monkeypatch.setitem(TAGS, BACKFILL_OUTPUTS["destinationBucket"], theirs)
    assert teardown.own_buckets(stack(done)) == [BACKFILL_OUTPUTS["sourceBucket"]]


QUEUE_GONE = Refusal("QueueDoesNotExist")
STACKS = {"Project": "shop", "Stack": "dev", "ManagedBy": "pulumi"}


def tagged(**changed):
    return [{"Key": key, "Value": value} for key, value in (STACKS | changed).items()]


@pytest.mark.parametrize("code", ["AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"])
def test_the_stacks_name_tells_its_tags_once_the_queue_is_gone(done, monkeypatch, code):
    named = replace(stack(done, queue_tags=Refusal(code)), name="dev", project="shop")
    for bucket in (named.source, named.destination):
        monkeypatch.setitem(TAGS, bucket, tagged())
    assert len(teardown.own_buckets(named)) == 2


@pytest.mark.parametrize("other", [{"Stack": "prod"}, {"Project": "x"}, {"ManagedBy": "x"}])
def test_a_bucket_of_another_stack_is_not_emptied_once_the_queue_is_gone(done, monkeypatch, other):
    named = replace(stack(done, queue_tags=QUEUE_GONE), name="dev", project="shop")
    monkeypatch.setitem(TAGS, named.source, tagged(**other))
    monkeypatch.setitem(TAGS, named.destination, tagged())
    assert teardown.own_buckets(named) == [named.destination]
    monkeypatch.setitem(TAGS, named.destination, tagged(**other))
    with pytest.raises(Failure, match="are not the stack's own"):
        teardown.own_buckets(named)


@pytest.mark.parametrize("queue_tags", [QUEUE_GONE, {"Tags": {"Team": "x"}}, {}])
def test_outputs_of_a_file_do_not_tell_whose_buckets_they_are(done, queue_tags):
    with pytest.raises(Failure, match="name the stack with --stack"):
        teardown.own_buckets(stack(done, queue_tags=queue_tags))


GONE = Refusal("ResourceNotFoundException", 404)


def test_a_function_that_is_gone_is_not_waited_for(done):
    functions = ("list_event_source_mappings", "get_function_configuration")
    gone = stack(done, **dict.fromkeys((*functions, "put_function_concurrency"), GONE))
    del gone.outputs["viewFunctionName"]
    teardown.stop(gone)
    assert done == ["deny"]


def test_the_functions_that_destroy_has_left_are_stopped_though_others_are_gone(done):
    """Views and jobs would refill the buckets; which ones `pulumi destroy` deletes first varies."""
    teardown.stop(stack(done, get_function_configuration=GONE))
    assert done == ["deny", "disable", "disable", "hold back", "hold back", "wait 25 s"]
    done.clear()
    teardown.stop(stack(done, put_function_concurrency=GONE))
    assert done == ["deny", "disable", "disable", "wait 30 s"]
