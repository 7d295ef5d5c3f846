import numpy as np
import pytest
from PIL import Image

from function.engine.pixels import Planes, to_rgb, to_ycbcr

RANDOM = np.random.default_rng(3)


def image(values, mode):
    bands = [Image.fromarray(np.ascontiguousarray(values[..., n])) for n in range(3)]
    return Image.merge(mode, bands)


def by_the_formula(codes):
    """JFIF's conversion to RGB, not rounded."""
    luma, blue, red = np.moveaxis(codes.astype(float), -1, 0)
    blue, red = blue - 128, red - 128
    green = luma - 0.344136 * blue - 0.714136 * red
    return np.stack([luma + 1.402 * red, green, luma + 1.772 * blue], -1)


def test_ycbcr_is_rounded_to_rgb_and_not_cut_off():
    codes = RANDOM.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    exact = by_the_formula(codes)
    found = np.asarray(to_rgb(image(codes, "YCbCr")), float)
    assert np.abs(found - np.clip(exact, 0, 255)).max() <= 0.51
    inside = (exact > 1) & (exact < 254)
    assert abs((found - exact)[inside].mean()) < 0.02


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_grey_stays_what_it_is_both_ways(level):
    grey = Image.new("RGB", (4, 4), (level,) * 3)
    assert to_ycbcr(grey).getpixel((1, 1)) == (level, 128, 128)
    assert to_rgb(to_ycbcr(grey)).tobytes() == grey.tobytes()


def test_rgb_is_rounded_to_ycbcr_and_back_without_a_bias():
    pixels = RANDOM.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    back = to_rgb(to_ycbcr(image(pixels, "RGB")))
    error = np.asarray(back, float) - pixels
    assert np.abs(error).max() <= 2
    assert abs(error.mean()) < 0.02
    assert to_ycbcr(image(pixels, "RGB")).mode == "YCbCr"


def test_planes_are_an_image_of_the_same_brightness():
    luma = Image.linear_gradient("L").resize((64, 64))
    grey = Image.new("L", (32, 32), 128)
    assert Planes(luma, grey, grey).image().tobytes() == luma.convert("RGB").tobytes()
