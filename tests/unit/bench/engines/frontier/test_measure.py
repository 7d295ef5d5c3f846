from pathlib import Path

import pytest
from PIL import Image

from bench.engines.frontier.encoders import ENCODERS, QUALITIES, Encoder
from bench.engines.frontier.measure import MOST, measure
from bench.engines.frontier.pictures import Picture
from bench.engines.job import JobOutcome
from bench.engines.judge import Verdict
from function.engine.renditions import OutputFormat
from terminal import Failure

JPEG = Encoder(name="one", engine="encode-one", format=OutputFormat.JPEG)
AVIF = Encoder(name="two", engine="encode-two", format=OutputFormat.AVIF, effort=3)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    Image.radial_gradient("L").resize((2160, 1080)).save(path)
    return Picture(name="a", kind="food", path=path)


class Engines:
    """Answers with the times it was given, and writes a body that says what was asked."""

    def __init__(self, *times):
        self.times, self.asked = list(times), []

    def __call__(self, engine, job):
        (output,) = job.outputs
        self.asked.append((engine, output))
        (Path(job.folder) / "0").write_text(f"{engine} {output.quality}")
        with Image.open(job.source) as original:
            assert (original.format, original.size) == ("PNG", (1080, 540))
        at = self.times[(len(self.asked) - 1) % len(self.times)]
        return JobOutcome(cpu_ms=at, bytes=output.quality)


def judged(originals, bodies):
    assert all(path.exists() for path in originals)
    for body in bodies:
        yield Verdict(float(body.read_text().split()[1]), 1.23456)


def test_encoders_take_turns_at_each_quality_and_the_least_time_counts(picture):
    engines, steps = Engines(50.0, 20.0, 30.0), []
    points = list(
        measure(picture, 1080, [JPEG, AVIF], engines, judge=judged, done=lambda: steps.append(1))
    )
    assert [(p.encoder, p.quality) for p in points] == [
        (encoder.name, QUALITIES[encoder.format][turn])
        for turn in range(5)
        for encoder in (JPEG, AVIF)
    ]
    assert len(engines.asked) == MOST * len(points)
    assert len(steps) == len(points)
    for point in points:
        assert (point.cpu_ms, point.bytes, point.score) == (20.0, point.quality, point.quality)
        assert (point.picture, point.group, point.colour) == ("a", "photographs", 1.235)
    efforts = {engine: output.effort for engine, output in engines.asked}
    assert efforts == {"encode-one": None, "encode-two": 3}
    assert {(o.width, o.height) for _, o in engines.asked} == {(1080, 540)}


def test_a_slow_encode_is_not_repeated(picture):
    engines = Engines(301.0)
    list(measure(picture, 1080, [JPEG], engines, judge=judged, done=lambda: None))
    assert len(engines.asked) == len(QUALITIES[OutputFormat.JPEG])


def test_an_encoder_that_fails_is_named(picture):
    def ask(_engine, _job):
        return JobOutcome(error="no such option")

    with pytest.raises(Failure, match="two failed on avif: no such option"):
        list(measure(picture, 1080, [AVIF], ask, judge=judged, done=lambda: None))


def test_sharp_is_there_at_effort_2_and_4_and_each_format_has_every_engine():
    for format_name in (OutputFormat.WEBP, OutputFormat.AVIF):
        efforts = [(e.engine, e.effort) for e in ENCODERS if e.format is format_name]
        assert [e for e in efforts if e[0] == "encode-sharp"] == [
            ("encode-sharp", 2),
            ("encode-sharp", 4),
        ]
    for format_name in QUALITIES:
        engines = {e.engine for e in ENCODERS if e.format is format_name}
        assert {"encode-ours", "encode-pillow", "encode-libvips", "encode-sharp"} <= engines
