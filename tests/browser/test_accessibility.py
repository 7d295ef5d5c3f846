"""The page by keyboard, by screen reader, in the dark, enlarged and on a small phone."""

import pytest

from local import server as servers
from local.deploy import deploy
from local.page import serve, stack_config
from pipeline import page as page_files
from tests.browser.axe import violations
from tests.browser.modes import LAPTOP
from tests.browser.test_browser import OVERFLOW, SCREENSHOTS, card
from tests.support.issuer import AUDIENCE

VIEWS = {
    "phone-320": {"width": 320, "height": 640},
    "phone-375": {"width": 375, "height": 812},
    "laptop": LAPTOP,
    "laptop-200": {"width": LAPTOP["width"] // 2, "height": LAPTOP["height"] // 2},
}
"""A laptop's window at 200 % zoom has half as many pixels of CSS."""
CUT_TABLES = (
    "[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth).length"
)
ALLOW = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}


@pytest.fixture(scope="module")
def stacks(tmp_path_factory, issuer):
    """One stack whose users sign in, which has all states of the page."""
    settings = {
        "uploads": "presigned",
        "auth": {"issuer": issuer.url, "audience": AUDIENCE},
        "maxUploadMb": 2,
    }
    server = servers.start(tmp_path_factory.mktemp("accessibility") / "state")
    try:
        deploy(server, "local", settings=settings)
        config = stack_config(server, [])
        with serve(page_files.FOLDER, config, endpoint=server.endpoint, issuer=issuer.url) as url:
            yield {"public": url}
    finally:
        servers.stop(server.folder)


@pytest.fixture
def signed_in(site, issuer):
    sign_in(site, issuer)
    site.page.get_by_label("Choose photos").wait_for()
    return site


def sign_in(site, issuer):
    site.page.evaluate(
        "header => document.documentElement.dataset.authorization = header",
        f"Bearer {issuer.token(sub='anna')}",
    )


def choose(site, *files):
    site.page.get_by_label("Choose photos").set_input_files(list(files))


def look(site, state):
    """Look at the page in each size and scheme: axe finds nothing, and nothing is cut off."""
    page = site.page
    for view, size in VIEWS.items():
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=SCREENSHOTS / f"{state}-{view}-{scheme}.png", full_page=True)
            assert violations(page) == [], f"{view}, {scheme}"
            assert page.evaluate(OVERFLOW) == 0, f"{view}, {scheme}"
            assert page.evaluate(CUT_TABLES) == 0, f"{view}, {scheme}"
    enlarge = "size => document.documentElement.style.fontSize = size"
    page.set_viewport_size(VIEWS["phone-375"])
    page.evaluate(enlarge, "200%")
    page.screenshot(path=SCREENSHOTS / f"{state}-large-text.png", full_page=True)
    assert page.evaluate(OVERFLOW) == 0, "text at 200 %"
    page.evaluate(enlarge, "")


def test_signed_out(site):
    site.page.get_by_role("button", name="Sign in").wait_for()
    look(site, "signed-out")


def test_empty(signed_in):
    look(signed_in, "empty")


def test_a_page_without_its_config(site):
    site.page.route("**/config.json", lambda route: route.fulfill(status=404))
    site.page.reload()
    site.page.get_by_text("There is no config.json").wait_for()
    look(site, "no-config")


def test_uploading(signed_in, files):
    """The first three stay on their way, the fourth waits for its turn."""
    page = signed_in.page
    page.route("**/lambda-url/**", lambda _route: None)
    choose(signed_in, *[files[name] for name in ("beach photo.jpg", "shot.png", "tall.webp")])
    choose(signed_in, files["shot.png"])
    page.get_by_text("Uploading … 0 %").first.wait_for()
    look(signed_in, "uploading")


def test_waiting(signed_in, files):
    signed_in.page.route("**/manifest.json", lambda route: route.fulfill(status=404, headers=ALLOW))
    choose(signed_in, files["shot.png"])
    signed_in.page.get_by_text("Waiting for its renditions").wait_for()
    look(signed_in, "waiting")


def test_paused(signed_in, files):
    headers = {**ALLOW, "Retry-After": "600"}
    signed_in.page.route(
        "**/manifest.json", lambda route: route.fulfill(status=429, headers=headers)
    )
    choose(signed_in, files["shot.png"])
    signed_in.page.get_by_text("Too many requests came from this network").wait_for()
    look(signed_in, "paused")


def test_done_rejected_and_not_taken(signed_in, files):
    names = ("beach photo.jpg", "shot.png", "tall.webp", "broken.jpg", "notes.txt")
    choose(signed_in, *[files[name] for name in names])
    page = signed_in.page
    page.get_by_text("5 photos in, 15 renditions out, 1 rejected, 1 not taken").wait_for()
    for photo in page.locator("img.photo").all():
        photo.scroll_into_view_if_needed()
    page.locator("img.photo:not(.loaded)").first.wait_for(state="detached")
    page.evaluate("scrollTo(0, 0)")
    look(signed_in, "done")


MANIFESTS = {
    "deleted": ({"status": "deleted"}, "This upload has been deleted."),
    "held": ({"status": "held"}, "It can be seen once a moderator has approved it"),
    "moderated": (
        {"status": "rejected", "error": {"code": "moderated", "message": "A moderator said no."}},
        "A moderator said no.",
    ),
}


@pytest.mark.parametrize("state", MANIFESTS)
def test_other_outcomes(signed_in, files, state):
    manifest, sentence = MANIFESTS[state]
    answer = {"json": {"schema": 1, **manifest}, "headers": ALLOW}
    signed_in.page.route("**/manifest.json", lambda route: route.fulfill(**answer))
    choose(signed_in, files["shot.png"])
    signed_in.page.get_by_text(sentence).wait_for()
    look(signed_in, state)


def focused(page):
    """The role and name under which a screen reader hears of the element that has the focus."""
    return page.evaluate(
        """() => {
            const {activeElement: e} = document;
            return [e.localName, e.ariaLabel ?? e.labels?.[0]?.textContent ?? e.textContent];
        }"""
    )


def test_all_that_a_mouse_can_do_a_keyboard_can(signed_in, files):
    """Tab goes through the card from top to bottom, and each stop can be seen to have the focus."""
    page = signed_in.page
    choose(signed_in, files["shot.png"])
    page.get_by_text("1 photo in, 5 renditions out").wait_for()
    page.bring_to_front()
    page.evaluate("document.activeElement.blur()")
    stops = []
    while (page.keyboard.press("Tab"), focused(page))[1][0] != "body" and len(stops) < 30:
        stops.append(focused(page))
        assert page.evaluate(HAS_OUTLINE), stops[-1]
    assert [kind for kind, _ in stops] == ["input", "a", *["a", "button"] * 5, "button", "button"]
    names = [name for _, name in stops]
    assert names[0] == "Choose photos"
    assert names[1].startswith("Open shot.png, ")
    assert names[2].startswith("large as ")
    assert names[-2:] == ["Copy the HTML of shot.png", "Copy the manifest URL of shot.png"]
    assert len(set(names)) == len(names)


HAS_OUTLINE = """() => {
    const {activeElement: e} = document;
    const shown = e.id === "files" ? e.labels[0] : e;
    return getComputedStyle(shown).outlineStyle === "solid";
}"""


def test_trying_again_keeps_the_keyboard_at_the_photo(signed_in, files):
    """The button goes away, and the focus would go back to the start of the page with it."""
    page = signed_in.page
    page.route("**/lambda-url/**", lambda route: route.abort())
    choose(signed_in, files["shot.png"])
    button = card(signed_in, "shot.png").get_by_role("button", name="Try again")
    button.focus()
    page.unroute_all()
    page.keyboard.press("Enter")
    assert focused(page) == ["h2", "shot.png"]
    page.get_by_text("1 photo in, 5 renditions out").wait_for()
    page.keyboard.press("Tab")
    assert focused(page)[1].startswith("large as ")


def test_signing_in_and_out_keeps_the_keyboard_where_it_was(site, issuer):
    page = site.page
    page.get_by_role("button", name="Sign in").focus()
    sign_in(site, issuer)
    page.get_by_label("Choose photos").wait_for()
    assert focused(page) == ["input", "Choose photos"]
    page.evaluate("delete document.documentElement.dataset.authorization")
    page.get_by_role("button", name="Sign in").wait_for()
    assert focused(page) == ["button", "Sign in"]


def test_a_screen_reader_hears_the_outcome(signed_in, files):
    """The line of totals is a live region, which says each change of it."""
    status = signed_in.page.get_by_role("status")
    choose(signed_in, files["shot.png"], files["notes.txt"])
    signed_in.page.get_by_text("2 photos in, 5 renditions out, 1 not taken").wait_for()
    assert status.inner_text() == "2 photos in, 5 renditions out, 1 not taken"
    snapshot = card(signed_in, "shot.png").aria_snapshot()
    assert 'heading "shot.png" [level=2]' in snapshot
    assert 'table "Renditions of shot.png"' in snapshot
    assert 'link "Open shot.png, ' in snapshot
    assert 'img "The uploaded picture shot.png"' in snapshot
