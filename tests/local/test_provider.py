"""The engine's provider over the embedded AWS, called as the engine calls it: by gRPC."""

import subprocess
import sys
import uuid
from importlib.metadata import version

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as messages
from pulumi.runtime.proto import provider_pb2_grpc

from local.program import ROOT
from local.resources.kind import ACCOUNT_ID
from local.server import ROOT_KEY

QUEUE = "urn:pulumi:dev::image-pipeline::image-pipeline:index:Pipeline$aws:sqs/queue:Queue::jobs"
BUCKET = "urn:pulumi:dev::image-pipeline::aws:s3/bucket:Bucket::photos"
OBJECT = "urn:pulumi:dev::image-pipeline::aws:s3/bucketObjectv2:BucketObjectv2::page"
ASSET = {
    "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
    "hash": "1",
    "path": "/here/page.html",
}
DiffResponse = messages.DiffResponse


@pytest.fixture(scope="module")
def bare_provider():
    """The process that the engine starts, before it is configured."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local.provider"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    with process, grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
        process.kill()


@pytest.fixture(scope="module")
def provider(bare_provider, bare):
    endpoints = f'[{{"s3":"{bare.endpoint}","sqs":"{bare.endpoint}"}}]'
    given = {"endpoints": endpoints, "accessKey": ROOT_KEY, "secretKey": ROOT_KEY}
    answer = bare_provider.Configure(messages.ConfigureRequest(args=struct(**given)))
    assert answer.supportsPreview
    return bare_provider


def struct(**values):
    made = struct_pb2.Struct()
    made.update(values)
    return made


def plain(properties):
    return json_format.MessageToDict(properties)


def refusal(call, request):
    with pytest.raises(grpc.RpcError) as refused:
        call(request)
    return refused.value.details()


def check(provider, urn=BUCKET, olds=None, seed=b"\xab\xcd\xef\x01", **news):
    request = messages.CheckRequest(
        urn=urn, olds=struct(**(olds or {})), news=struct(**news), randomSeed=seed
    )
    return plain(provider.Check(request).inputs)


def diff(provider, before, after, urn=QUEUE, **options):
    return provider.Diff(
        messages.DiffRequest(urn=urn, old_inputs=struct(**before), news=struct(**after), **options)
    )


def test_it_says_what_it_stands_for(bare_provider):
    handshake = bare_provider.Handshake(messages.ProviderHandshakeRequest())
    assert handshake.supports_autonaming_configuration
    assert bare_provider.GetPluginInfo(Empty()).version == version("pulumi-aws")


def test_without_an_embedded_aws_it_says_so_in_one_sentence(bare_provider):
    told = refusal(bare_provider.Configure, messages.ConfigureRequest(args=struct(region="x")))
    assert told == "aws:endpoints names no embedded AWS; this provider knows no other."


def test_another_endpoint_replaces_nothing(bare_provider):
    request = messages.DiffRequest(olds=struct(endpoints="a"), news=struct(endpoints="b"))
    assert bare_provider.DiffConfig(request).changes == DiffResponse.DIFF_NONE
    checked = bare_provider.CheckConfig(messages.CheckRequest(news=struct(endpoints="b")))
    assert plain(checked.inputs) == {"endpoints": "b"}


def test_functions_of_the_provider_answer(provider):
    identity = messages.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity")
    answer = plain(getattr(provider.Invoke(identity), "return"))
    assert answer["accountId"] == ACCOUNT_ID
    told = refusal(provider.Invoke, messages.InvokeRequest(tok="aws:index/getX:getX"))
    assert told == (
        "The embedded AWS does not know aws:index/getX:getX; teach it in local/lookups.py."
    )


def test_functions_of_the_provider_look_at_a_bucket(provider, bare):
    def ask(name, bucket):
        token = f"aws:s3/{name}:{name}"
        return messages.InvokeRequest(tok=token, args=struct(bucket=bucket))

    def told(name):
        return plain(getattr(provider.Invoke(ask(name, "looked-at")), "return"))

    s3 = bare.client("s3")
    s3.create_bucket(Bucket="looked-at")
    found = told("getBucket")
    assert (found["bucket"], found["arn"]) == ("looked-at", "arn:aws:s3:::looked-at")
    assert found["bucketRegion"] == "us-east-1"
    assert found["bucketRegionalDomainName"] == "looked-at.s3.us-east-1.amazonaws.com"
    assert told("getBucketNotification")["eventbridge"] is False
    s3.put_bucket_notification_configuration(
        Bucket="looked-at", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    assert told("getBucketNotification")["eventbridge"] is True
    s3.delete_bucket(Bucket="looked-at")
    sentence = "The embedded AWS has no bucket looked-at; create it first."
    assert refusal(provider.Invoke, ask("getBucket", "looked-at")) == sentence


def test_a_resource_is_named_once_and_keeps_its_name(provider):
    first = check(provider)
    assert first == {"bucket": "photos-abcdef0", "__defaults": ["bucket"]}
    assert check(provider, olds=first, seed=b"\x00" * 4) == first
    assert check(provider, olds=first, bucket="mine") == {"bucket": "mine"}
    # A name that the program gave once and no longer does is not taken over.
    anew = check(provider, olds={"bucket": "mine"})
    assert anew == first


def test_what_has_no_name_of_its_own_gets_none(provider):
    assert check(provider, urn=OBJECT, key="index.html") == {"key": "index.html"}


def test_spelling_of_json_place_of_files_and_absence_are_no_change(provider):
    before = {
        "policy": '{"a": 1, "b": 2}',
        "source": ASSET,
        "rule": {"none": None},
        "list": [ASSET],
    }
    moved = ASSET | {"path": "/there/page.html"}
    after = {"policy": '{"b":2,"a":1}', "source": moved, "rule": {}, "list": [moved]}
    same = diff(provider, before, after)
    assert (same.changes, list(same.diffs)) == (DiffResponse.DIFF_NONE, [])
    after = {"policy": '{"a": 2, "b": 2}', "source": moved | {"hash": "2"}, "list": []}
    other = diff(provider, before, after)
    assert other.changes == DiffResponse.DIFF_SOME
    assert list(other.diffs) == ["list", "policy", "rule", "source"]
    assert list(other.replaces) == []


def test_what_the_program_ignores_is_no_change(provider):
    ignored = diff(provider, {"a": 1, "b": 1}, {"a": 2, "b": 1}, ignoreChanges=["a"])
    assert ignored.changes == DiffResponse.DIFF_NONE


def test_a_new_name_replaces_and_the_old_one_goes_first_where_the_program_gave_it(provider):
    own = diff(provider, {"name": "a"}, {"name": "b"})
    assert (list(own.replaces), own.deleteBeforeReplace) == (["name"], True)
    given = diff(provider, {"name": "a"}, {"name": "b", "__defaults": ["name"]})
    assert (list(given.replaces), given.deleteBeforeReplace) == (["name"], False)


def test_a_preview_makes_nothing(provider, bare):
    name = f"preview-{uuid.uuid4().hex}"
    values = struct(name=name, visibilityTimeoutSeconds=30)
    seen = provider.Create(messages.CreateRequest(urn=QUEUE, properties=values, preview=True))
    assert (seen.id, plain(seen.properties)) == ("", plain(values))
    updated = provider.Update(messages.UpdateRequest(id="x", urn=QUEUE, news=values, preview=True))
    assert plain(updated.properties) == plain(values)
    assert bare.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", []) == []


def test_a_resource_lives_is_changed_by_others_mended_and_deleted(provider, bare):
    sqs = bare.client("sqs")
    name = f"life-{uuid.uuid4().hex}"
    inputs = {"name": name, "__defaults": ["name"], "visibilityTimeoutSeconds": 30, "tags": {}}
    made = provider.Create(messages.CreateRequest(urn=QUEUE, properties=struct(**inputs)))
    url, state = made.id, plain(made.properties)
    assert url.endswith(f"/{name}")
    assert state["url"] == url
    assert state["visibilityTimeoutSeconds"] == 30

    def read(**drift):
        request = messages.ReadRequest(
            id=url, urn=QUEUE, properties=struct(**state, **drift), inputs=struct(**inputs)
        )
        return provider.Read(request)

    found = read()
    assert (found.id, plain(found.properties), plain(found.inputs)) == (url, state, inputs)

    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    drifted = plain(read().properties)
    assert drifted.pop("__drift") == ["attributes"]
    assert drifted == state
    seen = diff(provider, inputs, inputs, olds=struct(**drifted, __drift=["attributes"]))
    assert (seen.changes, list(seen.diffs)) == (DiffResponse.DIFF_SOME, ["attributes"])

    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    assert plain(read(__drift=["attributes"]).properties) == state
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})

    request = messages.UpdateRequest(id=url, urn=QUEUE, news=struct(**inputs))
    state = plain(provider.Update(request).properties)
    assert plain(read().properties) == state
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])[
        "Attributes"
    ] == {"VisibilityTimeout": "30"}

    gone = messages.DeleteRequest(
        id=url, urn=QUEUE, properties=struct(**state), old_inputs=struct(**inputs)
    )
    provider.Delete(gone)
    provider.Delete(gone)
    assert read().id == ""


def test_what_aws_or_we_refuse_is_told_in_one_sentence(provider):
    values = {"bucket": "no-such-bucket", "key": "k", "content": "x"}
    values |= {"contentType": "text/plain", "cacheControl": "no-cache"}
    request = messages.CreateRequest(urn=OBJECT, properties=struct(**values))
    told = refusal(provider.Create, request)
    assert "NoSuchBucket" in told
    assert "Traceback" not in told
    values = {"unheard": "of", "visibilityTimeoutSeconds": 30}
    told = refusal(provider.Create, messages.CreateRequest(urn=QUEUE, properties=struct(**values)))
    assert told.startswith("aws:sqs/queue:Queue jobs sets 'unheard', which the embedded AWS does")
    provider.Cancel(Empty())
