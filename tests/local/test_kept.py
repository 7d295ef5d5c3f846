"""Uploads after processing: rejected ones are tagged, and the log says who wrote which."""

import json
import subprocess
import uuid

import pytest

from bench.cost.bill import Usage
from bench.cost.storage import RECORD_KB
from function.contract import REJECTED_TAG
from local.http import request
from local.program import ROOT
from local.uploader import upload
from tests.local.defaults import DEFAULTS
from tests.local.probing import BODY, probe
from tests.support.waiting import wait_until

KEY, VALUE = REJECTED_TAG
MARK = {"Key": KEY, "Value": VALUE}
PRESIGNED = DEFAULTS | {"image-pipeline:uploads": "presigned"}
KEPT = {
    "image-pipeline:rejectedUploadDays": 7,
    "image-pipeline:storageClasses": {"STANDARD_IA": 30, "GLACIER_IR": 90},
    "image-pipeline:oldVersionDays": 60,
    "image-pipeline:accessLog": "true",
}


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    with served(tmp_path_factory.mktemp("kept"), PRESIGNED | KEPT, "dev") as server:
        yield server


@pytest.fixture(scope="module")
def s3(server):
    return server.client("s3")


@pytest.fixture(scope="module")
def log(s3):
    (name,) = [b["Name"] for b in s3.list_buckets()["Buckets"] if "-source-log-" in b["Name"]]
    return name


@pytest.fixture
def send(server):
    """Upload a file as anyone who has a form."""
    outputs = server.outputs
    endpoints = outputs["uploadEndpoint"], outputs["deliveryUrl"]

    def send(path):
        return upload(path, "", *endpoints, presigned=True)

    return send


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"no image at all")
    return path


def tags(s3, server, key):
    found = s3.get_object_tagging(Bucket=server.outputs["sourceBucket"], Key=key)
    return found["TagSet"]


def records(s3, log, key):
    """Return the log's records about a key, as lists of their fields without quotes."""
    files = s3.list_objects_v2(Bucket=log).get("Contents", [])
    bodies = [s3.get_object(Bucket=log, Key=f["Key"])["Body"].read().decode() for f in files]
    return [line.split(" ") for line in "".join(bodies).splitlines() if f" {key} " in line]


def test_s3_is_told_what_becomes_of_uploads(s3, server):
    bucket = server.outputs["sourceBucket"]
    rules = {r["ID"]: r for r in s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]}
    assert rules["expire-noncurrent-versions"]["NoncurrentVersionExpiration"] == {
        "NoncurrentDays": 60
    }
    moves = [(m["Days"], m["StorageClass"]) for m in rules["move-uploads"]["Transitions"]]
    assert moves == [(30, "STANDARD_IA"), (90, "GLACIER_IR")]
    assert rules["expire-rejected-uploads"]["Filter"] == {"Tag": MARK}
    assert rules["expire-rejected-uploads"]["Expiration"] == {"Days": 7}


def test_a_rejected_upload_is_tagged_and_a_good_one_is_not(s3, server, send, broken, photo):
    rejected = send(broken)
    assert rejected.status == "rejected"
    wait_until(lambda: tags(s3, server, rejected.key) == [MARK])  # after the manifest
    ready = send(photo("kept.jpg"))
    assert (ready.status, tags(s3, server, ready.key)) == ("ready", [])


def test_other_tags_of_a_rejected_upload_stay(s3, server):
    bucket, key = server.outputs["sourceBucket"], "uploads/a b+é (1)~.jpg"
    s3.put_object(Bucket=bucket, Key=key, Body=b"no image", Tagging="scanned=a%20b%26c")
    other = {"Key": "scanned", "Value": "a b&c"}
    wait_until(lambda: tags(s3, server, key) == [other, MARK])


@pytest.fixture(scope="module")
def as_function(server):
    return probe(server, server.outputs["functionName"])


@pytest.fixture
def sent(s3, server):
    key = f"uploads/{uuid.uuid4()}/a.jpg"
    bucket = server.outputs["sourceBucket"]
    return {
        "Bucket": bucket,
        "Key": key,
        "VersionId": s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"],
    }


def test_the_function_tags_versions_of_uploads_and_nothing_else(s3, as_function, sent):
    tagging = {"Tagging": {"TagSet": [MARK]}}
    assert as_function("s3", "put_object_tagging", **sent, **tagging) == "allowed"
    assert as_function("s3", "get_object_tagging", **sent) == "allowed"
    assert as_function("s3", "delete_object_tagging", **sent) == "AccessDenied"
    latest = {name: sent[name] for name in ("Bucket", "Key")}
    assert as_function("s3", "put_object_tagging", **latest, **tagging) == "AccessDenied"
    private = latest | {"Key": "private.jpg"}
    private["VersionId"] = s3.put_object(**private, Body=b"x")["VersionId"]
    assert as_function("s3", "put_object_tagging", **private, **tagging) == "AccessDenied"


@pytest.mark.parametrize("storage_class", ["STANDARD_IA", "GLACIER_IR", "INTELLIGENT_TIERING"])
def test_what_was_moved_is_rendered_again(s3, server, photo, storage_class):
    """A lifecycle rule takes days; this upload is in the class from the start instead."""
    bucket, key = server.outputs["sourceBucket"], f"uploads/{storage_class}.jpg"
    body = photo("moved.jpg").read_bytes()
    s3.put_object(Bucket=bucket, Key=key, Body=body, StorageClass=storage_class)
    url = f"{server.outputs['deliveryUrl']}/{storage_class}.jpg/manifest.json"
    wait_until(lambda: request("GET", url)[0] == 200)
    assert json.loads(request("GET", url)[1])["status"] == "ready"


def test_the_log_says_which_function_signed_and_from_where_it_was_sent(s3, log, send, photo):
    result = send(photo("logged.jpg"))
    (written,) = [r for r in records(s3, log, result.key) if r[7].startswith("REST.P")]
    assert written[4] == "127.0.0.1"
    signer = written[5].split("/")
    assert signer[0] == "arn:aws:sts::000000000000:assumed-role"
    assert "-signer-" in signer[1]
    assert written[7] == "REST.POST.OBJECT"
    reads = [r for r in records(s3, log, result.key) if r[7] == "REST.GET.OBJECT"]
    assert "-resizer-" in reads[0][5]
    sizes = [len(" ".join(record)) for record in records(s3, log, result.key)]
    assert len(sizes) == 1 + Usage().gets
    assert 0.8 < sum(sizes) / len(sizes) / 1000 / RECORD_KB < 1.2


def test_the_documented_command_prints_who_wrote_what(s3, log, send, photo, tmp_path):
    key = send(photo("asked.jpg")).key
    for file in s3.list_objects_v2(Bucket=log)["Contents"]:
        path = tmp_path / "log" / file["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=log, Key=file["Key"])["Body"].read())
    page = (ROOT / "docs" / "retention.md").read_text()
    (command,) = [line for line in page.splitlines() if line.startswith("grep -rhE")]
    shell = ["sh", "-c", command]
    printed = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True)
    (line,) = [line for line in printed.stdout.splitlines() if line.endswith(f" {key}")]
    time, address, requester, operation, _key = line.split(" ")
    assert time.startswith("[")
    assert (address, operation) == ("127.0.0.1", "REST.POST.OBJECT")
    assert "-signer-" in requester


def test_neither_function_may_read_or_write_the_log(server, log, as_function):
    lambda_ = server.client("lambda")
    names = [f["FunctionName"] for f in lambda_.list_functions()["Functions"]]
    (signer,) = [n for n in names if "-signer-" in n and not n.startswith("probe")]
    for call in (as_function, probe(server, signer)):
        place = {"Bucket": log, "Key": "a"}
        assert call("s3", "get_object", **place) == "AccessDenied"
        assert call("s3", "put_object", **place, Body=BODY) == "AccessDenied"
        assert call("s3", "list_objects_v2", Bucket=log) == "AccessDenied"


def test_no_one_else_may_either(server, log):
    for method in ("GET", "PUT", "DELETE"):
        assert request(method, f"{server.endpoint}/{log}/a", b"x")[0] == 403
