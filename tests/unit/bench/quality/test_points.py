"""A picture's points: what is measured, and that it is measured once."""

import pytest

from bench.engines.frontier.pictures import Picture
from bench.quality import points
from bench.quality.points import Point, measured
from function.engine import vectors
from function.engine.renditions import OutputFormat
from terminal import Failure
from tests.support.pictures import gradient


@pytest.fixture
def picture(tmp_path, monkeypatch):
    monkeypatch.setattr(points, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(points, "QUALITIES", {OutputFormat.JPEG: (30, 90)})
    gradient((160, 120)).save(tmp_path / "a.png")
    return Picture(name="a", kind="food", path=tmp_path / "a.png")


def test_a_point_is_a_size_a_format_and_a_quality(picture):
    found = measured((1, picture), "")
    assert [(p.rendition, p.format, p.quality) for p in found] == [
        ("large", "jpeg", 30),
        ("large", "jpeg", 90),
        ("thumb", "jpeg", 30),
        ("thumb", "jpeg", 90),
    ]
    assert found[0].score < found[1].score <= 100
    assert all(len(p.terms) == len(p.sample_terms) == 72 for p in found)
    assert sum(found[0].terms) > sum(found[1].terms)


def test_what_was_measured_is_read_again(picture, monkeypatch):
    found = measured((1, picture), "")
    monkeypatch.setattr(points, "_measure", None)
    assert measured((1, picture), "") == found
    assert isinstance(found[0], Point)
    with pytest.raises(TypeError):
        measured((1, picture), "another judge")


def test_without_the_c_module_there_is_nothing_to_fit(picture, monkeypatch):
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    with pytest.raises(Failure, match="rests on the C module; run `make check`"):
        measured((1, picture), "")
