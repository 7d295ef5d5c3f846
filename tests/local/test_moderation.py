"""Held uploads on the embedded AWS: nothing is seen before a moderator approves, and all after."""

import json
import re
from urllib.parse import urlsplit, urlunsplit

import pytest

from function.contract import Verdict
from function.contract.keys import decision_key, held_key, look_key, manifest_key
from local.http import request
from ops import moderate as decisions
from ops.__main__ import main
from ops.canary import canary
from ops.moderate import Upload
from ops.stack import connect
from tests.support.moderated import assert_bare
from tests.support.pictures import opened
from tests.support.waiting import wait_until

QUEUE = "arn:aws:sqs:us-east-1:000000000000:looks"
DENIED = (401, 403, 404)


@pytest.fixture(scope="module")
def stack(deployed, tmp_path_factory):
    """A stack that holds all uploads, looks for duplicates, and sends what waits to a queue."""
    settings = {"publish": "held", "moderator": QUEUE, "duplicates": "exact"}
    with deployed(tmp_path_factory.mktemp("held"), settings) as aws:
        aws.client("sqs").create_queue(QueueName="looks")
        yield aws


@pytest.fixture
def moderate(stack, monkeypatch, capsys):
    """Runs `ops moderate`, and returns what it printed as JSON."""
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(stack.server.folder))

    def run(*arguments: str) -> list:
        capsys.readouterr()
        assert main(["moderate", *arguments, "--stack", "local", "--json"]) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def put(stack, path, name: str) -> dict:
    """Upload a file, and return the manifest that says that it waits."""
    key = f"uploads/{name}"
    assert request("PUT", stack.source_url(key), path.read_bytes())[0] == 200
    url = stack.destination_url(manifest_key(name))
    wait_until(lambda: request("GET", url)[0] == 200, 60, lambda: stack.logged("failed"))
    return stack.manifest(key)


def objects(stack, name: str) -> list[str]:
    """Return the destination keys of an upload that are no record of a decision."""
    s3, bucket = stack.client("s3"), stack.outputs["destinationBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    return sorted(key for key in keys if f"{name}/" in key and "/decisions/" not in key)


def asked(stack, name: str) -> dict:
    """Return what the moderator was sent about an upload."""
    sqs, found = stack.client("sqs"), []
    url = sqs.get_queue_url(QueueName="looks")["QueueUrl"]

    def receive() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            told = json.loads(message["Body"])
            if told["key"] == f"uploads/{name}":
                found.append(told)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bool(found)

    wait_until(receive, 60, lambda: stack.logged("failed"))
    assert len(found) == 1
    return found[0]


def entries(stack) -> list[str]:
    """Return the names of all entries in the index of duplicates."""
    function = stack.client("lambda").get_function_configuration(
        FunctionName=stack.outputs["functionName"]
    )
    table = function["Environment"]["Variables"]["INDEX_TABLE"]
    items = stack.client("dynamodb").scan(TableName=table)["Items"]
    return [item["name"]["S"] for item in items]


def version_of(stack, name: str) -> str:
    source = stack.outputs["sourceBucket"]
    return stack.client("s3").head_object(Bucket=source, Key=f"uploads/{name}")["VersionId"]


def test_a_held_upload_cannot_be_seen_by_any_path(stack, photo):
    path = photo("held.jpg")
    manifest = put(stack, path, "a/held.jpg")
    assert manifest["status"] == "held"
    assert_bare(manifest)
    version_id = version_of(stack, "a/held.jpg")
    look, record = look_key("a/held.jpg", version_id), held_key("a/held.jpg", version_id)
    assert objects(stack, "a/held.jpg") == sorted([look, record, "a/held.jpg/manifest.json"])
    files = [f"{name}.{end}" for name in ("large", "small", "thumb") for end in ("jpg", "avif")]
    decision = decision_key("a/held.jpg", version_id)
    keys = [look, record, decision, *(f"a/held.jpg/{file}" for file in files)]
    tried = {key: request("GET", stack.destination_url(key))[0] for key in keys}
    tried |= {f"HEAD {key}": request("HEAD", stack.destination_url(key))[0] for key in keys}
    source = stack.source_url("uploads/a/held.jpg")
    for query in ("", f"?versionId={version_id}", "?acl", "?tagging", "?attributes"):
        tried[f"source{query}"] = request("GET", f"{source}{query}")[0]
    for query in ("?list-type=2", "?versions", "?list-type=2&prefix=_index/moderation/"):
        tried[query] = request("GET", f"{stack.outputs['deliveryUrl']}/{query}")[0]
    tried["copy"] = request(
        "PUT",
        stack.source_url("uploads/stolen.jpg"),
        headers={"x-amz-copy-source": f"{stack.outputs['destinationBucket']}/{look}"},
    )[0]
    assert {key: status for key, status in tried.items() if status not in DENIED} == {}


def test_the_log_and_the_index_tell_nothing_of_a_held_upload(stack, photo):
    path = photo("quiet.jpg", size=(1111, 777))
    put(stack, path, "a/quiet.jpg")
    wait_until(lambda: stack.logged("a/quiet.jpg"), 60)
    (line,) = [line for line in stack.logged('"held"') if "a/quiet.jpg" in line]
    told = set(json.loads(line)) - {"timestamp", "level", "message"}
    assert told == {"key", "correlation_id", "version_id"}
    etag = (
        stack.client("s3")
        .head_object(Bucket=stack.outputs["sourceBucket"], Key="uploads/a/quiet.jpg")["ETag"]
        .strip('"')
    )
    length = str(len(path.read_bytes()))
    random = {"timestamp", "correlation_id", "version_id"}  # may have any digits
    for line in map(json.loads, stack.logged("quiet.jpg")):
        fields = json.dumps({name: line[name] for name in line.keys() - random})
        assert not any(secret in fields for secret in (etag, length, "1111"))
    assert not [name for name in entries(stack) if "quiet" in name]
    again = put(stack, path, "b/quiet.jpg")
    assert_bare(again)


def test_the_moderator_gets_a_look_and_nothing_beside_it(stack, photo):
    put(stack, photo("look.jpg"), "a/look.jpg")
    told = asked(stack, "a/look.jpg")
    status, body = request("GET", told["look"])
    assert (status, opened(body).size) == (200, (320, 240))
    parts = urlsplit(told["look"])
    record = parts.path.replace(".look", ".json")
    assert request("GET", urlunsplit(parts._replace(path=record)))[0] in DENIED
    assert request("PUT", told["look"], b"x")[0] in DENIED
    late = re.sub("X-Amz-Date=20..", "X-Amz-Date=2001", parts.query)
    assert request("GET", urlunsplit(parts._replace(query=late)))[0] in DENIED
    assert request("GET", urlunsplit(parts._replace(query="")))[0] in DENIED


def test_an_approved_upload_is_there_with_all_its_renditions(stack, photo, moderate):
    put(stack, photo("good.jpg"), "a/good.jpg")
    (held,) = [each for each in moderate("list") if each["key"] == "uploads/a/good.jpg"]
    assert opened(request("GET", held["look"])[1]).size == (320, 240)
    (outcome,) = moderate("approve", held["handle"], "--reason", "a dog")
    assert outcome["status"] == "ready"
    manifest = stack.manifest("uploads/a/good.jpg")
    assert manifest["status"] == "ready"
    assert [request("GET", made["url"])[0] for made in manifest["renditions"]] == [200] * 5
    assert not [key for key in objects(stack, "a/good.jpg") if "/held/" in key]
    assert not [each for each in moderate("list") if each["key"] == "uploads/a/good.jpg"]
    (line,) = stack.decisions("a/good.jpg", 1)
    assert (line["verdict"], line["reason"], line["level"]) == ("approve", "a dog", "INFO")
    assert line["by"].startswith("arn:aws")
    assert line["at"] <= manifest["processed_at"].replace("Z", "999+00:00")


def test_a_rejected_upload_is_gone_and_its_picture_is_known_again(stack, photo, moderate):
    path = photo("bad.jpg", size=(900, 700))
    put(stack, path, "a/bad.jpg")
    (outcome,) = moderate("reject", "uploads/a/bad.jpg")
    assert outcome["status"] == "rejected"
    manifest = stack.manifest("uploads/a/bad.jpg")
    assert manifest["error"]["code"] == "moderated"
    assert_bare(manifest)
    assert objects(stack, "a/bad.jpg") == ["a/bad.jpg/manifest.json"]
    assert_bare(put(stack, path, "b/bad.jpg"))
    (held,) = [each for each in moderate("list") if each["key"] == "uploads/b/bad.jpg"]
    assert held["looks_like_rejected"]["key"] == "uploads/a/bad.jpg"


def test_a_rejection_after_an_approval_takes_it_down_and_an_approval_brings_it_back(
    stack, photo, moderate
):
    put(stack, photo("both.jpg"), "a/both.jpg")
    for verdict, status in (("approve", "ready"), ("reject", "rejected"), ("approve", "ready")):
        shown = stack.manifest("uploads/a/both.jpg")["renditions"]
        (outcome,) = moderate(verdict, "uploads/a/both.jpg")
        assert outcome["status"] == status
        if verdict == "reject":
            assert {request("GET", made["url"])[0] for made in shown} <= set(DENIED)
    lines = stack.decisions("a/both.jpg", 3)
    assert [line["verdict"] for line in lines] == ["approve", "reject", "approve"]


def test_a_newer_upload_needs_a_decision_of_its_own(stack, photo, moderate, capsys):
    put(stack, photo("first.jpg"), "a/twice.jpg")
    (held,) = [each for each in moderate("list") if each["key"] == "uploads/a/twice.jpg"]
    moderate("approve", held["handle"])
    shown = stack.manifest("uploads/a/twice.jpg")["renditions"]
    second = photo("second.jpg", size=(500, 400))
    assert request("PUT", stack.source_url("uploads/a/twice.jpg"), second.read_bytes())[0] == 200
    wait_until(lambda: stack.manifest("uploads/a/twice.jpg")["status"] == "held", 60, str)
    assert {request("GET", made["url"])[0] for made in shown} <= set(DENIED)
    assert main(["moderate", "approve", held["handle"], "--stack", "local"]) == 1
    assert "was replaced since" in capsys.readouterr().err
    assert stack.manifest("uploads/a/twice.jpg")["status"] == "held"


def test_a_decision_about_a_version_that_is_gone_is_not_waited_for(stack, photo, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(stack.server.folder))
    live, key, s3 = connect("local"), "uploads/a/gone.jpg", stack.client("s3")

    def upload(name: str) -> Upload:
        put(stack, photo(name), "a/gone.jpg")
        return Upload(key=key, version_id=version_of(stack, "a/gone.jpg"))

    def outcome(version: Upload) -> str | None:
        decision = decisions.decide(live, version, Verdict.APPROVE, "")
        return decisions.follow(live, version, decision, end=0.0)

    def shown() -> str:
        return stack.manifest(key)["source"]["version_id"]

    first = upload("gone-1.jpg")
    second = upload("gone-2.jpg")
    wait_until(lambda: shown() == second.version_id, 60, lambda: stack.logged("failed"))
    of = {"Bucket": stack.outputs["sourceBucket"], "Key": key}
    s3.delete_object(VersionId=second.version_id, **of)
    wait_until(lambda: shown() == first.version_id, 60, lambda: stack.logged("failed"))
    assert outcome(second) == "gone"
    s3.delete_object(VersionId=first.version_id, **of)
    url = stack.destination_url(manifest_key("a/gone.jpg"))
    wait_until(lambda: request("GET", url)[0] != 200, 60, lambda: stack.logged("failed"))
    assert (outcome(first), outcome(second)) == ("deleted", "deleted")


def test_the_doctors_canary_waits_too_and_leaves_nothing(stack, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(stack.server.folder))
    found = canary(connect("local"))
    assert (found.level, found.detail.partition(" after")[0]) == ("ok", "waits for a moderator")
    stack.wait_until_drained()
    s3, bucket = stack.client("s3"), stack.outputs["destinationBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    assert [key for key in keys if "canary" in key] == []


def test_an_erasure_takes_what_waits_and_what_was_decided(stack, photo, moderate, idle):
    put(stack, photo("erased.jpg"), "gone/erased.jpg")
    moderate("approve", "uploads/gone/erased.jpg")
    put(stack, photo("erased.jpg"), "gone/too.jpg")
    put(stack, photo("unwanted.jpg", (431, 317)), "gone/unwanted.jpg")
    moderate("reject", "uploads/gone/unwanted.jpg")
    assert {name for name in entries(stack) if "gone/" in name} > {"gone/erased.jpg"}
    stack.wait_until_drained()
    assert main(["erase", "uploads/gone/", "--yes", "--stack", "local"]) == 0
    s3, bucket = stack.client("s3"), stack.outputs["destinationBucket"]
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    assert [key for key in [*keys, *entries(stack)] if "gone/" in key] == []
