"""First views of a clone: what has to be answered, and what fails the step."""

import pytest

from bench.accept import first_views
from bench.accept.first_views import UNDECLARED, check
from bench.accept.steps import StepFailed
from bench.accept.uploads import environment, render_each
from function.engine.renditions import Rendition
from local.uploader import Result
from ops.stack import Stack
from tests.support.accept import live as clone
from tests.support.aws_client import aws_client
from tests.support.manifests import rendition
from tests.unit.bench.accept.test_uploads import png

LAZY = Rendition(name="large", width=20, height=10, formats=("png",), lazy=True)
SMALL = Rendition(name="small", width=8, height=4, formats=("png",))
URL = "https://abc.lambda-url.us-east-1.on.aws/"
FILE = "1/a.png/large.png"


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    return path


@pytest.fixture
def live():
    made = clone(delivery="cdn", renditions=(LAZY, SMALL))
    client = aws_client("lambda", get_function_url_config={"FunctionUrl": URL})
    outputs = made.stack.outputs | {"viewFunctionName": "views"}
    stack = Stack(outputs=outputs, client={"lambda": client}.__getitem__)
    vars(made)["stack"] = stack
    return made


@pytest.fixture
def seen(monkeypatch, photo, live):
    """Run the step; ``answers`` stand in for what a URL is answered with, one after the other."""

    def run(*, status="ready", is_lazy=True, **answers):
        ours = render_each(str(photo), environment(live.settings).view_task)["large.png"].body
        given = {
            f"http://x/{FILE}": [(200, ours)],
            f"http://out/1/a.png/{UNDECLARED}": [(404, b"")],
            f"{URL}{FILE}": [(403, b"")],
        }
        for name, found in answers.items():
            (url,) = [url for url in given if name in url]
            given[url] = found
        asked = []

        def request(method, url):
            asked.append((method, url))
            return given[url].pop(0) if len(given[url]) > 1 else given[url][0]

        result = Result(
            file=str(photo),
            key="uploads/1/a.png",
            status=status,
            error=None,
            ms=1,
            bytes=1,
            renditions=(
                rendition(FILE).replace(bytes=None, lazy=is_lazy),
                rendition("1/a.png/small.png"),
            ),
        )
        monkeypatch.setattr(first_views, "request", request)
        monkeypatch.setattr("bench.accept.uploads.request", request)
        monkeypatch.setattr(first_views, "upload_all", lambda *_, **__: [result])
        return check(live, [photo], lambda **_: None), asked

    return run


def test_a_stack_without_lazy_renditions_skips_the_step():
    outcome = check(clone(), [], lambda **_: None)
    assert (outcome.state, outcome.detail) == ("skipped", "the stack has no lazy renditions")


def test_each_lazy_rendition_is_viewed_twice_and_compared(seen):
    outcome, asked = seen()
    assert outcome.state == "passed"
    assert outcome.detail.startswith("1 first view of 1 upload, the slowest ")
    figures = outcome.figures
    assert (len(figures.first_ms), len(figures.second_ms), figures.differences) == (1, 1, [])
    assert [url for _, url in asked].count(f"http://x/{FILE}") == 3
    assert {url for _, url in asked} == {
        f"http://x/{FILE}",
        f"http://out/1/a.png/{UNDECLARED}",
        f"{URL}{FILE}",
    }


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"status": "rejected"}, "a.png ended rejected"),
        ({"is_lazy": False}, "names no lazy rendition"),
        ({"http://x": [(404, b"")]}, "was answered with 404"),
        ({"http://x": [(200, b"a"), (200, b"b")]}, "other bytes the second time"),
        ({"http://x": [(200, png((0, 0, 0)))]}, "differs from the local one"),
        ({UNDECLARED: [(200, b"")]}, "answered with 200, and has to be 404"),
        ({"lambda-url": [(200, b"")]}, "answered a stranger with 200"),
    ],
)
def test_anything_else_fails_the_step(seen, answers, told):
    with pytest.raises(StepFailed, match=told):
        seen(**answers)
