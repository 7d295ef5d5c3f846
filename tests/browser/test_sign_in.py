"""The page of a stack with ``auth``: an app signs people in, by an attribute and an event."""

import time
from contextlib import ExitStack

import pytest

from local import server as servers
from local.deploy import deploy
from local.page import serve, stack_config
from pipeline import page
from tests.browser.axe import violations
from tests.browser.modes import LAPTOP, PHONE
from tests.browser.test_browser import OVERFLOW, SCREENSHOTS, card, drop
from tests.support.issuer import AUDIENCE

PER_HOUR = 2
SETTINGS = {
    "direct": {},
    "behind": {"delivery": "cdn", "site": "true", "wafRequestsPerMinute": 100_000},
}
PROVIDER = """<!doctype html><title>Provider</title>
<script>window.opener?.postMessage("signed in", "*")</script>"""
APP = """
window.reasons = [];
document.addEventListener("signinneeded", (event) => window.reasons.push(event.detail.reason));
"""


@pytest.fixture(scope="module")
def stacks(tmp_path_factory, issuer):
    """The signer asked directly, and through the CDN, which signs requests itself."""
    auth = {"issuer": issuer.url, "audience": AUDIENCE}
    given = {"uploads": "presigned", "auth": auth, "quotaPerHour": PER_HOUR, "maxUploadMb": 2}
    with ExitStack() as ends:
        urls = {}
        for mode, more in SETTINGS.items():
            server = servers.start(tmp_path_factory.mktemp("sign-in") / "state")
            ends.callback(servers.stop, server.folder)
            outputs = deploy(server, "local", settings=given | more)
            urls[mode] = outputs.get("siteUrl") or ends.enter_context(
                serve(
                    page.FOLDER,
                    stack_config(server, []),
                    endpoint=server.endpoint,
                    issuer=issuer.url,
                )
            )
        yield urls


@pytest.fixture
def mode():
    return "direct"


@pytest.fixture
def context(context):
    context.add_init_script(APP)
    return context


def sign_in(site, token):
    site.page.evaluate(
        "header => document.documentElement.dataset.authorization = header", f"Bearer {token}"
    )


def reasons(site):
    return site.page.evaluate("window.reasons")


def choose(site, *files):
    site.page.get_by_label("Choose photos").set_input_files(list(files))


@pytest.mark.parametrize("mode", SETTINGS)
def test_a_person_signs_in_and_uploads(site, mode, issuer, files):
    button = site.page.get_by_role("button", name="Sign in")
    button.wait_for()
    assert not site.page.get_by_text("Choose photos").is_visible()
    assert reasons(site) == ["missing"]
    button.click()
    assert reasons(site) == ["missing", "asked"]
    sign_in(site, issuer.token(sub=f"auth0|{mode}"))
    site.page.get_by_text("Choose photos").wait_for()
    assert not button.is_visible()
    choose(site, files["shot.png"])
    site.page.get_by_text("1 photo in, 5 renditions out").wait_for()
    shown = card(site, "shot.png").locator("img.photo.loaded")
    shown.wait_for()
    assert f"/auth0_7c{mode}/" in shown.evaluate("image => image.currentSrc")
    assert site.console == []


@pytest.mark.parametrize("mode", SETTINGS)
def test_a_provider_s_window_can_answer_the_page(site, mode, issuer):
    """Answers that providers' libraries need to sign a person in by a window."""
    issuer.documents["/authorize"] = PROVIDER.encode()
    site.page.evaluate(
        """url => {
            window.heard = new Promise((done) =>
                addEventListener("message", ({data}) => done(data)));
            window.open(url);
        }""",
        f"{issuer.url}/authorize",
    )
    answer = site.page.evaluate(
        "Promise.race([window.heard, new Promise(done => setTimeout(done, 10_000, 'nothing'))])"
    )
    assert answer == "signed in"


@pytest.mark.parametrize("mode", SETTINGS)
def test_the_page_may_ask_the_issuer(site, mode, issuer):
    sent = "url => fetch(url, {mode: 'no-cors'}).then(() => 'sent', String)"
    assert site.page.evaluate(sent, f"{issuer.url}/keys") == "sent"


def test_the_page_asks_for_a_sign_in_on_a_phone_and_a_laptop(site):
    for name, size in (("phone", PHONE), ("laptop", LAPTOP)):
        site.page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            site.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            site.page.screenshot(path=SCREENSHOTS / f"sign-in-{name}-{scheme}.png")
            assert violations(site.page) == [], f"{name}, {scheme}"
            assert site.page.evaluate(OVERFLOW) == 0


def test_an_expired_sign_in_is_told_and_the_upload_can_be_tried_again(site, issuer, files):
    sign_in(site, issuer.token(sub="late", exp=int(time.time()) - 3600))
    choose(site, files["shot.png"])
    site.page.get_by_text("Your sign-in has expired. Sign in again.").wait_for()
    site.page.get_by_role("button", name="Sign in").wait_for()
    assert reasons(site)[-1] == "expired"
    site.page.screenshot(path=SCREENSHOTS / "expired.png", full_page=True)
    sign_in(site, issuer.token(sub="late"))
    site.page.get_by_role("button", name="Try again").click()
    site.page.get_by_text("1 photo in, 5 renditions out").wait_for()


def test_an_app_that_renews_quietly_is_waited_for_by_each_of_many_photos(site, issuer, files):
    """A token that expires amid photos of one choice, as docs/auth.md proposes to handle it."""
    site.page.evaluate(
        """token => document.addEventListener("signinneeded", ({detail}) => {
            if (detail.reason !== "expired") return;
            window.renewals = (window.renewals ?? 0) + 1;
            const sign = () => (document.documentElement.dataset.authorization = token);
            setTimeout(sign, 1000);
        })""",
        f"Bearer {issuer.token(sub='patient')}",
    )
    sign_in(site, issuer.token(sub="patient", exp=int(time.time()) - 3600))
    choose(site, files["shot.png"], files["tall.webp"], files["notes.txt"], files["huge.jpg"])
    site.page.get_by_text("4 photos in, 10 renditions out, 2 not taken").wait_for()
    assert site.page.evaluate("window.renewals") == 1
    assert site.page.get_by_role("button", name="Try again").count() == 0


def test_a_photo_of_one_person_is_not_sent_as_another_s_by_itself(site, issuer, files):
    sign_in(site, issuer.token(sub="anna", exp=int(time.time()) - 3600))
    site.page.evaluate(
        """token => document.addEventListener("signinneeded", () => {
            document.documentElement.dataset.authorization = token;
        })""",
        f"Bearer {issuer.token(sub='berta')}",
    )
    choose(site, files["shot.png"])
    card(site, "shot.png").get_by_text("Someone else has signed in").wait_for()
    assert all("lambda-url" in url for url in site.sent)
    site.page.get_by_role("button", name="Try again").click()
    shown = card(site, "shot.png").locator("img.photo.loaded")
    shown.wait_for()
    assert "/berta/" in shown.evaluate("image => image.currentSrc")


def test_a_header_that_cannot_be_sent_is_told(site, files):
    site.page.evaluate("document.documentElement.dataset.authorization = 'Bearer a\\nb'")
    choose(site, files["shot.png"])
    card(site, "shot.png").get_by_text("was given a sign-in that it cannot send").wait_for()
    assert site.sent == []


def test_a_photo_that_is_pasted_before_the_sign_in_is_not_sent(site, issuer, files):
    drop(site.page, "paste", files["shot.png"])
    photo = card(site, "shot.png")
    photo.get_by_text("Sign in to upload photos.").wait_for()
    assert site.sent == []
    sign_in(site, issuer.token(sub="early"))
    photo.get_by_role("button", name="Try again").click()
    site.page.get_by_text("1 photo in, 5 renditions out").wait_for()


def test_a_quota_is_told_in_words(site, issuer, files):
    sign_in(site, issuer.token(sub="busy"))
    choose(site, files["shot.png"], files["tall.webp"], files["beach photo.jpg"])
    site.page.get_by_text("You may send 2 uploads an hour, and they are used up.").wait_for()
    site.page.get_by_text("3 photos in, 10 renditions out, 1 not taken").wait_for()
    site.page.screenshot(path=SCREENSHOTS / "quota.png", full_page=True)
    assert site.page.get_by_text("Choose photos").is_visible()


def test_a_header_that_is_no_token_is_told_to_the_app_as_a_reason_of_the_docs(site, files):
    """An app may forget ``Bearer``."""
    site.page.evaluate("document.documentElement.dataset.authorization = 'eyJ'")
    choose(site, files["shot.png"])
    card(site, "shot.png").get_by_text("Sign in to upload photos.").wait_for()
    assert reasons(site) == ["missing", "token"]


FAILURES = {
    401: "The upload was refused (status 401).",
    429: "Too many requests at this moment, from this network or from everybody.",
    502: "Uploads do not work at this moment (status 502).",
    503: "Too many people are uploading at this moment.",
}


@pytest.mark.parametrize("status", FAILURES)
def test_an_answer_that_the_signer_did_not_write_is_told_in_words(site, issuer, files, status):
    """Lambda answers 429 and 502 by itself."""
    sign_in(site, issuer.token(sub="unlucky"))
    answer = {"status": status, "body": "no JSON", "headers": {"Access-Control-Allow-Origin": "*"}}
    site.page.route("**/lambda-url/**", lambda route: route.fulfill(**answer))
    choose(site, files["shot.png"])
    card(site, "shot.png").get_by_text(FAILURES[status]).wait_for()
    assert (reasons(site)[-1] == "token") == (status == 401)
