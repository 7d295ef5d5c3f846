import io
import stat

import numpy as np
import pytest
from PIL import Image

from bench.engines.colours import delta_e
from bench.engines.judge import Judge, judge, mirrored, score
from bench.photos import photo
from terminal import Failure

SIZE = (640, 480)


@pytest.fixture(scope="module")
def original():
    return photo(SIZE)


def encoded(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def test_equal_pictures_score_100_and_differ_in_no_colour(original):
    assert judge(original, original.copy()) == (100.0, 0.0)


@pytest.mark.parametrize(("quality", "other"), [(50, 60.1), (75, 70.5), (90, 80.58)])
def test_the_score_is_that_of_another_implementation(original, quality, other):
    """``other``: crates.io's fast-ssim2 0.9.1; libjxl's tool has no package in Debian 12."""
    assert score(original, encoded(original, quality)) == pytest.approx(other, abs=1)


def test_the_score_falls_with_damage(original):
    small = original.resize((SIZE[0] // 2, SIZE[1] // 2)).resize(SIZE)
    assert score(original, small) < score(original, encoded(original, 90)) < 100


@pytest.mark.parametrize("size", [(150, 150), (256, 192), (600, 100)])
def test_a_small_picture_scores_as_a_large_one_of_the_same_pixels(original, size):
    """Without mirroring, 256 x 192 pixels score 66.3 where 512 x 384 of the same score 81.5."""
    small = original.crop((0, 0, *size))
    worse = encoded(small, 90).convert("RGB")
    found = score(small, worse)
    large = [np.asarray(image) for image in (small, worse)]
    spread = [np.pad(p, ((0, 300), (0, 300), (0, 0)), "symmetric") for p in large]
    assert found == pytest.approx(score(*map(Image.fromarray, spread)), abs=2)


def test_a_picture_that_is_large_enough_is_scored_as_it_is(original):
    assert mirrored(original).tobytes() == original.tobytes()
    assert mirrored(original.crop((0, 0, 256, 255))).size == (256, 256)
    assert mirrored(original.crop((0, 0, 100, 400))).size == (256, 400)


def test_colour_is_the_95th_percentile_of_chroma_and_hue_alone():
    grey = Image.new("RGB", (100, 100), (120, 120, 120))
    brighter = Image.new("RGB", (100, 100), (140, 140, 140))
    assert judge(grey, brighter).colour == pytest.approx(0, abs=0.01)
    assert delta_e(grey, brighter).mean() > 5
    red = grey.copy()
    red.paste((160, 100, 100), (0, 0, 100, 4))  # 4 % of the pixels
    assert judge(grey, red).colour == pytest.approx(0, abs=0.01)
    red.paste((160, 100, 100), (0, 0, 100, 6))
    strong = delta_e(grey, red, lightness=False).max()
    assert judge(grey, red).colour == pytest.approx(strong)
    assert strong > 10


def test_halved_chroma_is_seen_in_the_colour(original):
    noise = np.random.default_rng(1).integers(0, 2, (96, 128, 1)) * np.array([200, -200, 0])
    loud = Image.fromarray(np.clip(noise + np.array([20, 220, 80]), 0, 255).astype(np.uint8), "RGB")
    halved, kept = io.BytesIO(), io.BytesIO()
    loud.save(halved, "JPEG", quality=95, subsampling="4:2:0")
    loud.save(kept, "JPEG", quality=95, subsampling="4:4:4")
    assert judge(loud, Image.open(halved)).colour > 3 * judge(loud, Image.open(kept)).colour


def test_pictures_of_different_sizes_are_an_error(original):
    with pytest.raises(ValueError, match="sizes differ"):
        judge(original, original.resize((10, 10)))


@pytest.fixture
def files(original, tmp_path):
    original.save(tmp_path / "original.png")
    original.save(tmp_path / "0", "JPEG", quality=75)
    return tmp_path / "original.png", tmp_path / "0"


def program(folder, text):
    path = folder / "judge"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_files_are_judged_by_the_library(files, original):
    with Image.open(files[1]) as body:
        assert Judge()(*files) == judge(original, body)


def test_files_are_judged_by_a_program_that_gets_both_as_png(files, original):
    text = 'head -c 4 "$1" | grep -q PNG && head -c 4 "$2" | grep -q PNG && echo "Score: 12.5"'
    verdict = Judge(program(files[0].parent, text))(*files)
    assert verdict.score == 12.5
    with Image.open(files[1]) as body:
        assert verdict.colour == judge(original, body).colour


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("echo broken >&2; exit 1", "broken"),
        ("echo none", "it printed 'none'"),
        ("", "it printed none"),
        ("echo nan", "it printed 'nan'"),
        ("echo 75; exit 3", "it ended with 3"),
        ('cat "$2"', "it printed"),
    ],
)
def test_a_program_that_prints_no_score_is_a_failure(files, text, why):
    with pytest.raises(Failure, match=why):
        Judge(program(files[0].parent, text))(*files)


def test_a_program_that_is_not_there_is_a_failure(files):
    with pytest.raises(Failure, match="no-such-judge cannot be run"):
        Judge("/no-such-judge")(*files)
