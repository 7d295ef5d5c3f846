"""The page of a stack that holds uploads: they wait for review, and what people see of that."""

import json

import pytest
from playwright.sync_api import sync_playwright

from function.contract import Verdict
from function.contract.keys import manifest_key, upload_name
from function.contract.messages import moderation_event
from local import server as servers
from local.deploy import deploy
from local.http import request
from local.page import serve, stack_config
from pipeline import page as page_files
from tests.browser.axe import violations
from tests.browser.conftest import CHROMIUM, Site, open_site
from tests.browser.modes import LAPTOP, PHONE
from tests.browser.test_browser import SCREENSHOTS
from tests.support.waiting import wait_until

WAITS = "1 photo in, 0 renditions out, 1 waiting for review"


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """An embedded AWS with a stack that holds uploads, and the URL of its page."""
    server = servers.start(tmp_path_factory.mktemp("browser") / "state")
    try:
        deploy(server, "local", settings={"image-pipeline:publish": "held"})
        with serve(page_files.FOLDER, stack_config(server, []), endpoint=server.endpoint) as url:
            yield server, url
    finally:
        servers.stop(server.folder)


@pytest.fixture(scope="module")
def browser(held):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def site(context, held) -> Site:
    """The page in a tab, whose clock a test can move on."""
    tab = context.new_page()
    tab.clock.install()
    return open_site(tab, held[1], "public")


def upload(site, files, name="shot.png"):
    """Choose a file, and return the key under which the page sent it, once it waits."""
    site.page.get_by_label("Choose photos").set_input_files([files[name]])
    site.page.get_by_text(WAITS).wait_for()
    return "uploads/" + site.sent[-1].partition("/uploads/")[2]


def decide(held, key, verdict):
    """Decide as a moderator does, and wait until the manifest says so."""
    server = held[0]
    source = server.outputs["sourceBucket"]
    version = server.client("s3").head_object(Bucket=source, Key=key)["VersionId"]
    body = moderation_event(
        source, key, version, verdict, by="test", at="2026-11-28T00:00:00Z", reason=""
    )
    server.client("sqs").send_message(QueueUrl=server.outputs["queueUrl"], MessageBody=body)
    url = f"{server.outputs['deliveryUrl']}/{manifest_key(upload_name(key))}"
    wait_until(lambda: json.loads(request("GET", url)[1])["status"] != "held", 60, str)


def card(site):
    return site.page.get_by_role("article")


def test_an_upload_waits_for_review_and_nothing_of_the_picture_is_asked_for(site, files):
    got = []
    site.page.on("response", lambda response: got.append(response.url))
    upload(site, files)
    assert "Waiting for review" in card(site).inner_text()
    assert "once a moderator has approved it" in card(site).inner_text()
    assert card(site).locator("img, picture, a, table").count() == 0
    assert card(site).locator(".frame").get_attribute("style") is None
    outside = {url for url in got if "shot.png" in url and not url.endswith("/manifest.json")}
    assert outside == set(site.sent)
    for name, size in (("phone", PHONE), ("laptop", LAPTOP)):
        site.page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            site.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            site.page.screenshot(path=SCREENSHOTS / f"held-{name}-{scheme}.png", full_page=True)
            assert violations(site.page) == []
    assert site.console == []


def test_it_is_shown_once_a_moderator_has_approved_it(site, files, held):
    key = upload(site, files)
    decide(held, key, Verdict.APPROVE)
    site.page.clock.fast_forward(6_000)
    site.page.get_by_text("1 photo in, 5 renditions out").wait_for()
    card(site).locator("img.photo.loaded").wait_for()
    assert "Waiting for review" not in card(site).inner_text()
    # How long a moderator took is no latency of the pipeline.
    assert "Median latency" not in site.page.locator("#totals").inner_text()
    assert "from upload to manifest" not in card(site).inner_text()
    site.page.screenshot(path=SCREENSHOTS / "approved.png", full_page=True)
    assert site.console == []


def test_one_that_a_moderator_rejected_says_so(site, files, held):
    key = upload(site, files)
    decide(held, key, Verdict.REJECT)
    site.page.clock.fast_forward(6_000)
    site.page.get_by_text("1 photo in, 0 renditions out, 1 rejected").wait_for()
    assert "Not approved" in card(site).inner_text()
    assert "A moderator did not approve this image." in card(site).inner_text()
    assert card(site).locator("img, button").count() == 0
    site.page.screenshot(path=SCREENSHOTS / "not-approved.png", full_page=True)
    assert site.console == []


def test_one_that_was_deleted_while_it_waited_says_so(site, files, held):
    server, key = held[0], upload(site, files)
    server.client("s3").delete_object(Bucket=server.outputs["sourceBucket"], Key=key)
    url = f"{server.outputs['deliveryUrl']}/{manifest_key(upload_name(key))}"
    wait_until(lambda: request("GET", url)[0] != 200, 60, str)
    site.page.clock.fast_forward(6_000)
    site.page.get_by_text("This upload has been deleted.").wait_for()


def test_a_reload_keeps_what_waits_until_it_was_decided_about(site, files, held):
    key = upload(site, files)
    site.page.reload()
    site.page.get_by_text(WAITS).wait_for()
    assert "shot.png" in card(site).inner_text()
    site.page.reload()
    site.page.get_by_text(WAITS).wait_for()
    decide(held, key, Verdict.APPROVE)
    site.page.reload()
    site.page.get_by_text("1 photo in, 5 renditions out").wait_for()
    site.page.reload()
    site.page.get_by_text("No photos yet.").wait_for()
    assert site.console == []


def test_another_tab_knows_nothing_of_it(site, files, held, context):
    upload(site, files)
    other = context.new_page()
    other.goto(held[1])
    other.get_by_text("No photos yet.").wait_for()
