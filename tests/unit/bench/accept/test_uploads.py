import io
from dataclasses import replace

import pytest
from PIL import Image

from bench.accept import uploads
from bench.accept.steps import StepFailed
from bench.accept.uploads import MEAN_LIMIT, Difference, compare, task
from function.engine.renditions import Quality, Rendition
from function.engine.results import Rendered
from function.engine.work import work
from local.uploader import Result
from pipeline.settings import Settings
from tests.support.accept import live
from tests.support.manifests import rendition

GREY = (100, 100, 100)


def png(colour=GREY, size=(20, 10), *, dot=None, level=6):
    image = Image.new("RGB", size, colour)
    if dot:
        image.putpixel((0, 0), dot)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=level)
    return buffer.getvalue()


def local(body):
    return {"small.png": Rendered("small", "png", 20, 10, body)}


def result(*keys):
    return Result(
        file="/photos/a.jpg",
        key="uploads/1/a.jpg",
        status="ready",
        error=None,
        ms=1,
        bytes=1,
        renditions=tuple(map(rendition, keys)),
    )


@pytest.fixture
def found(monkeypatch):
    """Compare a rendition that is answered with ``body`` with the local one, ``ours``."""

    def compared(body, ours, status=200):
        asked = []

        def get(method, url):
            asked.append((method, url))
            return status, body

        monkeypatch.setattr(uploads, "request", get)
        differences = list(compare(result("1/a.jpg/small.png"), local(ours)))
        assert asked == [("GET", "http://x/1/a.jpg/small.png")]
        return differences

    return compared


def test_equal_bytes_are_no_difference(found):
    assert found(png(), png()) == []


def test_other_bytes_of_the_same_pixels_are_told(found):
    theirs = png(level=0)
    (difference,) = found(theirs, png())
    assert difference == Difference(
        photo="a.jpg",
        rendition="small.png",
        local_bytes=len(png()),
        remote_bytes=len(theirs),
        mean=0.0,
        largest=0,
    )


def test_how_far_pixels_are_apart_is_told(found):
    (difference,) = found(png(dot=(140, 100, 100)), png())
    assert (difference.mean, difference.largest) == (round(40 / (20 * 10 * 4), 3), 40)


def test_a_picture_that_looks_different_fails(found):
    assert MEAN_LIMIT == 2
    assert found(png((102, 102, 102)), png())[0].mean == 1.5  # alpha is one of four, and equal
    with pytest.raises(StepFailed, match=r"small.png of a.jpg differs .* by 2\.2 levels"):
        found(png((103, 103, 103)), png())
    with pytest.raises(StepFailed, match="by 255"):
        found(png(size=(10, 20)), png())


def test_a_rendition_that_cannot_be_read_fails(found):
    with pytest.raises(StepFailed, match=r"GET http://x/1/a.jpg/small.png was answered with 403"):
        found(png(), png(), status=403)


def test_renditions_that_are_missing_fail():
    with pytest.raises(StepFailed, match=r"a.jpg has the renditions \[\], not \['small.png'\]"):
        list(compare(result(), local(png())))


def test_the_engine_is_asked_what_the_function_is_asked():
    renditions = (Rendition.parse({"name": "a", "width": 5, "height": 5, "formats": ["png"]}),)
    settings = Settings(
        renditions=renditions,
        memory=512,
        max_megapixels=2,
        background="#112233",
        quality=Quality.BEST,
        native_decoder=False,
    )
    asked = task(settings)
    assert asked.renditions == renditions
    assert (asked.max_pixels, asked.memory_mb, asked.background) == (2_000_000, 512, "#112233")
    assert (asked.quality, asked.native_decoder) == (Quality.BEST, False)


LIVE = live(
    uploads="presigned",
    renditions=(Rendition.parse({"name": "small", "width": 8, "height": 8, "formats": ["png"]}),),
)


@pytest.fixture
def photos(tmp_path):
    made = [tmp_path / "a.png", tmp_path / "b.png"]
    for number, path in enumerate(made):
        path.write_bytes(png((number, 0, 0)))
    return made


def answer(monkeypatch, photos, *, status="ready", level=None):
    """Have each upload made into what is rendered here, or the same pixels as other bytes."""

    def upload_all(files, *doors, presigned):
        *doors, step = doors
        assert (doors, presigned) == (["http://in", "http://out", "uploads/"], True)
        for number, file in enumerate(files):
            made = result(f"{number}/small.png")
            made = replace(made, file=str(file), status=status, ms=1000 * (number + 1))
            step(made)
            yield made

    def get(_method, url):
        number = int(url.split("/")[-2])
        rendered = work(photos[number % 2].read_bytes(), task(LIVE.settings))
        (made,) = (result for result in rendered if isinstance(result, Rendered))
        if level is None:
            return 200, made.body
        buffer = io.BytesIO()
        Image.open(io.BytesIO(made.body)).save(buffer, "PNG", compress_level=level)
        return 200, buffer.getvalue()

    monkeypatch.setattr(uploads, "upload_all", lambda *a, **b: list(upload_all(*a, **b)))
    monkeypatch.setattr(uploads, "request", get)


def test_each_photo_is_uploaded_in_turn_and_compared(monkeypatch, photos):
    answer(monkeypatch, photos)
    steps = []
    outcome = uploads.check(LIVE, photos, 5, lambda *, name: steps.append(name))
    assert steps == ["uploads/1/a.jpg"] * 5
    assert outcome.detail == "5 ready, 5 renditions, all bytes as rendered here"
    assert outcome.figures == uploads.Figures(5, [1, 2, 3, 4, 5], [])
    assert outcome.usd == LIVE.cost([result("small.png")] * 5) > 0


def test_a_difference_is_told_once_for_each_photo(monkeypatch, photos):
    answer(monkeypatch, photos, level=0)
    outcome = uploads.check(LIVE, photos, 5, lambda name: None)
    found = outcome.figures.differences
    assert [(d.photo, d.rendition, d.mean) for d in found] == [
        ("a.png", "small.png", 0),
        ("b.png", "small.png", 0),
    ]
    assert outcome.detail.endswith(
        "2 differ from those rendered here, by up to 0.0 levels on average"
    )


@pytest.mark.parametrize("status", ["lost", "failed", "rejected", "refused"])
def test_an_upload_that_is_not_ready_fails(monkeypatch, photos, status):
    answer(monkeypatch, photos, status=status)
    with pytest.raises(StepFailed, match=rf"^a.png ended {status}: no reason is given$"):
        uploads.check(LIVE, photos, 2, lambda name: None)
