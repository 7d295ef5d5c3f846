"""Parts that no rendition keeps are reported, and no others. Formats report the rest themselves."""

import pytest
from PIL import Image, ImageCms

from function.engine.decode import decode
from function.engine.losses import Loss
from function.engine.results import Task
from tests.support.engine import one
from tests.support.pictures import (
    SVG,
    adobe_rgb,
    display_p3,
    encoded,
    gradient,
    opened,
    rgb_profile,
)

FRAMES = [gradient(), gradient().transpose(Image.Transpose.ROTATE_180)]
MOVING = {
    name: encoded(FRAMES[0], name, save_all=True, append_images=FRAMES[1:], duration=50)
    for name in ("GIF", "PNG", "WEBP")
}
CLEAR = gradient(mode="RGBA")


def losses(data, **fields):
    """Return the losses of one rendition."""
    return decode(data, Task((one(**fields),), 10**6)).losses


@pytest.mark.parametrize("name", MOVING)
def test_motion_is_lost_unless_a_rendition_moves(name):
    assert losses(MOVING[name], formats=("webp",)) == (Loss.ANIMATION,)
    assert losses(MOVING[name], formats=("jpeg", "webp"), animated=True) == ()
    assert losses(encoded(FRAMES[0], name), formats=("webp",)) == ()


def test_a_damaged_second_frame_is_no_reason_to_refuse_the_first():
    picture = opened(MOVING["GIF"])
    picture.seek(1)
    pixels = picture.tile[0].offset
    assert losses(MOVING["GIF"][: pixels - 3] + b";", formats=("webp",)) == ()
    assert losses(MOVING["GIF"][: pixels + 20] + b";", formats=("webp",)) == (Loss.ANIMATION,)


@pytest.mark.parametrize(
    "data",
    [*(encoded(CLEAR, name) for name in ("PNG", "WEBP", "AVIF", "TIFF", "HEIF")), SVG],
    ids=["png", "webp", "avif", "tiff", "heic", "svg"],
)
def test_transparency_is_lost_where_every_output_is_jpeg(data):
    clear = data.replace(b"<rect", b"<none") if data is SVG else data
    assert losses(clear, formats=("jpeg",)) == (Loss.ALPHA,)
    for name in ("webp", "png", "avif"):
        assert losses(clear, formats=("jpeg", name)) == ()


def test_a_picture_that_only_could_be_transparent_loses_nothing():
    opaque = gradient()
    opaque.putalpha(255)
    assert losses(encoded(opaque, "PNG"), formats=("jpeg",)) == ()
    assert losses(SVG, formats=("jpeg",)) == ()
    assert losses(encoded(gradient(), "JPEG"), formats=("jpeg",)) == ()


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_a_profile_that_reaches_beyond_srgb_is_told(name):
    for profile in (display_p3(), adobe_rgb()):
        assert losses(encoded(gradient(), name, icc_profile=profile)) == (Loss.WIDE_GAMUT,)


@pytest.mark.parametrize(
    ("red", "green", "blue", "told"),
    [
        ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), False),
        ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07), False),
        ((0.68, 0.32), (0.30, 0.60), (0.15, 0.06), True),
        ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), True),
        ((0.64, 0.33), (0.30, 0.60), (0.12, 0.02), True),
    ],
    ids=["srgb", "a little narrower", "red", "green", "blue"],
)
def test_one_primary_colour_is_enough(red, green, blue, told):
    data = encoded(gradient(), "PNG", icc_profile=rgb_profile(red, green, blue))
    assert losses(data) == ((Loss.WIDE_GAMUT,) if told else ())


def test_profiles_that_state_no_primaries_or_are_broken_tell_nothing():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, srgb, b"no profile"):
        assert losses(encoded(gradient(), "PNG", icc_profile=profile)) == ()


def test_several_are_told_once_each_in_their_order():
    frames = [CLEAR, CLEAR.transpose(Image.Transpose.ROTATE_180)]
    data = encoded(
        *(frames[0], "PNG"), save_all=True, append_images=frames[1:], icc_profile=display_p3()
    )
    found = losses(data, formats=("jpeg",))
    assert found == (Loss.WIDE_GAMUT, Loss.ANIMATION, Loss.ALPHA)
