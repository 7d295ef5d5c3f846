"""Measuring a target quality with the engine."""

import pytest
from PIL import Image

from bench.engines.frontier.pictures import Picture
from bench.quality import check
from bench.quality.check import Outcome, outcomes
from function.engine.renditions import OutputFormat
from function.engine.target import typical_quality
from tests.unit.engine.test_target import photo


@pytest.fixture
def found(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "TARGETS", (65, 85))
    monkeypatch.setattr(check, "FORMATS", (OutputFormat.JPEG,))
    photo((160, 120)).save(tmp_path / "a.png")
    return outcomes(Picture(name="a", kind="graphics", path=tmp_path / "a.png"), "")


def test_each_size_is_encoded_for_each_target(found):
    assert [(o.rendition, o.format, o.target) for o in found] == [
        ("large", "jpeg", 65),
        ("large", "jpeg", 85),
        ("thumb", "jpeg", 65),
        ("thumb", "jpeg", 85),
    ]
    for outcome in found:
        assert outcome.group == "graphics"
        assert 1 <= outcome.encodes <= 2
        assert outcome.sampled == pytest.approx(
            96 * 96 / (160 * 120 if outcome.rendition == "large" else 120 * 120), abs=0.001
        )
        assert outcome.cpu_ms > 0 < outcome.fixed_cpu_ms
        assert outcome.bytes > 0
        assert outcome.score == pytest.approx(outcome.target, abs=6)


@pytest.mark.parametrize(
    ("colours", "format_name", "reachable"),
    [
        (((255, 0, 0), (0, 0, 255)), OutputFormat.WEBP, False),  # chroma is at half size
        (((255, 0, 0), (0, 0, 255)), OutputFormat.JPEG, True),
        (((255, 255, 255),) * 2, OutputFormat.WEBP, False),  # any quality scores 100
    ],
)
def test_a_target_counts_as_out_of_reach_if_no_quality_is_near(
    tmp_path, monkeypatch, colours, format_name, reachable
):
    monkeypatch.setattr(check, "TARGETS", (75,))
    monkeypatch.setattr(check, "FORMATS", (format_name,))
    stripes = Image.new("RGB", (120, 120))
    stripes.putdata([colours[x // 4 % 2] for _ in range(120) for x in range(120)])
    stripes.save(tmp_path / "a.png")
    (found,) = outcomes(Picture(name="a", kind="graphics", path=tmp_path / "a.png"), "")
    assert found.reachable is reachable


def test_how_far_it_is_off():
    fields = {"picture": "a", "group": "photographs", "rendition": "large", "format": "jpeg"}
    fields |= {"encodes": 1, "sampled": 0.1, "bytes": 1, "cpu_ms": 1.0, "fixed_cpu_ms": 1.0}
    outcome = Outcome(target=75, quality=100, score=71.5, **fields)
    assert outcome.off == -3.5
    assert outcome.reachable
    assert typical_quality(75, OutputFormat.JPEG) < 100
