"""Lazy formats behind the CDN: a JPEG at once, the AVIF a while later, and gone with the upload."""

import io
import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from function.contract.keys import manifest_key
from function.contract.messages import format_asked
from local.deploy import deploy
from local.http import quote, request
from ops.__main__ import main
from tests.local.defaults import PROD
from tests.local.test_first_view import IMMUTABLE, count, entry, manifest, put, send, stored, view
from tests.support.waiting import wait_until

HERO = {"name": "hero", "width": 640, "height": 640, "formats": ["jpeg"], "lazyFormats": ["avif"]}
POSTER = HERO | {"name": "poster", "lazy": True, "lazyFormats": ["webp"]}
SETTINGS = PROD | {
    "image-pipeline:renditions": [HERO, POSTER],
    "image-pipeline:viewConcurrency": "3",
    "image-pipeline:memory": "512",
    "image-pipeline:timeout": "10",
}
ACCEPT = "image/avif,image/webp,image/apng,*/*"
MEANWHILE = "public, max-age=60"


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    with served(tmp_path_factory.mktemp("formats"), SETTINGS) as server:
        yield server


@pytest.fixture(scope="module")
def cdn(server):
    return server.outputs["deliveryUrl"]


@pytest.fixture
def name(server, photo):
    """A new upload."""
    return send(server, photo("beach.jpg", (1000, 800)))


def url(cdn: str, name: str, rendition: str) -> str:
    return manifest(cdn, name)["urlTemplate"].replace("{rendition}", rendition)


def waiting(server) -> int:
    """Messages in the queue of lazy formats, those at work too."""
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    found = server.client("sqs").get_queue_attributes(
        QueueUrl=server.outputs["formatQueueUrl"], AttributeNames=list(names)
    )
    return sum(int(found["Attributes"][each]) for each in names)


def made(server, name: str, file: str) -> None:
    wait_until(lambda: file in stored(server, name), 60)
    wait_until(lambda: waiting(server) == 0, 30)


@contextmanager
def nothing_made(server):
    """Lambda does not poll the queue of lazy formats meanwhile."""
    client, function = server.client("lambda"), server.outputs["formatFunctionName"]
    (found,) = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    client.update_event_source_mapping(UUID=found["UUID"], Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=found["UUID"], Enabled=True)


def test_an_upload_makes_jpegs_alone(server, cdn, name):
    assert stored(server, name) == {"manifest.json", "hero.jpg"}
    assert entry(cdn, name, "hero.avif")["lazy"]


def test_a_reader_gets_a_jpeg_at_once_and_the_avif_once_it_is_made(server, cdn, name):
    before = count(server, "Invocations", "formatFunctionName")
    # As browsers ask: without the version, so that the edge keeps nothing for the next view.
    status, headers, body = view(f"{cdn}/{name}/hero", Accept=ACCEPT)
    assert (status, headers["Content-Type"]) == (200, "image/jpeg"), body
    assert (headers["Cache-Control"], headers["Vary"]) == (MEANWHILE, "Accept")
    assert body == view(url(cdn, name, "hero.jpg"))[2]
    made(server, name, "hero.avif")
    assert stored(server, name) == {"manifest.json", "hero.jpg", "hero.avif"}
    status, headers, body = view(url(cdn, name, "hero"), Accept=ACCEPT)
    assert (status, headers["Content-Type"]) == (200, "image/avif")
    assert headers["Cache-Control"] == IMMUTABLE
    with Image.open(io.BytesIO(body)) as image:
        assert (image.format, image.size) == ("AVIF", (640, 512))
    assert count(server, "Invocations", "formatFunctionName") == before + 1
    assert view(url(cdn, name, "hero"), Accept="image/jpeg")[1]["Content-Type"] == "image/jpeg"


def test_of_many_views_at_one_time_one_message_comes_and_none_waits(server, cdn, name):
    before = count(server, "Invocations", "formatFunctionName")
    target = url(cdn, name, "hero.avif")
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: view(target), range(12)))
    assert {status for status, _, _ in answers} <= {200, 429}
    types = {headers["Content-Type"] for status, headers, _ in answers if status == 200}
    assert types <= {"image/jpeg", "image/avif"}
    made(server, name, "hero.avif")
    assert count(server, "Invocations", "formatFunctionName") == before + 1
    (asked,) = [each for each in manifest(cdn, name)["renditions"] if "asked_at" in each]
    assert asked["key"].endswith("/hero.avif")


def test_a_lazy_rendition_may_have_lazy_formats(server, cdn, name):
    status, headers, _ = view(f"{cdn}/{name}/poster", Accept=ACCEPT)
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    made(server, name, "poster.webp")
    assert stored(server, name) == {"manifest.json", "hero.jpg", "poster.jpg", "poster.webp"}
    assert view(url(cdn, name, "poster"), Accept=ACCEPT)[1]["Content-Type"] == "image/webp"


ACCEPT_OTHERS = (
    *(None, "*/*", "image/*", "image/avif;q=0", "image/AVIF; Q=0.00, */*"),
    *("avif", "image/avifx", ","),
)


def test_a_reader_who_does_not_name_it_gets_the_jpeg_and_asks_for_nothing(server, cdn, name):
    before, target = count(server, "Invocations"), url(cdn, name, "hero")
    for accept in ACCEPT_OTHERS:
        headers = {} if accept is None else {"Accept": accept}
        status, answer, _ = view(target, **headers)
        assert (accept, status, answer["Content-Type"]) == (accept, 200, "image/jpeg")
        assert answer["Cache-Control"] == IMMUTABLE
    assert count(server, "Invocations") == before
    assert "asked_at" not in json.dumps(manifest(cdn, name))


def test_a_head_a_range_and_an_earlier_version_are_answered_with_the_jpeg(server, cdn, name):
    """With any headers and query, the answer is a whole JPEG or a part of it."""
    jpeg = view(url(cdn, name, "hero.jpg"))[2]
    target = f"{cdn}/{name}/hero.avif"
    with nothing_made(server):
        status, headers, body = view(f"{target}?v=00000001", "HEAD")
        assert (status, headers["Content-Type"], body) == (200, "image/jpeg", b"")
        assert (headers["Content-Length"], headers["Cache-Control"]) == (str(len(jpeg)), MEANWHILE)
        etag = headers["ETag"]
        status, _, body = view(f"{target}?v=00000002", Range="bytes=0-9")
        assert (status, body) in {(200, jpeg), (206, jpeg[:10])}
        status, _, body = view(f"{target}?v=00000003", **{"If-None-Match": etag})
        assert (status, body) in {(200, jpeg), (304, b"")}
    made(server, name, "hero.avif")
    status, headers, body = view(f"{target}?v=00000004", **{"If-None-Match": etag})
    assert (status, headers["Content-Type"], body == jpeg) == (200, "image/avif", False)


@pytest.mark.parametrize("odd", ["a b+c%20&'(1)=,;?#\".jpg", "ünï/日本\u202f語.jpg", "hero.jpg"])
def test_an_upload_with_an_odd_name_has_it_too(server, cdn, photo, odd):
    name, body = f"odd/{odd}", photo("odd.jpg", (300, 200)).read_bytes()
    put(server, name, body)
    target = f"{cdn}/{quote(name)}"
    wait_until(lambda: "hero.jpg" in stored(server, name), 60)
    wait_until(lambda: request("GET", f"{target}/manifest.json")[0] == 200, 60)
    status, headers, _ = view(f"{target}/hero.avif")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    made(server, name, "hero.avif")
    assert view(f"{target}/hero.avif?v=00000001")[1]["Content-Type"] == "image/avif"


def test_a_message_that_could_not_be_sent_keeps_nobody_waiting_and_is_sent_an_hour_later(
    server, cdn, name
):
    """Least privilege by denial: without the permission to send, readers have the JPEG."""
    iam, function = server.client("iam"), server.outputs["viewFunctionName"]
    role = server.client("lambda").get_function_configuration(FunctionName=function)["Role"]
    place = {"RoleName": role.rpartition("/")[2], "PolicyName": "deny"}
    deny = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(**place, PolicyDocument=document)
    try:
        begin = time.monotonic()
        status, headers, _ = view(f"{cdn}/{name}/hero.avif?v=00000001")
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert time.monotonic() - begin < 10
    finally:
        iam.delete_role_policy(**place)
    asked = entry(cdn, name, "hero.avif")["asked_at"]
    assert view(f"{cdn}/{name}/hero.avif?v=00000002")[1]["Content-Type"] == "image/jpeg"
    assert entry(cdn, name, "hero.avif")["asked_at"] == asked
    assert waiting(server) == 0
    an_hour_later(server, name)
    assert view(f"{cdn}/{name}/hero.avif?v=00000003")[1]["Content-Type"] == "image/jpeg"
    made(server, name, "hero.avif")


def an_hour_later(server, name: str) -> None:
    """Make the note of when a format was asked for an hour old."""
    s3, bucket = server.client("s3"), server.outputs["destinationBucket"]
    found = s3.get_object(Bucket=bucket, Key=manifest_key(name))
    fields = json.loads(found["Body"].read())
    for each in fields["renditions"]:
        if "asked_at" in each:
            each["asked_at"] = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    s3.put_object(
        Bucket=bucket,
        Key=manifest_key(name),
        Body=json.dumps(fields).encode(),
        Metadata=found["Metadata"],
        ContentType=found["ContentType"],
    )


def test_an_overwrite_takes_it_and_it_is_asked_for_anew(server, cdn, name, photo):
    view(f"{cdn}/{name}/hero.avif")
    made(server, name, "hero.avif")
    version = put(server, name, photo("other.jpg", (500, 900)).read_bytes())
    wait_until(lambda: manifest(cdn, name)["source"]["version_id"] == version, 60)
    wait_until(lambda: stored(server, name) == {"manifest.json", "hero.jpg"}, 60)
    assert view(url(cdn, name, "hero.avif"))[1]["Content-Type"] == "image/jpeg"
    made(server, name, "hero.avif")
    body = (
        server.client("s3")
        .get_object(Bucket=server.outputs["destinationBucket"], Key=f"{name}/hero.avif")["Body"]
        .read()
    )
    with Image.open(io.BytesIO(body)) as image:
        assert image.size == (356, 640)


def test_a_deletion_takes_it_and_a_late_message_makes_nothing(server, cdn, name):
    view(f"{cdn}/{name}/hero.avif")
    made(server, name, "hero.avif")
    server.client("s3").delete_object(Bucket=server.outputs["sourceBucket"], Key=f"uploads/{name}")
    wait_until(lambda: not stored(server, name), 60)
    late = format_asked(f"uploads/{name}", f"{name}/hero.avif")
    before = count(server, "Invocations", "formatFunctionName")
    server.client("sqs").send_message(QueueUrl=server.outputs["formatQueueUrl"], MessageBody=late)
    wait_until(lambda: count(server, "Invocations", "formatFunctionName") > before, 60)
    wait_until(lambda: waiting(server) == 0, 30)
    assert not stored(server, name)
    assert view(f"{cdn}/{name}/hero.avif")[0] == 404


def test_an_erasure_takes_it_too(server, cdn, name, idle, monkeypatch):
    view(f"{cdn}/{name}/hero.avif")
    made(server, name, "hero.avif")
    wait_until(lambda: waiting(server) == 0, 30)
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(server.folder))
    assert main(["erase", f"uploads/{name}", "--yes", "--stack", "local"]) == 0
    s3, bucket = server.client("s3"), server.outputs["destinationBucket"]
    left = s3.list_object_versions(Bucket=bucket, Prefix=f"{name}/")
    assert not left.get("Versions")


def test_an_upload_of_before_the_setting_gets_the_format_without_a_backfill(server, cdn, photo):
    plain = {key: value for key, value in HERO.items() if key != "lazyFormats"}
    try:
        deploy(server, "local", settings=SETTINGS | {"image-pipeline:renditions": [plain, POSTER]})
        name = send(server, photo("early.jpg", (1000, 800)))
        assert "hero.avif" not in json.dumps(manifest(cdn, name))
        assert view(f"{cdn}/{name}/hero", Accept=ACCEPT)[1]["Content-Type"] == "image/jpeg"
    finally:
        deploy(server, "local", settings=SETTINGS)
    view(f"{cdn}/{name}/hero.avif")
    made(server, name, "hero.avif")


def test_a_dead_letter_goes_back_to_its_own_queue(server, cdn, name, monkeypatch, capsys):
    sqs, outputs = server.client("sqs"), server.outputs
    body = format_asked(f"uploads/{name}", f"{name}/hero.avif")
    sqs.send_message(QueueUrl=outputs["deadLetterQueueUrl"], MessageBody=body)
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(server.folder))
    assert main(["redrive", "--key", f"uploads/{name}", "--dry-run", "--stack", "local"]) == 0
    assert "1 dead letter, 0 moved back" in capsys.readouterr().out
    assert main(["redrive", "--key", f"uploads/{name}", "--stack", "local"]) == 0
    made(server, name, "hero.avif")


def test_each_function_may_do_what_it_does_alone(server, name):
    """Views may not write a lazy format, and what makes it no JPEG."""
    iam = server.client("iam")
    for output, file, allowed in (
        ("viewFunctionName", "hero.avif", False),
        ("viewFunctionName", "poster.jpg", True),
        ("formatFunctionName", "hero.jpg", False),
        ("formatFunctionName", "hero.avif", True),
        ("functionName", "hero.avif", False),
    ):
        function = server.client("lambda").get_function_configuration(
            FunctionName=server.outputs[output]
        )
        decision = iam.simulate_principal_policy(
            PolicySourceArn=function["Role"],
            ActionNames=["s3:PutObject"],
            ResourceArns=[f"arn:aws:s3:::{server.outputs['destinationBucket']}/{name}/{file}"],
        )["EvaluationResults"][0]["EvalDecision"]
        assert (decision == "allowed") is allowed, (output, file)


def test_the_doctor_looks_at_it(server, monkeypatch, capsys):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(server.folder))
    main(["doctor", "--stack", "local"])
    (line,) = [each for each in capsys.readouterr().out.splitlines() if "lazy formats" in each]
    assert line.startswith("ok")


def test_views_of_a_manifest_ask_for_nothing(server, cdn, name):
    before = waiting(server)
    for _ in range(3):
        json.dumps(manifest(cdn, name))
    assert view(f"{cdn}/{manifest_key(name)}", "HEAD")[0] == 200
    assert waiting(server) == before
