import errno

import pytest
from PIL import Image, ImageCms

from function.engine.decode import decode
from function.engine.pixels import Planes
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from function.engine.results import Task
from tests.support.bombs import BOMBS
from tests.support.engine import MAX_PIXELS, SMALL
from tests.support.pictures import adobe_rgb, display_p3, encoded, gradient, opened, rgb_profile
from tests.support.uploads import PHOTO


def test_16_bit_grey_is_scaled_and_not_clipped():
    image = Image.new("I;16", (8, 8), 32768)
    source = decode(encoded(image, "PNG"), Task(SMALL, MAX_PIXELS))
    assert source.image.getpixel((4, 4)) == (128, 128, 128)


@pytest.mark.parametrize("profile", [display_p3, adobe_rgb])
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_wide_gamut_profiles_are_converted_to_srgb(profile, format_name):
    colour = (60, 160, 90)
    lossless = {"WEBP": {"lossless": True}}.get(format_name, {})
    image = Image.new("RGB", (64, 64), colour)
    data = encoded(image, format_name, icc_profile=profile(), **lossless)
    source = decode(data, Task(SMALL, MAX_PIXELS))
    red, green, _ = source.image.getpixel((10, 10))
    assert red < 45
    assert green > 158


@pytest.mark.parametrize("width", [16, 64])
def test_planes_are_converted_to_srgb_after_their_first_resize(width):
    data = encoded(Image.new("RGB", (64, 64), (60, 160, 90)), "JPEG", icc_profile=display_p3())
    renditions = (Rendition(name="a", width=width, height=width, formats=("jpeg", "webp")),)
    task = Task(renditions, MAX_PIXELS)
    source = decode(data, task)
    assert isinstance(source.pixels, Planes)
    for picture in (source.image, *(opened(r.body) for r in render(source, task))):
        red, green, _ = picture.getpixel((5, 5))
        assert red < 45
        assert green > 158


def test_an_srgb_profile_changes_nothing_and_keeps_the_fast_way():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encoded(gradient((96, 64)), "JPEG", icc_profile=profile)
    renditions = (Rendition(name="a", width=32, height=32),)
    assert isinstance(decode(data, Task(renditions, MAX_PIXELS)).pixels, Planes)


def test_an_unreadable_profile_is_ignored():
    data = encoded(Image.new("RGB", (32, 32), (10, 200, 30)), "PNG", icc_profile=b"no profile")
    assert decode(data, Task(SMALL, MAX_PIXELS)).image.getpixel((3, 3)) == (10, 200, 30)


def test_one_transform_is_built_for_all_renditions_of_a_profile(monkeypatch):
    built = []
    build = ImageCms.buildTransform
    monkeypatch.setattr(
        ImageCms, "buildTransform", lambda *a, **k: built.append(a) or build(*a, **k)
    )
    # Transforms are cached, so this profile must be no other test's.
    profile = rgb_profile((0.6, 0.35), (0.25, 0.65), (0.15, 0.1))
    data = encoded(gradient((400, 300)), "JPEG", icc_profile=profile)
    task = Task(DEFAULT_RENDITIONS, 10**6)
    assert len(list(render(decode(data, task), task))) == 8
    assert len(built) == 1


def test_a_profile_of_multi_process_elements_is_ignored():
    source = decode(BOMBS["icc elements"](), Task(DEFAULT_RENDITIONS, 10**6))
    assert source.image.tobytes() == gradient((32, 24)).tobytes()


def test_a_colour_library_that_fails_is_no_broken_profile(monkeypatch):
    data = encoded(PHOTO, "PNG", icc_profile=rgb_profile((0.6, 0.3), (0.2, 0.7), (0.1, 0.1)))
    error = ImageCms.PyCMSError(OSError(errno.EMFILE, "Too many open files"))
    error.__cause__ = error.args[0]

    def fail(*_profiles, **_options):
        raise error

    monkeypatch.setattr(ImageCms, "buildTransform", fail)
    with pytest.raises(ImageCms.PyCMSError):
        decode(data, Task(SMALL, MAX_PIXELS))
