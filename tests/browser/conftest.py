"""A real browser, and the page served against an embedded AWS, once for each way to upload."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from local import server as servers
from local.deploy import deploy
from local.page import serve, stack_config
from local.server import Server
from pipeline import page
from tests.browser.modes import LAPTOP, MODES

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)


def pytest_collection_modifyitems(items):
    if CHROMIUM is None:
        skip = pytest.mark.skip(reason="no Chromium here; apt-get install chromium")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@dataclass(kw_only=True)
class Site:
    """The page in a tab, and all that it did there."""

    page: Page
    mode: str
    hosts: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        """Keep errors, except the browser's own line about a manifest that does not exist yet."""
        polled = message.location["url"].endswith("/manifest.json")
        if message.type in ("error", "warning") and not (
            polled and message.text.startswith("Failed to load resource")
        ):
            self.console.append(f"{message.type}: {message.text}")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory) -> Iterator[dict[str, tuple[Server, str]]]:
    """Each mode's embedded AWS and URL of the page, served on this machine or by its own CDN."""
    with ExitStack() as ends:
        found = {}
        for mode, settings in MODES.items():
            server = servers.start(tmp_path_factory.mktemp("browser") / "state")
            ends.callback(servers.stop, server.folder)
            keys = {f"image-pipeline:{key}": value for key, value in settings.items()}
            outputs = deploy(server, "local", settings=keys)
            url = outputs.get("siteUrl") or ends.enter_context(
                serve(page.FOLDER, stack_config(server, []), endpoint=server.endpoint)
            )
            found[mode] = server, url
        yield found


@pytest.fixture(scope="module")
def stacks(deployed) -> dict[str, str]:
    """URLs of the page, by mode."""
    return {mode: url for mode, (_, url) in deployed.items()}


@pytest.fixture(scope="module")
def browser(stacks) -> Iterator[Browser]:
    """Open after the stacks are up and no longer than the module: Playwright keeps its event loop
    running, and Pulumi would take it for its own.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def mode() -> str:
    """How uploads are taken, where a test does not say."""
    return "public"


@pytest.fixture
def context(browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport=LAPTOP, permissions=["clipboard-read", "clipboard-write"]
    )
    context.set_default_timeout(90_000)
    yield context
    context.close()


@pytest.fixture
def site(context, stacks, mode) -> Site:
    """The page, open in a tab; no test there may cause a complaint in its console."""
    return open_site(context.new_page(), stacks[mode], mode)


def open_site(tab: Page, url: str, mode: str) -> Site:
    """Open the page in a tab, and watch what it does there."""
    site = Site(page=tab, mode=mode)
    tab.on("console", site.heard)
    tab.on("pageerror", lambda error: site.console.append(f"uncaught: {error}"))
    tab.on("request", lambda request: _note(site, request))
    tab.goto(url)
    tab.get_by_text("No photos yet.").wait_for()
    return site


def _note(site, request):
    parts = urlsplit(request.url)
    if parts.scheme != "data":
        site.hosts.add(parts.hostname)
    if request.method in ("PUT", "POST"):
        site.sent.append(request.url)


@pytest.fixture(scope="session")
def files(tmp_path_factory) -> dict[str, Path]:
    """Three photos of the kinds that phones make, one that broke off, and two that cannot go."""
    folder = tmp_path_factory.mktemp("files")
    sky = Image.linear_gradient("L").resize((2400, 1800))
    ground = sky.rotate(180)
    photo = Image.merge("RGB", (ground, sky.rotate(90), sky))
    made = {name: folder / name for name in ("beach photo.jpg", "shot.png", "tall.webp")}
    photo.save(made["beach photo.jpg"], quality=95)
    photo.resize((800, 600)).save(made["shot.png"])
    photo.resize((900, 1600)).save(made["tall.webp"])
    whole = made["beach photo.jpg"].read_bytes()
    for name, content in {
        "broken.jpg": whole[: len(whole) // 2],
        "huge.jpg": b"\xff\xd8\xff" + bytes(2_499_997),
        "notes.txt": b"not a picture",
    }.items():
        made[name] = folder / name
        made[name].write_bytes(content)
    return made
