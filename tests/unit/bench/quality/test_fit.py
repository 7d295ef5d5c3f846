"""The fit: it finds the numbers that the points were made of, and writes what the engine reads."""

import random
import runpy
from math import exp, log

import pytest

from bench.quality import fit
from bench.quality.points import QUALITIES, Point
from function.engine import quality_model
from function.engine.renditions import OutputFormat
from function.engine.score import score_of

WEIGHTS = [0.0, 2.5, 0.0, 7.0] + [0.0] * 20
BASE = 0.2
SAMPLE = 0.1  # a picture's distortion is so much more than its sample's, in logarithms


def points():
    draw = random.Random(1)
    for format_name, qualities in QUALITIES.items():
        for quality in qualities:
            for picture in range(15):
                scale = (0.8 + 0.03 * picture) * (101 - quality) / 40
                terms = [(0.9 + 0.2 * draw.random()) * scale for _ in WEIGHTS]
                distortion = BASE + sum(w * t for w, t in zip(WEIGHTS, terms, strict=True))
                sampled = distortion * exp(-SAMPLE)
                part = [t * (sampled - BASE) / (distortion - BASE) for t in terms]
                yield Point(
                    picture=str(picture),
                    rendition="large",
                    format=format_name.value,
                    quality=quality,
                    score=score_of(distortion),
                    terms=terms,
                    sample_terms=part if picture else [],
                )


MODEL = fit.fit(list(points()))


def test_the_weights_are_found_again():
    assert MODEL.weights == pytest.approx(WEIGHTS, abs=0.02)
    assert MODEL.base == pytest.approx(BASE, abs=0.02)
    assert set(MODEL.sample) == set(MODEL.curves) == set(QUALITIES)


def test_what_a_sample_tells_is_found_again():
    """Here a sample is off by as much as its picture, and by ``SAMPLE`` more."""
    for gain, bias in MODEL.sample.values():
        assert gain == pytest.approx(1, abs=0.1)
        assert bias == pytest.approx(-SAMPLE, abs=0.05)


def test_a_curve_is_the_median_pictures():
    of_one = [p for p in points() if p.format == "webp" and p.quality == 76]
    middle = sorted(MODEL.distortion(p.terms) for p in of_one)[7]
    assert dict(MODEL.curves[OutputFormat.WEBP])[76] == pytest.approx(log(middle), abs=0.02)


def test_what_is_written_is_what_the_engine_reads(tmp_path):
    fit.write(MODEL, tmp_path / "model.py")
    written = runpy.run_path(str(tmp_path / "model.py"))
    assert (written["WEIGHTS"], written["BASE"]) == (MODEL.weights, MODEL.base)
    assert (written["CURVES"], written["SAMPLE"]) == (MODEL.curves, MODEL.sample)
    assert vars(quality_model).keys() >= {"WEIGHTS", "BASE", "CURVES", "SAMPLE"}


def test_the_engines_numbers_are_written_like_this(tmp_path):
    shipped = fit.Model(
        weights=quality_model.WEIGHTS,
        base=quality_model.BASE,
        curves=dict(quality_model.CURVES),
        sample=dict(quality_model.SAMPLE),
    )
    fit.write(shipped, tmp_path / "model.py")
    assert (tmp_path / "model.py").read_text() == fit.MODEL.read_text()


def test_the_engines_curves_fall_throughout():
    for curve in quality_model.CURVES.values():
        qualities, distortions = zip(*curve, strict=True)
        assert list(qualities) == sorted(set(qualities))
        assert list(distortions) == sorted(set(distortions), reverse=True)
        assert qualities[-1] == 100
