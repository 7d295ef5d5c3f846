"""Lazy formats of a clone: what has to be answered, and what fails the step."""

import re

import pytest

from bench.accept import first_views, lazy_formats, uploads
from bench.accept.first_views import UNDECLARED
from bench.accept.lazy_formats import check
from bench.accept.steps import StepFailed
from bench.accept.uploads import environment, render_each
from function.engine.renditions import Rendition
from local.uploader import Result
from ops.stack import Stack
from tests.support.accept import QUIET
from tests.support.accept import live as clone
from tests.support.aws_client import aws_client
from tests.support.manifests import rendition
from tests.support.pictures import encoded, opened
from tests.unit.bench.accept.test_uploads import png

HERO = Rendition(name="hero", width=20, height=10, formats=("png",), lazy_formats=("webp",))
OTHER, WANTED = "http://x/1/a.png/hero.png", "http://x/1/a.png/hero.webp"
UNKNOWN = f"http://out/1/a.png/{UNDECLARED}"
FUNCTION = "https://abc.lambda-url.us-east-1.on.aws/"
DIRECT = f"{FUNCTION}1/a.png/hero.webp"
BUSY = {"queue": [QUIET], "dead": [("1", "0", "0")], "formats": [QUIET]}


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    return path


@pytest.fixture
def see(monkeypatch, photo):
    """Run the step; ``answers`` stand in for what a URL is answered with, one after the other."""
    seconds = iter(range(10**6))
    monkeypatch.setattr(lazy_formats.time, "sleep", lambda _: None)
    monkeypatch.setattr(lazy_formats.time, "monotonic", lambda: next(seconds))

    def run(answers=None, *, status="ready", names=("hero.png", "hero.webp"), messages=None):
        messages = messages or {"queue": [QUIET], "dead": [QUIET], "formats": [QUIET]}
        live = clone(messages, delivery="cdn", renditions=(HERO,))
        outputs = live.stack.outputs | {"viewFunctionName": "v", "formatQueueUrl": "formats"}
        config = aws_client("lambda", get_function_url_config={"FunctionUrl": FUNCTION})
        clients = {"lambda": config, "sqs": live.stack.client("sqs")}
        vars(live)["stack"] = Stack(outputs=outputs, client=clients.__getitem__)
        ours = render_each(str(photo), environment(live.settings).format_task)["hero.webp"].body
        given = {
            OTHER: [(200, b"meanwhile")],
            WANTED: [(200, b"meanwhile"), (200, b"meanwhile"), (200, ours)],
            UNKNOWN: [(404, b"")],
            DIRECT: [(403, b"")],
        } | (answers or {})
        asked = []

        def request(method, url):
            asked.append(url)
            found = given[url.partition("?")[0]]
            return found.pop(0) if len(found) > 1 else found[0]

        result = Result(
            file=str(photo),
            key="uploads/1/a.png",
            status=status,
            error=None,
            ms=1,
            bytes=1,
            renditions=tuple(
                rendition(f"1/a.png/{name}").replace(
                    bytes=None, lazy=name == "hero.webp", url=f"http://x/1/a.png/{name}?v=01234567"
                )
                for name in names
            ),
        )
        monkeypatch.setattr(first_views, "request", request)
        monkeypatch.setattr(lazy_formats, "request", request)
        monkeypatch.setattr(lazy_formats, "upload_all", lambda *_, **__: [result])
        return check(live, [photo], lambda **_: None), asked

    return run


def test_a_stack_without_lazy_formats_skips_the_step():
    outcome = check(clone(), [], lambda **_: None)
    assert (outcome.state, outcome.detail) == ("skipped", "the stack has no lazy formats")


def test_another_format_comes_first_and_then_the_one_that_is_made(see):
    outcome, asked = see()
    assert outcome.state == "passed"
    assert re.fullmatch(
        r"1 format of 1 upload: another one within \d+ ms, made within [\d.]+ s; no dead letter",
        outcome.detail,
    )
    assert outcome.figures.differences == []
    assert (len(outcome.figures.meanwhile_ms), len(outcome.figures.made_s)) == (1, 1)
    versions = [url.partition("?v=")[2] for url in asked if url.startswith(WANTED)]
    assert len(set(versions)) == 3  # no cache has seen any of them
    assert all(re.fullmatch("[0-9a-f]{8}", version) for version in versions)
    assert "01234567" not in versions


def test_what_is_made_here_is_made_by_the_slower_encoder(photo, monkeypatch):
    avif = HERO.replace(lazy_formats=("avif",))
    settings = clone(delivery="cdn", renditions=(avif,)).settings
    speeds = []
    real = uploads.render
    monkeypatch.setattr(
        uploads,
        "render",
        lambda path, task: (speeds.append(task.patience > 5), real(path, task))[1],
    )
    made = render_each(str(photo), environment(settings).format_task)
    assert (list(made), speeds) == (["hero.avif"], [True])
    assert opened(made["hero.avif"].body).format == "AVIF"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "rejected"}, "a.png ended rejected"),
        ({"names": ("hero.png",)}, "does not name hero.webp"),
        ({"answers": {WANTED: [(200, b"another")]}}, "was not answered with another format"),
        ({"answers": {WANTED: [(200, b"meanwhile")]}}, "was not made within 120 s"),
        ({"answers": {WANTED: [(429, b"")]}}, "was answered with 429"),
        (
            {
                "answers": {
                    WANTED: [(200, b"meanwhile"), (200, encoded(opened(png((0, 0, 0))), "WEBP"))]
                }
            },
            "differs from the local one",
        ),
        ({"answers": {UNKNOWN: [(200, b"")]}}, "answered with 200, and has to be 404"),
        ({"answers": {DIRECT: [(200, b"")]}}, "answered a stranger with 200"),
        ({"messages": BUSY}, "dead-letter queue holds 1 message"),
    ],
)
def test_anything_else_fails_the_step(see, changes, told):
    with pytest.raises(StepFailed, match=told):
        see(**changes)
