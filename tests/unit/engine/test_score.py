"""The estimate of SSIMULACRA2: its curve, and how near it comes."""

import io
import random

import pytest
from PIL import Image, ImageFilter

from bench.engines import judge
from function.engine import score, vectors
from function.engine.score import (
    compare_whole,
    compared_size,
    distortion,
    distortion_of,
    score_of,
)
from function.engine.vectors import compare
from tests.support.pictures import gradient
from tests.support.similarity import compared


@pytest.mark.parametrize("wanted", [30, 60, 75.5, 90, 99])
def test_a_score_has_one_distortion(wanted):
    assert score_of(distortion_of(wanted)) == pytest.approx(wanted, abs=1e-6)


def test_the_curve_is_that_of_the_tool():
    """The figures are those of ``Msssim::Score`` in libjxl's tools/ssimulacra2.cc."""
    assert score_of(0) == 100
    assert [round(score_of(s), 3) for s in (1, 3, 10)] == [83.57, 67.611, 33.642]


def test_equal_pictures_are_as_good_as_equal():
    picture = gradient((64, 64))
    found = distortion(picture, picture)
    assert found == pytest.approx(score.BASE, abs=1e-3)
    assert score_of(found) > 94


def test_a_rougher_picture_scores_less():
    picture = photo()
    found = [estimate(picture, quality) for quality in (95, 80, 60, 30)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("format_name", ["JPEG", "WEBP"])
@pytest.mark.parametrize("quality", [60, 80, 92])
def test_the_estimate_is_near_the_score(format_name, quality):
    """The full test is ``python -m bench maintain quality``."""
    picture = photo()
    output = encoded(picture, format_name, quality)
    found = distortion(picture, output)
    assert found is not None
    assert score_of(found) == pytest.approx(judge.score(picture, output), abs=4)


@pytest.mark.parametrize("size", [(64, 64), (150, 100), (100, 400), (300, 85), (255, 257)])
def test_a_small_picture_is_compared_as_the_judge_repeats_it(size):
    """The judge's own function, with numpy, is the other half of the comparison."""
    one = noise(size, 4)
    other = Image.blend(one, noise(size, 5), 0.2)
    assert judge.mirrored(one).size == compared_size(size)
    assert compare_whole(one, other) == compare(judge.mirrored(one), judge.mirrored(other))


def test_a_picture_of_the_judges_size_is_compared_as_it_is():
    assert compared_size((256, 300)) == (256, 300)
    one, other = noise((256, 300), 4), noise((256, 300), 5)
    assert compare_whole(one, other) == compare(one, other)
    assert judge.SMALLEST == score.WHOLE_SIDE


@pytest.mark.parametrize("quality", [50, 75, 90])
def test_the_estimate_of_a_thumbnail_is_near_the_score(quality):
    """Its borders are a quarter of it: compared as it is, it was up to 2 points off here."""
    with Image.open("docs/page.webp") as opened:
        thumb = opened.convert("RGB").resize((150, 100), Image.Resampling.LANCZOS)
    output = encoded(thumb, "JPEG", quality)
    found = distortion(thumb, output)
    assert found is not None
    assert score_of(found) == pytest.approx(judge.score(thumb, output), abs=2)


def test_without_the_c_module_nothing_is_estimated(monkeypatch):
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    assert distortion(gradient((64, 64)), gradient((64, 64))) is None


def photo() -> Image.Image:
    with Image.open("docs/page.webp") as opened:
        return opened.convert("RGB").resize((400, 300), Image.Resampling.LANCZOS)


def encoded(picture, format_name, quality):
    file = io.BytesIO()
    picture.save(file, format_name, quality=quality)
    return Image.open(file).convert("RGB")


def estimate(picture, quality):
    found = distortion(picture, encoded(picture, "JPEG", quality))
    assert found is not None
    return score_of(found)


@pytest.mark.parametrize("size", [(8, 8), (9, 31), (64, 64), (101, 75), (7, 90)])
@pytest.mark.parametrize("seed", [2, 3])
def test_two_images_are_compared_as_ssimulacra2_does(size, seed):
    one = noise(size, seed)
    other = Image.blend(one, noise(size, seed + 2), 0.3)
    for pair in ((one, other), (other, one), (other.filter(ImageFilter.BLUR), other)):
        assert compare(*pair) == pytest.approx(compared(*pair), rel=0.02, abs=0.01)


def test_pictures_of_two_sizes_are_not_compared():
    native = vectors.load_module()
    assert native
    with pytest.raises(ValueError, match="the array does not have the size"):
        compare(Image.new("RGB", (9, 9)), Image.new("RGB", (9, 8)))
    with pytest.raises(ValueError, match="no such size"):
        native.compare(None, None, (0, 1))


def test_without_the_module_nothing_is_compared(monkeypatch):
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    assert compare(Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9))) is None


def noise(size, seed):
    return Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1]))
