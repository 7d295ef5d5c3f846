"""Encoders alone: what each makes of finished pixels."""

import io

import pytest
from PIL import Image

from bench.engines import encoders, processes
from bench.engines.job import Job, Output
from bench.engines.judge import judge
from bench.photos import photo
from function.engine import encode as engine
from function.engine.renditions import Fit, OutputFormat


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("encoders") / "a.png"
    photo((95, 64)).save(path)
    return path


def job(source, format_name, quality=70, **options):
    output = Output(width=95, height=64, format=format_name, quality=quality, **options)
    return Job(source=str(source), outputs=(output,))


def test_a_job_is_read_back_with_members_that_code_compares_by_identity():
    sent = Job(
        source="a", outputs=(Output(width=1, height=2, fit=Fit.COVER, format=OutputFormat.WEBP),)
    )
    (output,) = Job.parse(sent.to_line()).outputs
    assert output.format is OutputFormat.WEBP
    assert output.fit is Fit.COVER
    assert Job.parse(sent.to_line()) == sent


@pytest.mark.parametrize("format_name", OutputFormat)
def test_ours_is_the_engine_s_encoder(source, format_name, monkeypatch):
    asked = []

    def encode(pixels, name, quality, *, background):
        asked.append((type(pixels).__name__, name, quality))
        return engine_encode(pixels, name, quality, background=background)

    engine_encode = engine.encode
    monkeypatch.setattr(engine, "encode", encode)
    (body,) = encoders.ours(job(source, format_name))(b"")
    shape = "Bitmap" if format_name is OutputFormat.PNG else "Planes"
    assert asked == [(shape, format_name, 70)]
    with Image.open(io.BytesIO(body)) as opened:
        assert (opened.format, opened.size) == (format_name.upper(), (95, 64))


def test_ours_gets_planes_without_a_bias(source):
    """As of a decoder: brightness rounded, where Pillow's conversion to YCbCr cuts it off."""
    (ours,) = encoders.ours(job(source, OutputFormat.WEBP, 90))(b"")
    (theirs,) = encoders.pillow(job(source, OutputFormat.WEBP, 90))(b"")
    with Image.open(source) as original:
        scores = [judge(original, Image.open(io.BytesIO(body))).score for body in (ours, theirs)]
    assert scores[0] == pytest.approx(scores[1], abs=0.5)


def test_an_encoder_of_another_process_gets_the_same_job(source, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", ".")
    one = job(source, OutputFormat.AVIF)
    with processes.started(["encode-ours", "encode-pillow"]) as ask:
        answers = [ask(engine, one) for engine in ("encode-ours", "encode-pillow")]
    assert [answer.error for answer in answers] == ["", ""]
    (ours,) = encoders.ours(one)(b"")
    (pillow,) = encoders.pillow(one)(b"")
    assert [answer.bytes for answer in answers] == [len(ours), len(pillow)]


def test_libvips_takes_the_effort(source):
    pytest.importorskip("pyvips")
    least, most = (
        next(encoders.libvips(job(source, OutputFormat.WEBP, effort=effort))(b""))
        for effort in (0, 6)
    )
    assert len(most) < len(least)
