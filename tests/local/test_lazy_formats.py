"""Lazy formats behind the CDN: a JPEG at once, the AVIF a while later, and gone with the upload."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from function.contract import format_asked, manifest_key
from local.deploy import deploy
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


def test_an_erasure_takes_it_too(server, cdn, name, monkeypatch):
    view(f"{cdn}/{name}/hero.avif")
    made(server, name, "hero.avif")
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
