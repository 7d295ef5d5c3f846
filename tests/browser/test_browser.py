"""The page as a person uses it, in headless Chromium against the embedded AWS."""

import base64
import re
import time
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from pathlib import Path

import pytest
from PIL import Image

from local.http import request
from signer.handler import clean
from tests.browser.axe import violations
from tests.browser.modes import LAPTOP, MODES, PHONE
from tests.support.uploads import ULTRA_HDR

PHOTOS = ("beach photo.jpg", "shot.png", "tall.webp")
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SCREENSHOTS = Path(__file__).parents[2] / ".cache" / "screenshots"


@pytest.fixture
def done(site, files):
    """Three photos and a broken file, uploaded, each with its outcome on the page."""
    chosen = [files[name] for name in (*PHOTOS, "broken.jpg")]
    site.page.get_by_label("Choose photos").set_input_files(chosen)
    site.page.get_by_text("4 photos in, 15 renditions out, 1 rejected").wait_for()
    return site


def card(site, name):
    return site.page.locator("article", has=site.page.get_by_role("heading", name=name))


def drop(page, event, path):
    """Give the page a file as the browser would after a drop or a paste."""
    page.evaluate(
        """([event, name, content]) => {
            const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, {type: "image/png"}));
            const made = event === "paste"
                ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true})
                : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
            document.body.dispatchEvent(made);
        }""",
        [event, path.name, base64.b64encode(path.read_bytes()).decode()],
    )


@pytest.mark.parametrize("mode", MODES)
def test_three_photos_and_a_broken_file_reach_their_outcomes(done):
    for name in PHOTOS:
        photo = card(done, name)
        photo.scroll_into_view_if_needed()
        shown = photo.locator("img.photo.loaded")
        shown.wait_for()
        source = shown.evaluate("image => image.currentSrc")
        assert re.search(r"/(large[.]avif|(medium|small)[.]jpg)[?]v=", source), source
        assert photo.locator("img.backdrop").get_attribute("src").startswith("data:image/png")
        assert photo.locator("tbody tr").count() == 4
        assert "% smaller" in photo.inner_text() or "No smaller" in photo.inner_text()
        assert " from upload to manifest" in photo.inner_text()
        for link in photo.locator("td a").all():
            assert request("GET", link.get_attribute("href"))[0] == 200
    broken = card(done, "broken.jpg")
    assert "Not accepted" in broken.inner_text()
    assert "The end of this image is missing." in broken.inner_text()
    assert broken.get_by_role("button").count() == 0
    assert done.console == []


@pytest.mark.parametrize("mode", MODES)
def test_uploads_take_the_way_of_the_stack(done):
    door = {"presigned": "/_aws/lambda-url/", "limited": "/_sign"}.get(done.mode, "no signer")
    signer = [url for url in done.sent if door in url]
    assert len(signer) == (0 if done.mode == "public" else 4)
    assert len(done.sent) - len(signer) == 4


def test_anyone_can_use_it(done):
    for name, size in (("phone", PHONE), ("laptop", LAPTOP)):
        done.page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            done.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for photo in done.page.locator("img.photo").all():
                photo.scroll_into_view_if_needed()
            done.page.locator("img.photo:not(.loaded)").first.wait_for(state="detached")
            done.page.evaluate("scrollTo(0, 0)")
            done.page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}.png", full_page=True)
            assert violations(done.page) == [], f"{name}, {scheme}"
            assert done.page.evaluate(OVERFLOW) == 0, f"{name}, {scheme}"


def test_the_empty_page_is_usable_by_keyboard(site):
    # Listened to from here on, or the dialog may open before Chromium knows that it is watched.
    site.page.on("filechooser", lambda _chooser: None)
    assert violations(site.page) == []
    site.page.bring_to_front()
    site.page.keyboard.press("Tab")
    assert site.page.evaluate("document.activeElement.id") == "files"
    with site.page.expect_file_chooser() as chooser:
        site.page.keyboard.press("Space")
    assert chooser.value.is_multiple()


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_photos_can_be_dropped_and_pasted(site, files, event):
    drop(site.page, event, files["shot.png"])
    site.page.get_by_text("1 photo in, 5 renditions out").wait_for()
    assert site.console == []


def test_what_cannot_be_uploaded_is_never_sent(site, files):
    chosen = [files["huge.jpg"], files["notes.txt"]]
    site.page.get_by_label("Choose photos").set_input_files(chosen)
    site.page.get_by_text("2 photos in, 0 renditions out, 2 not taken").wait_for()
    assert "This file has 2.50 MB; the limit is 2 MB." in card(site, "huge.jpg").inner_text()
    assert "does not end in a picture format" in card(site, "notes.txt").inner_text()
    assert site.sent == []


def test_what_no_rendition_keeps_is_said(site, files, tmp_path):
    moving = tmp_path / "moving.gif"
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green")]
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    site.page.get_by_label("Choose photos").set_input_files([moving, files["beach photo.jpg"]])
    site.page.get_by_text("2 photos in, 10 renditions out").wait_for()
    assert card(site, "moving.gif").locator(".losses").inner_text() == "Not kept: its motion."
    assert card(site, "beach photo.jpg").locator(".losses").count() == 0
    site.page.screenshot(path=SCREENSHOTS / "losses.png", full_page=True)
    assert site.console == []


def test_an_upload_that_was_deleted_meanwhile_says_so(site, files):
    answer = {"json": {"schema": 1, "status": "deleted"}}
    allow = {"Access-Control-Allow-Origin": "*"}
    site.page.route("**/manifest.json", lambda route: route.fulfill(**answer, headers=allow))
    site.page.get_by_label("Choose photos").set_input_files([files["shot.png"]])
    site.page.get_by_text("This upload has been deleted.").wait_for()


NAMES = [
    *("my photo (1).JPG", "../../etc/passwd", "été.png", "夏.webp", "${filename}", ".x", "///"),
    # Long ones; a character of two UTF-16 units is one, and halves of it are none.
    *("x" * 300 + ".jpeg", "x." + "y" * 300, "x" * 300, "𠮷" * 60 + ".jpeg", "x" + "𠮷" * 99),
]


def test_the_page_and_the_signer_make_the_same_of_a_name(site):
    made = site.page.evaluate(
        "names => import('/upload.js').then(upload => names.map(upload.partOfKey))", NAMES
    )
    assert made == [clean(name) for name in NAMES]


@pytest.mark.parametrize("mode", MODES)
def test_an_upload_that_broke_off_can_be_tried_again(site, files):
    page = site.page
    page.route(lambda url: "source" in url, lambda route: route.abort())
    page.get_by_label("Choose photos").set_input_files([files["shot.png"]])
    page.get_by_text("The connection was lost.").wait_for()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("1 photo in, 5 renditions out").wait_for()
    assert page.get_by_role("button", name="Try again").count() == 0


@contextmanager
def rate_rule(server, limit, seconds):
    """AWS WAF with another limit and another waiting time; restored afterwards."""
    client = server.client("wafv2")
    (found,) = client.list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    name = {"Name": found["Name"], "Scope": "CLOUDFRONT", "Id": found["Id"]}

    def put(rules):
        got = client.get_web_acl(**name)
        kept = {key: got["WebACL"][key] for key in ("DefaultAction", "VisibilityConfig")}
        client.update_web_acl(**name, **kept, Rules=rules, LockToken=got["LockToken"])

    before = client.get_web_acl(**name)["WebACL"]["Rules"]
    changed = deepcopy(before)
    changed[0]["Statement"]["RateBasedStatement"]["Limit"] = limit
    headers = changed[0]["Action"]["Block"]["CustomResponse"]["ResponseHeaders"]
    headers[0] = {"Name": "Retry-After", "Value": str(seconds)}
    put(changed)
    yield
    put(before)


@pytest.mark.parametrize("mode", ["limited"])
def test_a_network_that_is_blocked_pauses_says_so_and_goes_on(site, files, deployed):
    """The rule blocks from the first question for a manifest on, until the pause is over."""
    asked, page, ends = [], site.page, ExitStack()

    def watch(route):
        asked.append(time.monotonic())
        if len(asked) == 1:
            ends.enter_context(rate_rule(deployed["limited"][0], 10, 2))
        route.continue_()

    with ends:
        page.route("**/manifest.json", watch)
        page.get_by_label("Choose photos").set_input_files([files["shot.png"]])
        page.get_by_text("Too many requests came from this network").wait_for()
        page.screenshot(path=SCREENSHOTS / "paused.png", full_page=True)
        assert len(asked) == 1
    page.get_by_text("1 photo in, 5 renditions out").wait_for()
    assert asked[1] - asked[0] >= 2
    assert site.console == []


@pytest.mark.parametrize("mode", ["limited"])
def test_who_may_not_ask_for_a_form_is_told_and_can_try_again(site, files, deployed):
    page = site.page
    page.get_by_label("Choose photos").set_input_files([files["shot.png"]])
    page.get_by_text("1 photo in, 5 renditions out").wait_for()
    with rate_rule(deployed["limited"][0], 10, 2):
        page.get_by_label("Choose photos").set_input_files([files["beach photo.jpg"]])
        page.get_by_text("Too many requests at this moment").wait_for()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("2 photos in, 10 renditions out").wait_for()


def test_a_photo_that_is_not_there_yet_can_be_looked_for_again(site, files):
    page = site.page
    headers = {
        "Retry-After": "0.01",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After",
    }
    page.add_init_script("Math.random = () => 0")
    page.reload()
    page.route("**/manifest.json", lambda route: route.fulfill(status=429, headers=headers))
    page.get_by_label("Choose photos").set_input_files([files["shot.png"]])
    page.get_by_text("Too many requests at this moment").wait_for()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("1 photo in, 5 renditions out").wait_for()


def test_progress_is_shown_while_a_file_is_sent(site, files):
    session = site.page.context.new_cdp_session(site.page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    session.send("Network.emulateNetworkConditions", slow)
    site.page.get_by_label("Choose photos").set_input_files([files["beach photo.jpg"]])
    bar = site.page.get_by_role("progressbar", name="Upload of beach photo.jpg")
    bar.wait_for()
    seen = set()
    while values := bar.evaluate_all("bars => bars.map((bar) => bar.value)"):
        seen.update(values)
    assert len([share for share in seen if 0 < share < 1]) >= 2


def test_urls_and_markup_can_be_copied(done):
    shot = card(done, "shot.png")
    shot.get_by_role("button", name="Copy the URL of large as AVIF").click()
    shot.get_by_role("button", name="Copied: Copy the URL of large as AVIF").wait_for()
    copied = done.page.evaluate("navigator.clipboard.readText()")
    assert copied.partition("?")[0].endswith("/shot.png/large.avif")
    shot.get_by_role("button", name="Copy the HTML of shot.png").click()
    shot.get_by_role("button", name="Copied: Copy the HTML of shot.png").wait_for()
    markup = done.page.evaluate("navigator.clipboard.readText()")
    assert markup.startswith('<picture>\n  <source type="image/avif" srcset="http')
    (avif,) = re.findall('type="image/avif" srcset="([^"]+)"', markup)
    files = [url.rpartition("/")[2].partition("?")[0] for url in avif.split(", ")]
    assert files == ["small.jpg", "medium.jpg", "large.avif"]  # for each size what is smallest
    assert markup.endswith('alt="">\n</picture>')
    shot.get_by_role("button", name="Copy the manifest URL of shot.png").click()
    shot.get_by_role("button", name="Copied: Copy the manifest URL of shot.png").wait_for()
    manifest = done.page.evaluate("navigator.clipboard.readText()")
    assert done.page.request.get(manifest).json()["status"] == "ready"


def test_a_screen_that_shows_hdr_is_offered_the_jpeg_with_the_gain_map(site, tmp_path):
    path = tmp_path / "bright.jpg"
    path.write_bytes(ULTRA_HDR["jpeg-ultra-hdr"][1])
    site.page.get_by_label("Choose photos").set_input_files([path])
    site.page.get_by_text("1 photo in, 5 renditions out").wait_for()
    shot = card(site, "bright.jpg")
    offered = [
        [source.get_attribute(name) or "" for name in ("media", "type")]
        for source in shot.locator("picture source").all()
    ]
    assert offered == [
        ["(dynamic-range: high)", "image/jpeg"],
        ["", "image/avif"],
        ["", "image/jpeg"],
    ]
    shot.get_by_role("button", name="Copy the HTML of bright.jpg").click()
    shot.get_by_role("button", name="Copied: Copy the HTML of bright.jpg").wait_for()
    markup = site.page.evaluate("navigator.clipboard.readText()")
    assert '<source media="(dynamic-range: high)" type="image/jpeg" srcset="http' in markup
    assert '<source type="image/avif" srcset="http' in markup
