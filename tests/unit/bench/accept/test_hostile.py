import time

import pytest

from bench.accept import hostile
from bench.accept.steps import StepFailed
from bench.accept.uploads import task
from function.engine.errors import Rejected
from function.engine.work import work
from function.manifest import ErrorFacts
from local.uploader import Result
from pipeline.settings import Settings
from tests.support.accept import live

MOST = Settings(memory=10240, max_megapixels=1000, timeout=60)


@pytest.mark.parametrize("settings", [Settings(), MOST], ids=["default", "most"])
@pytest.mark.parametrize("name", hostile.files())
def test_each_file_is_rejected_for_its_reason(name, settings):
    body, reason = hostile.files()[name]
    with pytest.raises(Rejected) as rejected:
        list(work(body, task(settings)))
    assert rejected.value.code == reason
    assert len(body) < 10_000


def test_the_files_are_the_same_at_any_time(monkeypatch):
    before = hostile.files()
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert hostile.files() == before


def result(**ended):
    return Result(
        **{"file": "", "key": "", "status": "rejected", "error": None} | ended, ms=1, bytes=1
    )


def answer(monkeypatch, **outcomes):
    """Have each upload end for its reason, or as told by name: status and code."""

    def upload_all(paths, *doors, presigned):
        assert isinstance(presigned, bool)
        return list(ends(paths, doors))

    def ends(paths, doors):
        assert doors == ("http://in", "http://out", "uploads/")
        for path in paths:
            body, reason = hostile.files()[path.name]
            assert path.read_bytes() == body
            status, code = outcomes.get(path.stem, ("rejected", reason))
            error = ErrorFacts(code=code, message="") if code else None
            yield result(status=status, error=error)

    monkeypatch.setattr(hostile, "upload_all", upload_all)


def test_rejections_are_told_and_the_queues_looked_at(monkeypatch, tmp_path):
    answer(monkeypatch)
    asked = []
    clone = live(asked=asked)
    outcome = hostile.check(clone, tmp_path)
    assert outcome.detail == (
        "5 rejected, no dead letter: bomb.png too_many_pixels, truncated.jpg truncated, "
        "external.svg unsafe_svg, polyglot.jpg polyglot, empty.jpg empty"
    )
    assert (asked, outcome.usd) == (["queue", "dead"], clone.cost([result()] * 5))


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        (("ready", None), r"ended ready \(ready\)"),
        (("failed", "internal"), r"ended failed \(internal\)"),
        (("rejected", "not_an_image"), r"ended rejected \(not_an_image\)"),
        (("refused", "truncated"), r"ended refused \(truncated\)"),
    ],
)
def test_another_end_fails(monkeypatch, tmp_path, ended, told):
    answer(monkeypatch, truncated=ended)
    with pytest.raises(StepFailed, match=rf"^truncated.jpg {told}, not rejected \(truncated\)\.$"):
        hostile.check(live(uploads="presigned"), tmp_path)


def test_a_form_takes_no_empty_file(monkeypatch, tmp_path):
    answer(monkeypatch, empty=("refused", "http_400"))
    clone = live(uploads="presigned")
    outcome = hostile.check(clone, tmp_path)
    assert outcome.detail.endswith(", empty.jpg http_400")
    assert outcome.usd == clone.cost([result()] * 4)
    with pytest.raises(StepFailed, match=r"empty.jpg ended refused"):
        hostile.check(live(), tmp_path)
