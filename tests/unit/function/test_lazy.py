"""A manifest's entries for renditions that are made when they are first viewed."""

import json

import pytest

from function.engine import formats
from function.engine.renditions import OutputFormat, Rendition
from function.lazy import DRAWINGS, declare, facts_of
from function.manifest import Manifest, SourceFacts
from function.process import Processor
from tests.support.engine import in_process, rendered
from tests.support.history import manifest
from tests.support.pictures import SVG, encoded, gradient
from tests.support.uploads import ULTRA_HDR

POSTER = Rendition(name="poster", width=400, height=400, formats=("jpeg", "webp"), lazy=True)
LAZY = (
    POSTER,
    POSTER.replace(name="square", fit="cover"),
    POSTER.replace(name="padded", fit="contain"),
    POSTER.replace(name="huge", width=4000, height=4000),
    POSTER.replace(name="grown", width=4000, height=4000, enlarge=True),
)


@pytest.fixture
def lazy(environment):
    return environment.replace(renditions=(*environment.renditions, POSTER))


def processed(environment, source, destination, data) -> Manifest:
    upload = source.upload("uploads/u1/beach.jpg", data)
    return Processor(environment, source, destination, in_process(environment)).process(upload)


def test_a_lazy_rendition_is_declared_and_not_made(lazy, source, destination, jpeg):
    made = processed(lazy, source, destination, jpeg)
    assert len(destination.objects) == 5
    assert [facts.key for facts in made.stored] == list(destination.objects)
    fields = json.loads(made.to_json())
    version = fields["source"]["sha256"][:8]
    assert fields["renditions"][5] == {
        "name": "poster",
        "url": f"https://cdn.example/u1/beach.jpg/poster.jpg?v={version}",
        "key": "u1/beach.jpg/poster.jpg",
        "width": 400,
        "height": 300,
        "bytes": None,
        "content_type": "image/jpeg",
        "lazy": True,
    }
    assert [facts["key"][-4:] for facts in fields["renditions"][5:]] == [".jpg", "webp"]
    assert fields["urlTemplate"] == f"https://cdn.example/u1/beach.jpg/{{rendition}}?v={version}"
    assert Manifest.from_json(made.to_json()) == made


def test_without_lazy_renditions_a_manifest_has_none_of_it(environment, source, destination, jpeg):
    made = processed(environment, source, destination, jpeg)
    assert declare(environment, made) is made
    assert b"lazy" not in made.to_json()
    assert b"urlTemplate" not in made.to_json()
    assert b"look_again" not in made.replace(look_again=True).to_json()


def test_a_rejected_upload_declares_nothing(lazy, source, destination):
    made = processed(lazy, source, destination, b"no image")
    assert (made.renditions, made.url_template) == ((), "")


def test_the_template_gives_the_urls_of_the_entries(lazy, source, destination, jpeg):
    upload = source.upload("uploads/a {b}/c?.jpg", jpeg)
    engine = in_process(lazy)
    made = Processor(lazy, source, destination, engine).process(upload)
    for facts in made.renditions:
        file = facts.key.rpartition("/")[2]
        assert made.url_template.replace("{rendition}", file) == facts.url


@pytest.mark.parametrize(
    "data",
    [encoded(gradient((640, 480)), "PNG"), encoded(gradient((30, 480)), "PNG"), SVG],
    ids=["photo", "narrow", "drawing"],
)
@pytest.mark.parametrize("rendition", LAZY, ids=lambda rendition: rendition.name)
def test_its_size_is_the_one_that_it_is_made_in(environment, source, destination, data, rendition):
    facts = processed(
        environment.replace(renditions=(*environment.renditions, rendition)),
        source,
        destination,
        data,
    ).renditions[5]
    made = rendered(data, rendition)[0]
    assert (facts.width, facts.height) == (made.width, made.height)


def test_drawings_are_the_formats_that_are_rasterised():
    assert {known.name for known in formats.every() if known.rasterise} == set(DRAWINGS)


def test_facts_need_an_upload_that_was_measured(environment):
    measured = SourceFacts(
        **manifest(1).source.version.to_dict(), sha256="a" * 64, width=800, height=600
    )
    facts = facts_of(environment, POSTER, OutputFormat.WEBP, measured)
    assert (facts.width, facts.height, facts.content_type) == (400, 300, "image/webp")


def test_what_a_lazy_rendition_keeps_of_an_upload_is_not_lost(environment, source, destination):
    still = environment.replace(renditions=environment.renditions[1:])
    moving = POSTER.replace(formats=("webp",), animated=True)
    with_lazy = still.replace(renditions=(*still.renditions, moving))
    frames = [gradient((60, 40), "RGBA"), gradient((60, 40), "RGBA").rotate(180)]
    gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=90)
    lost, kept = (
        processed(settings, source, destination, gif).losses for settings in (still, with_lazy)
    )
    assert set(lost) - set(kept) >= {"animation"}
    clear = encoded(gradient((60, 40), "RGBA"), "PNG")
    lost, kept = (
        processed(settings, source, destination, clear).losses for settings in (still, with_lazy)
    )
    assert (lost, kept) == (("alpha",), ())


def test_a_gain_map_that_a_lazy_jpeg_keeps_is_not_lost(environment, source, destination):
    png = tuple(made.replace(formats=("png",)) for made in environment.renditions)
    eager = environment.replace(renditions=png)
    with_lazy = eager.replace(renditions=(*png, POSTER))
    data = ULTRA_HDR["jpeg-ultra-hdr"][1]
    lost, kept, dropped = (
        processed(settings, source, destination, data).losses
        for settings in (eager, with_lazy, with_lazy.replace(hdr="drop"))
    )
    assert set(lost) == set(dropped) == {"hdr"}
    assert kept == ()


@pytest.mark.parametrize(
    ("memory", "timeout", "seconds"),
    [
        *((128, 30, 1.6), (256, 30, 3.1), (512, 30, 6.3), (512, 10, 2.1), (512, 60, 6.5)),
        *((1024, 30, 5.2), (1769, 30, 9.0), (10240, 60, 9.0)),
    ],
)
def test_an_encoder_may_take_no_more_cpu_time_than_its_worker_has(
    environment, memory, timeout, seconds
):
    """An encode that takes longer is stopped, so the format would never come."""
    task = environment.replace(memory_mb=memory, timeout=timeout).format_task
    assert task.patience == pytest.approx(seconds, abs=0.06)
    assert environment.replace(memory_mb=memory, timeout=timeout).view_task.patience == 0
