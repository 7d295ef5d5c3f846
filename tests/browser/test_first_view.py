"""A lazy rendition in a real browser: made when the page shows it first, in a format it takes."""

import json
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import sync_playwright

from function.contract.keys import manifest_key
from local import server as servers
from local.deploy import deploy
from local.http import request
from local.uploader import upload
from tests.browser.conftest import CHROMIUM
from tests.support.pictures import encoded, gradient
from tests.support.waiting import wait_until

NAME, KEY = "b.jpg", "uploads/b.jpg"
SETTINGS = {
    "image-pipeline:delivery": "cdn",
    "image-pipeline:negotiate": ["webp", "avif"],
    "image-pipeline:renditions": [
        {"name": "large", "width": 640, "height": 640, "formats": ["jpeg", "webp"], "lazy": True},
        {
            "name": "hero",
            "width": 320,
            "height": 320,
            "formats": ["jpeg"],
            "lazyFormats": ["avif"],
        },
        {"name": "thumb", "width": 150, "height": 150, "formats": ["jpeg"]},
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = servers.start(tmp_path_factory.mktemp("browser") / "state")
    try:
        deploy(server, "local", settings=SETTINGS)
        yield server
    finally:
        servers.stop(server.folder)


@dataclass
class Seen:
    """Chromium's answers, in order, and the objects stored once all files were made."""

    answers: list[dict[str, object]] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    invocations: float = 0.0
    replaced: list[dict[str, object]] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    deleted: list[tuple[int, list[int]]] = field(default_factory=list)  # status and size


@pytest.fixture(scope="module")
def seen(server, files):
    """A page that shows an upload's lazy rendition twice: without an extension, and as a JPEG.

    Then one with a lazy format, before and after it was made in the background; then both, after
    the upload was overwritten, and after it was deleted.

    Playwright starts once the stack is deployed: it keeps its event loop running, and Pulumi would
    take it for its own.
    """
    cdn, s3 = server.outputs["deliveryUrl"], server.client("s3")
    place = {"Bucket": server.outputs["sourceBucket"], "Key": KEY}
    upload(files["beach photo.jpg"], KEY, server.outputs["uploadEndpoint"], cdn)
    template = manifest(server)["urlTemplate"]
    seen = Seen()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        seen.answers = [show(browser, template, file) for file in ("large", "large.jpg", "large")]
        seen.answers.append(show(browser, template, "hero"))
        wait_until(lambda: f"{NAME}/hero.avif" in stored(server), 60)
        # A cache keeps a stand-in for a minute; another version of the URL is another file to it.
        anew = template.replace("?v=", "?v=ffffffff&was=")
        seen.answers.append(show(browser, anew, "hero"))
        seen.stored, seen.invocations = stored(server), invocations(server)
        version = s3.put_object(**place, Body=encoded(gradient((900, 1200)), "JPEG"))["VersionId"]
        wait_until(lambda: manifest(server)["source"]["version_id"] == version, 60)
        wait_until(lambda: len(stored(server)) == 3, 60)
        template = manifest(server)["urlTemplate"]
        seen.replaced = [show(browser, template, file) for file in ("large", "hero")]
        s3.delete_object(**place)
        wait_until(lambda: not stored(server), 90)
        seen.left = stored(server)
        # Of a version that no cache has: a file that was read stays in caches (docs/erase.md).
        gone = template.replace("?v=", "?v=eeeeeeee&was=")
        for file in ("large", "large.jpg", "hero"):
            url = gone.replace("{rendition}", file)
            seen.deleted.append((request("GET", url)[0], size_of(browser.new_page(), url)))
        browser.close()
    return seen


def show(browser, template: str, file: str) -> dict[str, object]:
    """Show a rendition on a page, and return the answer's headers and the size that is shown."""
    tab = browser.new_context().new_page()
    with tab.expect_response(lambda _: True) as answered:
        size = size_of(tab, template.replace("{rendition}", file))
    return answered.value.all_headers() | {"size": size}


def size_of(tab, url: str) -> list[int]:
    """Show an image on a page, and return its width and height; zeros if it is not shown."""
    tab.set_content(f'<img src="{url}">')
    tab.wait_for_function("document.images[0].complete")
    return tab.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]")


def manifest(server) -> dict:
    return json.loads(request("GET", f"{server.outputs['deliveryUrl']}/{manifest_key(NAME)}")[1])


def stored(server) -> set[str]:
    found = server.client("s3").list_objects_v2(Bucket=server.outputs["destinationBucket"])
    return {each["Key"] for each in found.get("Contents", [])}


def invocations(server) -> float:
    """How often the function for first views was invoked."""
    metrics = server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": server.outputs["viewFunctionName"]}],
        StartTime=0,
        EndTime=4_000_000_000,
        Period=86_400 * 365 * 50,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in metrics["Datapoints"])


def test_it_is_shown_in_the_format_that_the_browser_asks_for(seen):
    types = [answer["content-type"] for answer in seen.answers]
    assert types[:3] == ["image/webp", "image/jpeg", "image/webp"]
    assert [answer["size"] for answer in seen.answers[:3]] == [[640, 480]] * 3


def test_a_lazy_format_is_a_jpeg_until_it_is_made(seen):
    before, after = seen.answers[3:]
    assert [each["content-type"] for each in (before, after)] == ["image/jpeg", "image/avif"]
    assert [each["size"] for each in (before, after)] == [[320, 240]] * 2
    assert (before["cache-control"], before["vary"]) == ("public, max-age=60", "Accept")


def test_a_version_is_kept_for_ever(seen):
    for answer in (*seen.answers[:3], seen.answers[4]):
        assert answer["cache-control"] == "public, max-age=31536000, immutable"


def test_each_file_is_made_once_and_then_in_the_bucket(seen):
    assert seen.stored == {
        *(f"{NAME}/{file}" for file in ("manifest.json", "thumb.jpg", "large.webp", "large.jpg")),
        *(f"{NAME}/hero.{extension}" for extension in ("jpg", "avif")),
    }
    # Two files were made, and one view was answered with another format.
    assert seen.invocations == 3


def test_an_overwritten_upload_is_shown_anew(seen):
    large, hero = seen.replaced
    assert (large["content-type"], large["size"]) == ("image/webp", [480, 640])
    assert (hero["content-type"], hero["size"]) == ("image/jpeg", [240, 320])


def test_a_deleted_upload_is_not_shown_any_more(seen):
    assert seen.left == set()
    assert seen.deleted == [(404, [0, 0])] * 3
