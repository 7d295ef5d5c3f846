import io

import pytest
from PIL import Image

from bench.accept.steps import StepFailed
from bench.accept.uploads import MEAN_LIMIT, Difference, compare, task
from function.engine.renditions import Quality, Rendition
from function.engine.results import Rendered
from local.uploader import Result
from pipeline.settings import Settings

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
    renditions = [{"key": key, "url": f"http://x/{key}"} for key in keys]
    return Result(
        file="/photos/a.jpg",
        key="uploads/1/a.jpg",
        status="ready",
        error=None,
        ms=1,
        bytes=1,
        renditions=renditions,
    )


def found(body, ours, status=200):
    asked = []

    def get(method, url):
        asked.append((method, url))
        return status, body

    differences = list(compare(result("1/a.jpg/small.png"), local(ours), get))
    assert asked == [("GET", "http://x/1/a.jpg/small.png")]
    return differences


def test_equal_bytes_are_no_difference():
    assert found(png(), png()) == []


def test_other_bytes_of_the_same_pixels_are_told():
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


def test_how_far_pixels_are_apart_is_told():
    (difference,) = found(png(dot=(140, 100, 100)), png())
    assert (difference.mean, difference.largest) == (round(40 / (20 * 10 * 4), 3), 40)


def test_a_picture_that_looks_different_fails():
    assert MEAN_LIMIT == 2
    assert found(png((102, 102, 102)), png())[0].mean == 1.5  # alpha is one of four, and equal
    with pytest.raises(StepFailed, match=r"small.png of a.jpg differs .* by 2\.2 levels"):
        found(png((103, 103, 103)), png())
    with pytest.raises(StepFailed, match="by 255"):
        found(png(size=(10, 20)), png())


def test_a_rendition_that_cannot_be_read_fails():
    with pytest.raises(StepFailed, match=r"GET http://x/1/a.jpg/small.png was answered with 403"):
        found(png(), png(), status=403)


def test_renditions_that_are_missing_fail():
    with pytest.raises(StepFailed, match=r"a.jpg has the renditions \[\], not \['small.png'\]"):
        list(compare(result(), local(png()), pytest.fail))


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
