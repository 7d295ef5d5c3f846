"""The engine's steps on one 12 MP JPEG, and the whole of it beside Pillow's naive way."""

import hashlib
import io

import pytest
from PIL import Image

from bench import photos
from bench.engines import peers
from bench.engines.job import Job
from bench.engines.tasks import TASKS
from function.engine.decode import decode
from function.engine.fingerprint import fingerprint
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS, FORMATS, Rendition
from function.engine.results import Task

TASK = Task(DEFAULT_RENDITIONS, 100_000_000)
FOUR_JPEGS = Job(source="", outputs=TASKS[0].outputs)


@pytest.fixture(scope="module")
def photo():
    return photos.photo_jpeg()


@pytest.fixture(scope="module")
def source(photo):
    return decode(photo, TASK)


@pytest.mark.benchmark(group="engine, steps")
def test_hash(benchmark, photo):
    assert len(benchmark(lambda: hashlib.sha256(photo).hexdigest())) == 64


@pytest.mark.benchmark(group="engine, steps")
def test_decode(benchmark, photo):
    assert benchmark(decode, photo, TASK).size == photos.SIZE_12_MP


@pytest.mark.benchmark(group="engine, steps")
def test_fingerprint(benchmark, source):
    assert benchmark(fingerprint, source).placeholder


@pytest.mark.benchmark(group="engine, steps")
def test_render(benchmark, source):
    rendered = benchmark(lambda: list(render(source, TASK)))
    assert len(rendered) == sum(len(rendition.formats) for rendition in DEFAULT_RENDITIONS)


@pytest.mark.benchmark(group="engine, one rendition of 1080 pixels")
@pytest.mark.parametrize("format_name", FORMATS)
def test_rendition(benchmark, source, format_name):
    only = (Rendition(name="r", width=1080, height=1080, formats=(format_name,)),)
    only = TASK.replace(renditions=only)
    (rendered,) = benchmark.pedantic(lambda: list(render(source, only)), rounds=5, warmup_rounds=1)
    assert (rendered.width, rendered.height) == (1080, 810)


@pytest.mark.benchmark(group="engine, whole")
@pytest.mark.parametrize("engine", ["ours", "pillow-naive"])
def test_four_jpegs(benchmark, photo, engine):
    run = peers.ENGINES[engine](FOUR_JPEGS)
    bodies = benchmark.pedantic(lambda: list(run(photo)), rounds=3, warmup_rounds=1)
    assert [max(Image.open(io.BytesIO(body)).size) for body in bodies] == [1080, 640, 320, 150]
