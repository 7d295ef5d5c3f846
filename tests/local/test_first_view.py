"""Lazy renditions behind the CDN: made on first view, once, and gone with their upload."""

import http.client
import io
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from PIL import Image

from function.contract.keys import manifest_key, rendition_key, upload_name
from local.deploy import deploy
from local.http import request
from local.uploader import upload
from ops.__main__ import main
from tests.local.defaults import PROD
from tests.local.probing import BODY, probe
from tests.support.waiting import wait_until

LAZY = {"name": "large", "width": 640, "height": 640, "formats": ["jpeg", "webp"], "lazy": True}
GRID = {"name": "grid", "width": 200, "height": 200, "formats": ["jpeg"], "lazy": True}
EXACT = {"name": "exact", "width": 2000, "height": 2000, "formats": ["png"], "lazy": True}
THUMB = {"name": "thumb", "width": 150, "height": 150, "formats": ["jpeg"]}
SETTINGS = PROD | {
    "image-pipeline:renditions": [LAZY, GRID, EXACT, THUMB],
    "image-pipeline:viewConcurrency": "3",
    "image-pipeline:memory": "512",
    "image-pipeline:timeout": "10",
}
IMMUTABLE = "public, max-age=31536000, immutable"
AT_ONCE = 12


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    with served(tmp_path_factory.mktemp("views"), SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def cdn(server):
    return server.outputs["deliveryUrl"]


def send(server, path) -> str:
    """Upload by a form and wait until the manifest is there; return the upload's name."""
    result = upload(path, "", server.outputs["uploadEndpoint"], server.outputs["deliveryUrl"],
                    presigned=True)  # fmt: skip
    assert result.status == "ready", result
    return upload_name(result.key)


@pytest.fixture
def name(server, photo):
    """A new upload."""
    return send(server, photo("beach.jpg", (1000, 800)))


def view(url: str, method: str = "GET", **headers: str):
    """Ask the CDN; return the status, the headers and the body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, headers={"Host": parts.netloc, **headers})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def manifest(cdn: str, name: str) -> dict:
    status, body = request("GET", f"{cdn}/{manifest_key(name)}")
    assert status == 200, body
    return json.loads(body)


def entry(cdn: str, name: str, file: str) -> dict:
    (found,) = [
        each
        for each in manifest(cdn, name)["renditions"]
        if each["key"] == rendition_key(name, file)
    ]
    return found


def stored(server, name: str) -> set[str]:
    """File names of an upload in the destination bucket."""
    found = server.client("s3").list_objects_v2(
        Bucket=server.outputs["destinationBucket"], Prefix=f"{name}/"
    )
    return {each["Key"].rpartition("/")[2] for each in found.get("Contents", [])}


def count(server, metric: str, output: str = "viewFunctionName") -> float:
    """A metric of AWS Lambda's of the function for first views, or of another, summed."""
    found = server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": server.outputs[output]}],
        StartTime=0,
        EndTime=4_000_000_000,
        Period=86_400 * 365 * 50,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def test_an_upload_makes_what_is_not_lazy_and_names_the_rest(server, cdn, name):
    assert stored(server, name) == {"manifest.json", "thumb.jpg"}
    found = manifest(cdn, name)
    lazy = [each for each in found["renditions"] if each.get("lazy")]
    assert [each["key"].rpartition("/")[2] for each in lazy] == [
        *("large.jpg", "large.webp", "grid.jpg", "exact.png")
    ]
    assert [each["bytes"] for each in lazy] == [None] * 4
    assert (lazy[0]["width"], lazy[0]["height"]) == (640, 512)


@pytest.mark.parametrize("file", ["large.jpg", "large.webp", "grid.jpg"])
def test_the_first_view_makes_it_and_the_second_comes_from_the_bucket(server, cdn, name, file):
    declared = entry(cdn, name, file)
    before = count(server, "Invocations")
    status, headers, body = view(declared["url"])
    assert (status, headers["Content-Type"]) == (200, declared["content_type"]), body
    assert headers["Cache-Control"] == IMMUTABLE
    assert headers["X-Content-Type-Options"] == "nosniff"
    with Image.open(io.BytesIO(body)) as image:
        assert image.size == (declared["width"], declared["height"])
    assert stored(server, name) == {"manifest.json", "thumb.jpg", file}
    assert count(server, "Invocations") == before + 1
    again, second, same = view(declared["url"])
    assert (again, second["Content-Type"], same) == (200, declared["content_type"], body)
    assert second["Cache-Control"] == IMMUTABLE
    assert count(server, "Invocations") == before + 1


def test_a_head_is_answered_like_a_get(server, cdn, name):
    url = entry(cdn, name, "grid.jpg")["url"]
    status, headers, body = view(url, "HEAD")
    assert (status, headers["Content-Type"], body) == (200, "image/jpeg", b"")
    assert view(url)[0] == 200


def test_a_url_without_an_extension_is_made_as_the_edge_chooses(server, cdn, name):
    status, headers, _ = view(f"{cdn}/{name}/large", Accept="image/avif,image/webp,*/*")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    # Without the manifest's version it may be kept for a minute alone (edge/age.js).
    assert headers["Cache-Control"] == "public, max-age=60"
    assert stored(server, name) == {"manifest.json", "thumb.jpg", "large.jpg"}


def test_the_template_of_the_manifest_names_every_rendition(server, cdn, name):
    template = manifest(cdn, name)["urlTemplate"]
    assert view(template.replace("{rendition}", "large.webp"))[0] == 200
    assert view(template.replace("{rendition}", "thumb"))[0] == 200
    assert entry(cdn, name, "large.webp")["url"] == template.replace("{rendition}", "large.webp")


def test_of_many_first_views_at_one_time_one_makes_it(server, cdn, name):
    url = entry(cdn, name, "large.jpg")["url"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _: view(url), range(AT_ONCE)))
    statuses = [status for status, _, _ in answers]
    assert set(statuses) <= {200, 429}, statuses  # three at a time: viewConcurrency
    bodies = {body for status, _, body in answers if status == 200}
    assert len(bodies) == 1
    versions = server.client("s3").list_objects_v2(
        Bucket=server.outputs["destinationBucket"], Prefix=f"{name}/large.jpg"
    )
    assert versions["KeyCount"] == 1
    assert view(url)[2] == bodies.pop()


@pytest.fixture
def noise(server, cdn, tmp_path) -> dict:
    """The entry of a file of 4.8 MB, which no answer of Lambda holds."""
    path = tmp_path / "noise.png"
    Image.frombytes("RGB", (1400, 1150), os.urandom(1400 * 1150 * 3)).save(path)
    return entry(cdn, send(server, path), "exact.png")


def follow(cdn: str, url: str) -> list[int]:
    """Return the statuses on the way to the file, of which redirections are followed."""
    statuses = []
    while len(statuses) < 5:
        status, headers, _ = view(url)
        statuses.append(status)
        if status != 302:
            break
        assert headers["Cache-Control"] == "no-store"
        url = f"{cdn}{headers['Location']}"
    return statuses


def test_a_file_too_large_for_lambda_comes_from_the_bucket_also_of_many_views(server, cdn, noise):
    before = count(server, "Url5xxCount")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda _: follow(cdn, noise["url"]), range(AT_ONCE)))
    assert {tuple(each) for each in found} <= {(302, 200), (200,), (429,)}, found
    assert (302, 200) in map(tuple, found)
    assert follow(cdn, noise["url"]) == [200]
    assert count(server, "Url5xxCount") == before


def test_a_reader_goes_round_no_loop_where_the_cdn_cannot_read_its_bucket(server, cdn, noise):
    s3, bucket = server.client("s3"), server.outputs["destinationBucket"]
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    others = [each for each in policy["Statement"] if "cloudfront" not in json.dumps(each)]
    assert len(others) == len(policy["Statement"]) - 1
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy | {"Statement": others}))
    try:
        assert [follow(cdn, noise["url"]) for _ in range(2)] == [[302, 500]] * 2
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    assert follow(cdn, noise["url"]) == [200]


def test_a_flood_of_views_is_held_at_its_ceiling_and_uploads_pass(server, cdn, photo):
    """The function's reserved concurrency is neither more nor less than viewConcurrency."""
    names = [send(server, photo(f"flood-{n}.jpg", (1600, 1200))) for n in range(4)]
    urls = [each["url"] for name in names for each in manifest(cdn, name)["renditions"]]
    held, passed = count(server, "Throttles"), count(server, "Throttles", "functionName")
    ended = threading.Event()

    def flood() -> list[int]:
        statuses = []
        while not ended.is_set():
            path = urls[len(statuses) % len(urls)].split("?")[0].replace("/thumb.jpg", "/grid.jpg")
            # Each has a different name that no upload has, so CloudFront could not answer from its
            # cache.
            statuses.append(view(path.replace("flood", f"none-{len(statuses)}"))[0])
        return statuses

    with ThreadPoolExecutor(8) as pool:
        floods = [pool.submit(flood) for _ in range(8)]
        try:
            during = [send(server, photo(f"beside-{n}.jpg", (500, 400))) for n in range(3)]
        finally:
            ended.set()
        statuses = {status for each in floods for status in each.result()}
    assert all(stored(server, name) == {"manifest.json", "thumb.jpg"} for name in during)
    assert count(server, "Throttles", "functionName") == passed
    assert statuses <= {200, 404, 429}
    assert 429 in statuses
    assert count(server, "Throttles") > held
    wait_until(lambda: view(urls[0])[0] == 200, 30)


UNDECLARED = [
    *("huge.jpg", "large.png", "large.avif", "large.jpg.bak", "grid.webp", "huge", "LARGE.jpg"),
    *("large.jpg/large.jpg/x", "manifest.json.large.jpg"),
]


@pytest.mark.parametrize("file", UNDECLARED)
def test_what_is_not_declared_is_not_found_and_asks_no_function(server, cdn, name, file):
    before = count(server, "Invocations")
    assert view(f"{cdn}/{name}/{file}")[0] in (403, 404)
    assert count(server, "Invocations") == before
    assert stored(server, name) == {"manifest.json", "thumb.jpg"}


@pytest.mark.parametrize("path", ["none/at-all.jpg/large.jpg", "large.jpg/large.jpg", "x/large"])
def test_no_upload_of_the_name_is_not_found_and_costs_an_invocation_a_minute(server, cdn, path):
    status, headers, _ = view(f"{cdn}/{path}")
    assert (status, headers["Cache-Control"]) == (404, "max-age=60")


def test_private_keys_are_not_made(server, cdn, name):
    assert view(f"{cdn}/_index/{name}/large.jpg")[0] == 404
    assert view(f"{cdn}/{name}/..%2f..%2fx/large.jpg")[0] == 404


def test_polling_a_manifest_never_asks_the_function(server, cdn, photo):
    """Not even that of an upload whose name is a lazy file's."""
    before = count(server, "Invocations")
    for path in ("none/large.jpg/manifest.json", "none/large/manifest.json", "large.jpg"):
        assert view(f"{cdn}/{path}")[0] in (403, 404)
    send(server, photo("large.jpg", (300, 300)))
    assert count(server, "Invocations") == before


def test_a_rejected_upload_has_no_views(server, cdn, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture at all")
    result = upload(broken, "", server.outputs["uploadEndpoint"], cdn, presigned=True)
    assert result.status == "rejected"
    status, headers, _ = view(f"{cdn}/{upload_name(result.key)}/large.jpg")
    assert (status, headers["Cache-Control"]) == (404, "max-age=60")


def put(server, name: str, body: bytes) -> str:
    """Overwrite an upload, as its owner; return the version."""
    found = server.client("s3").put_object(
        Bucket=server.outputs["sourceBucket"], Key=f"uploads/{name}", Body=body
    )
    return found["VersionId"]


def test_an_overwrite_takes_the_old_renditions_and_its_own_are_made_anew(server, cdn, name, photo):
    first = entry(cdn, name, "large.jpg")["url"]
    _, _, old = view(first)
    version = put(server, name, photo("other.jpg", (500, 900)).read_bytes())
    wait_until(lambda: manifest(cdn, name)["source"]["version_id"] == version, 60)
    wait_until(lambda: stored(server, name) == {"manifest.json", "thumb.jpg"}, 60)
    declared = entry(cdn, name, "large.jpg")
    assert declared["url"] != first
    status, _, new = view(declared["url"])
    assert status == 200
    assert new != old
    with Image.open(io.BytesIO(new)) as image:
        assert image.size == (356, 640)


def test_a_deletion_takes_lazy_renditions_too(server, cdn, name):
    url = entry(cdn, name, "large.jpg")["url"]
    assert view(url)[0] == 200
    server.client("s3").delete_object(Bucket=server.outputs["sourceBucket"], Key=f"uploads/{name}")
    wait_until(lambda: not stored(server, name), 60)
    assert view(url)[0] == 404
    assert not stored(server, name)


def test_an_erasure_takes_lazy_renditions_too(server, cdn, name, idle, monkeypatch):
    url = entry(cdn, name, "large.jpg")["url"]
    assert view(url)[0] == 200
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(server.folder))
    assert main(["erase", f"uploads/{name}", "--yes", "--stack", "local"]) == 0
    s3, bucket = server.client("s3"), server.outputs["destinationBucket"]
    left = s3.list_object_versions(Bucket=bucket, Prefix=f"{name}/")
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")
    assert view(url)[0] == 404


def test_a_new_size_needs_no_backfill(server, cdn, name):
    """An upload that was made before a rendition was declared has it on first view."""
    poster = {"name": "poster", "width": 320, "height": 320, "formats": ["webp"], "lazy": True}
    template = manifest(cdn, name)["urlTemplate"]
    url = template.replace("{rendition}", "poster.webp")
    assert view(url)[0] == 404
    changed = SETTINGS | {"image-pipeline:renditions": [LAZY, GRID, EXACT, THUMB, poster]}
    try:
        deploy(server, "local", settings=changed)
        status, headers, body = view(url)
        assert (status, headers["Content-Type"]) == (200, "image/webp"), body
        # The manifest names it from now on, so that a deletion of the upload finds it.
        assert entry(cdn, name, "poster.webp")["url"] == url
        assert stored(server, name) == {"manifest.json", "thumb.jpg", "poster.webp"}
    finally:
        deploy(server, "local", settings=SETTINGS)
    server.client("s3").delete_object(Bucket=server.outputs["sourceBucket"], Key=f"uploads/{name}")
    wait_until(lambda: not stored(server, name), 60)


def test_the_function_url_itself_answers_403(server, cdn, name):
    config = server.client("lambda").get_function_url_config(
        FunctionName=server.outputs["viewFunctionName"]
    )
    identity = urlsplit(config["FunctionUrl"]).netloc.split(".")[0]
    direct = f"{server.endpoint}/_aws/lambda-url/{identity}/{name}/large.jpg"
    for method in ("GET", "HEAD", "POST"):
        assert request(method, direct)[0] == 403
    assert stored(server, name) == {"manifest.json", "thumb.jpg"}


@pytest.mark.parametrize("action", ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
def test_the_cdn_needs_each_permission(server, cdn, name, action):
    lambda_, function = server.client("lambda"), server.outputs["viewFunctionName"]
    policy = json.loads(lambda_.get_policy(FunctionName=function)["Policy"])["Statement"]
    assert len(policy) == 2
    (statement,) = [each for each in policy if each["Action"] == action]
    url = entry(cdn, name, "grid.jpg")["url"]
    lambda_.remove_permission(FunctionName=function, StatementId=statement["Sid"])
    try:
        assert view(url)[0] == 403
    finally:
        conditions = {
            key: value for each in statement["Condition"].values() for key, value in each.items()
        }
        kind = (
            {"FunctionUrlAuthType": conditions["lambda:FunctionUrlAuthType"]}
            if action == "lambda:InvokeFunctionUrl"
            else {"InvokedViaFunctionUrl": True}
        )
        lambda_.add_permission(
            FunctionName=function,
            StatementId=statement["Sid"],
            Action=action,
            Principal=statement["Principal"]["Service"],
            SourceArn=conditions["AWS:SourceArn"],
            **kind,
        )
    assert view(url)[0] == 200


@pytest.fixture(scope="module")
def may(server):
    return probe(server, server.outputs["viewFunctionName"])


@pytest.fixture(scope="module")
def seeded(server, photo):
    return send(server, photo("seeded.jpg", (400, 300)))


def test_the_function_may_do_what_it_does(server, may, seeded):
    source, destination = server.outputs["sourceBucket"], server.outputs["destinationBucket"]
    version = server.client("s3").head_object(Bucket=source, Key=f"uploads/{seeded}")["VersionId"]
    assert may("s3", "get_object", Bucket=source, Key=f"uploads/{seeded}") == "allowed"
    assert (
        may("s3", "get_object", Bucket=source, Key=f"uploads/{seeded}", VersionId=version)
        == "allowed"
    )
    assert may("s3", "get_object", Bucket=source, Key="uploads/none") == "NoSuchKey"
    key = f"{seeded}/large.jpg"
    assert may("s3", "get_object", Bucket=destination, Key=key) == "NoSuchKey"
    for operation, more in (
        ("put_object", {"Body": BODY}),
        ("get_object", {}),
        ("delete_object", {}),
    ):
        assert may("s3", operation, Bucket=destination, Key=key, **more) == "allowed"
    assert may("s3", "get_object", Bucket=destination, Key=f"{seeded}/manifest.json") == "allowed"


FORBIDDEN = {
    "write an upload": ("s3", "put_object", "source", "uploads/{name}", {"Body": BODY}),
    "delete an upload": ("s3", "delete_object", "source", "uploads/{name}", {}),
    "read beside the uploads": ("s3", "get_object", "source", "private/plan.jpg", {}),
    "write what is not lazy": (
        "s3",
        "put_object",
        "destination",
        "{name}/thumb.jpg",
        {"Body": BODY},
    ),
    "read what is not lazy": ("s3", "get_object", "destination", "{name}/thumb.jpg", {}),
    "delete what is not lazy": ("s3", "delete_object", "destination", "{name}/thumb.jpg", {}),
    "delete a manifest": ("s3", "delete_object", "destination", "{name}/manifest.json", {}),
    "write an index": ("s3", "put_object", "destination", "_index/x", {"Body": BODY}),
    "write another format": (
        *("s3", "put_object", "destination", "{name}/large.avif"),
        {"Body": BODY},
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_function_may_do_nothing_beside_it(server, may, seeded, what):
    service, operation, bucket, key, more = FORBIDDEN[what]
    found = may(
        service,
        operation,
        Bucket=server.outputs[f"{bucket}Bucket"],
        Key=key.format(name=seeded),
        **more,
    )
    assert found == "AccessDenied"


def test_the_function_may_use_no_queue_and_call_no_function(server, may):
    outputs = server.outputs
    for output in ("queueUrl", "deadLetterQueueUrl", "backfillQueueUrl"):
        found = may("sqs", "send_message", QueueUrl=outputs[output], MessageBody="x")
        assert found in ("AccessDenied", "AccessDeniedException"), found
    for output in ("functionName", "viewFunctionName"):
        assert may("lambda", "invoke", FunctionName=outputs[output]) == "AccessDeniedException"
