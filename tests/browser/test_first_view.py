"""A lazy rendition in a real browser: made when the page shows it first, in a format it takes."""

import json

import pytest
from playwright.sync_api import sync_playwright

from function.contract import manifest_key, upload_name
from local import server as servers
from local.deploy import deploy
from local.http import request
from local.uploader import upload
from tests.browser.conftest import CHROMIUM
from tests.support.waiting import wait_until

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


@pytest.fixture(scope="module")
def seen(server, files):
    """A page that shows an upload's lazy rendition twice: without an extension, and as a JPEG.

    Then one with a lazy format, before and after it was made in the background.

    Playwright starts once the stack is deployed: it keeps its event loop running, and Pulumi would
    take it for its own.
    """
    cdn = server.outputs["deliveryUrl"]
    result = upload(
        files["beach photo.jpg"], "uploads/b.jpg", server.outputs["uploadEndpoint"], cdn
    )
    name = upload_name(result.key)
    _, body = request("GET", f"{cdn}/{manifest_key(name)}")
    template = json.loads(body)["urlTemplate"]
    files = ("large", "large.jpg", "large", "hero", "hero")
    urls = [template.replace("{rendition}", file) for file in files]
    # A cache keeps a stand-in for a minute; another version of the URL is another file to it.
    urls[-1] = urls[-1].replace("?v=", "?v=ffffffff&was=")
    answers = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for url in urls:
            if url == urls[-1]:
                wait_until(lambda: "b.jpg/hero.avif" in stored(server), 60)
            tab = browser.new_context().new_page()
            tab.on("response", lambda answer: answers.append(answer.all_headers()))
            tab.set_content(f'<img src="{url}">')
            tab.wait_for_function("document.images[0].complete")
            size = tab.evaluate(
                "[document.images[0].naturalWidth, document.images[0].naturalHeight]"
            )
            answers[-1] |= {"size": size}
        browser.close()
    return answers


def stored(server) -> set[str]:
    found = server.client("s3").list_objects_v2(Bucket=server.outputs["destinationBucket"])
    return {each["Key"] for each in found["Contents"]}


def test_it_is_shown_in_the_format_that_the_browser_asks_for(seen):
    types = [answer["content-type"] for answer in seen]
    assert types[:3] == ["image/webp", "image/jpeg", "image/webp"]
    assert [answer["size"] for answer in seen[:3]] == [[640, 480]] * 3


def test_a_lazy_format_is_a_jpeg_until_it_is_made(seen):
    before, after = seen[3:]
    assert [each["content-type"] for each in (before, after)] == ["image/jpeg", "image/avif"]
    assert [each["size"] for each in (before, after)] == [[320, 240]] * 2
    assert (before["cache-control"], before["vary"]) == ("public, max-age=60", "Accept")


def test_a_version_is_kept_for_ever(seen):
    for answer in (*seen[:3], seen[4]):
        assert answer["cache-control"] == "public, max-age=31536000, immutable"


def test_each_file_is_made_once_and_then_in_the_bucket(server, seen):
    assert stored(server) == {
        *("b.jpg/manifest.json", "b.jpg/thumb.jpg", "b.jpg/large.webp", "b.jpg/large.jpg"),
        *("b.jpg/hero.jpg", "b.jpg/hero.avif"),
    }
    metrics = server.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": server.outputs["viewFunctionName"]}],
        StartTime=0,
        EndTime=4_000_000_000,
        Period=86_400 * 365 * 50,
        Statistics=["Sum"],
    )
    # Two files were made, and one view was answered with another format.
    assert sum(point["Sum"] for point in metrics["Datapoints"]) == 3
