import ctypes
import errno
import struct

import pytest
from PIL import Image, ImageCms

from function.engine.colour import (
    forget_profiles,
    grey_by_strips,
    is_plain,
    is_wide,
    reduce_to_srgb,
    to_srgb,
)
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.native_module import import_native
from function.engine.pixels import Planes
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from function.engine.results import Task
from tests.support.bombs import BOMBS
from tests.support.engine import MAX_PIXELS, SMALL, picture_of
from tests.support.pictures import (
    adobe_rgb,
    display_p3,
    encoded,
    gradient,
    grey_profile,
    opened,
    rgb_profile,
)
from tests.support.uploads import PHOTO


def test_16_bit_grey_is_scaled_and_not_clipped():
    image = Image.new("I;16", (8, 8), 32768)
    source = decode(encoded(image, "PNG"), Task(SMALL, MAX_PIXELS))
    assert source.image.getpixel((4, 4)) == (128, 128, 128)


@pytest.mark.parametrize("format_name", ["PNG", "TIFF"])
def test_a_profile_of_greys_counts_for_16_bits_too(format_name):
    deep = encoded(Image.new("I;16", (8, 8), 32768), format_name, icc_profile=grey_profile(1))
    plain = encoded(Image.new("L", (8, 8), 128), format_name, icc_profile=grey_profile(1))
    assert picture_of(deep).getpixel((4, 4)) == picture_of(plain).getpixel((4, 4)) == (188,) * 3


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
    assert len(list(render(decode(data, task), task))) == 5
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


@pytest.mark.skipif(not import_native(), reason="only the C module can tell")
def test_a_profile_for_which_there_is_no_memory_is_not_ignored(monkeypatch):
    """Without it the colours would be others than in a worker that has memory left."""
    forget_profiles()
    libc = ctypes.CDLL(None)

    def refused(*_arguments, **_options):
        libc.malloc(ctypes.c_size_t(1 << 62))
        raise ImageCms.PyCMSError("cannot build transform")

    monkeypatch.setattr(ImageCms, "buildTransform", refused)
    with pytest.raises(MemoryError):
        to_srgb(Image.new("RGB", (4, 4)), display_p3())


def test_memory_that_was_refused_before_does_not_make_a_broken_profile_a_refusal():
    forget_profiles()
    ctypes.CDLL(None).malloc(ctypes.c_size_t(1 << 62))
    assert to_srgb(Image.new("RGB", (4, 4), "red"), b"broken").getpixel((0, 0)) == (255, 0, 0)


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RED, GREEN, BLUE = (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)
"""sRGB's primaries (IEC 61966-2-1)."""


def levels(image: Image.Image) -> list:
    return list(image.get_flattened_data())


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        ("I;16", [0, 255, 256, 32767, 32768, 65535], [0, 0, 1, 127, 128, 255]),
        ("I", [0, 255, 256, 32768, 65535], [0, 0, 1, 128, 255]),
        ("I", [0, 255, 256], [0, 0, 1]),
        ("I", [0, 1, 254, 255], [0, 1, 254, 255]),
        ("F", [0.0, 0.25, 0.5, 0.998, 1.0], [0, 64, 128, 254, 255]),
        ("F", [0.0, 0.5, 1.5, 200.0, 300.0], [0, 0, 1, 200, 255]),
        ("L", [0, 128, 255], [0, 128, 255]),
    ],
)
def test_grey_of_more_levels_becomes_256_of_them(mode, before, after):
    image = Image.new(mode, (len(before), 1))
    image.putdata(before)
    assert levels(to_srgb(image, None).getchannel("R")) == after


def test_grey_is_converted_in_strips_of_a_quarter_of_a_megapixel():
    """docs/engine.md, "Memory": whole copies would need it."""
    image = Image.linear_gradient("L").resize((1000, 600))
    sizes = []

    def note(strip: Image.Image) -> Image.Image:
        sizes.append(strip.size)
        return strip

    assert grey_by_strips(image, note).tobytes() == image.tobytes()
    assert sizes == [(1000, 262), (1000, 262), (1000, 76)]
    sizes.clear()
    assert grey_by_strips(image.resize((300_000, 2)), note).size == (300_000, 2)
    assert sizes == [(300_000, 1)] * 2


@pytest.mark.parametrize(
    ("profile", "plain", "wide"),
    [
        (None, True, False),
        (b"", True, False),
        (b"no profile", True, False),
        (SRGB, True, False),
        # A profile that differs by 3 levels of 255 counts as sRGB, by 4 not.
        (rgb_profile(RED, GREEN, BLUE, gamma=2.2), True, False),
        (rgb_profile(RED, GREEN, BLUE, gamma=2.22), False, False),
        (rgb_profile(RED, GREEN, BLUE, gamma=1.8), False, False),
        (rgb_profile((0.60, 0.34), (0.32, 0.56), (0.17, 0.10)), False, False),
        (display_p3(), False, True),
        (adobe_rgb(), False, True),
        # One primary of P3's or of BT.2020's is enough.
        (rgb_profile((0.680, 0.320), GREEN, BLUE), False, True),
        (rgb_profile(RED, (0.265, 0.690), BLUE), False, True),
        (rgb_profile(RED, GREEN, (0.131, 0.046)), False, True),
    ],
)
def test_a_profile_is_plain_or_wide_by_what_it_does(profile, plain, wide):
    assert (is_plain(profile), is_wide(profile)) == (plain, wide)


def test_profiles_of_other_modes_are_not_wide():
    grey = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert not is_wide(grey)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "1", "P", "PA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("profile", [None, display_p3()])
def test_every_mode_becomes_rgb_and_keeps_its_transparency(mode, profile):
    image = gradient((64, 48), "RGBA" if mode in {"RGBA", "LA", "PA"} else "RGB").convert(mode)
    alpha = image.getchannel("A").tobytes() if image.mode in {"RGBA", "LA", "PA"} else None
    found = to_srgb(image, profile)
    assert found.mode == ("RGB" if alpha is None else "RGBA")
    assert found.size == (64, 48)
    assert alpha is None or found.getchannel("A").tobytes() == alpha


def test_a_palette_with_a_transparent_colour_keeps_it_under_a_profile():
    image = gradient((64, 48)).convert("P", palette=Image.Palette.ADAPTIVE)
    image.info["transparency"] = image.getpixel((0, 0))
    for profile in (None, display_p3()):
        found = to_srgb(image, profile)
        assert (found.mode, found.getpixel((0, 0))[3], found.getpixel((63, 47))[3]) == (
            *("RGBA", 0, 255),
        )


def test_a_picture_in_srgb_is_the_same_picture():
    image = gradient((64, 48))
    assert to_srgb(image, None) is image
    assert to_srgb(image, SRGB) is image
    assert to_srgb(image, display_p3()).tobytes() != image.tobytes()


def test_a_mode_that_is_no_picture_is_named():
    with pytest.raises(Rejected, match="colour mode La are not supported") as caught:
        to_srgb(Image.new("La", (4, 4)), None)
    assert caught.value.code == "unsupported_codec"


def with_tags(count: int, kind: bytes = b"zzzz", body: bytes = b"text") -> bytes:
    """Display P3 with private tags before and behind its own nine, up to so many in all."""
    profile = display_p3()
    own = [struct.unpack(">4sII", profile[132 + 12 * at : 144 + 12 * at]) for at in range(9)]
    moved = 12 * (count - len(own))
    end = len(profile) + moved
    extra = [(kind[:3] + bytes((128 + at,)), end, 8) for at in range(count - len(own) - 1)]
    tags = [*own, *((name, at, length) for name, at, length in extra), (kind, end, 8)]
    tags = [(n, at if at == end else at + moved, length) for n, at, length in tags]
    table = b"".join(struct.pack(">4sII", *tag) for tag in tags)
    head = struct.pack(">I", end + 8) + profile[4:128] + struct.pack(">I", count)
    return head + table + profile[132 + 12 * 9 :] + body.ljust(8, b"\0")


def test_a_profile_may_have_100_tags_as_lcms_lets_it():
    assert is_wide(with_tags(10))
    assert is_wide(with_tags(100))
    assert not is_wide(with_tags(101))


@pytest.mark.parametrize(
    ("kind", "body", "is_read"),
    [
        (b"zzzz", b"text", True),
        (b"zzzz", b"mpet", False),
        (b"D2B0", b"text", False),
        (b"B2D3", b"text", False),
        (b"A2B0", b"mpet", False),
    ],
)
def test_multi_process_elements_are_found_by_their_tag_or_their_type(kind, body, is_read):
    """ICC.1:2022, 10.16."""
    assert is_wide(with_tags(10, kind, body)) == is_read


def test_the_last_of_many_tags_is_looked_at():
    profile = bytearray(with_tags(30))
    assert is_wide(bytes(profile))
    profile[132 + 12 * 29 : 136 + 12 * 29] = b"D2B0"
    assert not is_wide(bytes(profile))


def test_profiles_of_the_last_upload_are_forgotten(monkeypatch):
    built = []
    build = ImageCms.buildTransform
    monkeypatch.setattr(
        ImageCms, "buildTransform", lambda *a, **k: built.append(a) or build(*a, **k)
    )
    forget_profiles()
    profile = adobe_rgb()
    for _ in range(2):
        is_plain(profile)
    assert len(built) == 1
    forget_profiles()
    is_plain(profile)
    assert len(built) == 2


def test_a_profile_is_looked_at_once_and_srgb_is_made_once(monkeypatch):
    calls = []
    for name in ("createProfile", "applyTransform"):
        monkeypatch.setattr(ImageCms, name, counted(getattr(ImageCms, name), calls))
    forget_profiles()
    for profile in (adobe_rgb(), adobe_rgb(), display_p3(), display_p3()):
        is_plain(profile)
    assert calls.count("applyTransform") == 2
    assert calls.count("createProfile") <= 1  # an earlier test may have made it


def counted(function, calls):
    def call(*arguments, **options):
        calls.append(function.__name__)
        return function(*arguments, **options)

    return call


def noise(mode, size=(64, 48)):
    return Image.merge(mode, [Image.effect_noise(size, 60 + band) for band in range(len(mode))])


@pytest.mark.parametrize("factor", [2, 3])
def test_a_picture_is_averaged_before_its_colours_are_converted(factor):
    """That is less work; colours that were converted first would be rounded before they are."""
    picture, profile = noise("RGB"), adobe_rgb()
    found = reduce_to_srgb(picture, profile, factor)
    assert found.tobytes() == to_srgb(picture.reduce(factor), profile).tobytes()
    assert found.tobytes() != to_srgb(picture, profile).reduce(factor).tobytes()


def test_a_palette_is_averaged_by_its_colours_and_not_by_its_numbers():
    picture = Image.new("P", (2, 1))
    picture.putpalette([200, 0, 0, 0, 0, 0, 0, 0, 100])
    picture.putdata([0, 2])
    assert reduce_to_srgb(picture, None, 2).getpixel((0, 0)) == (100, 0, 50)


def test_the_brightest_of_all_strips_says_how_grey_is_scaled():
    picture = Image.new("I", (1 << 10, 1 << 9), 255)
    picture.putpixel((0, (1 << 9) - 1), 65_280)  # not in the first strip of 256 rows
    grey = reduce_to_srgb(picture, None, 1)
    assert (grey.getpixel((0, 0)), grey.getpixel((0, (1 << 9) - 1))) == ((0,) * 3, (255,) * 3)


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_has_alpha_if_it_had_before(mode, factor):
    picture = noise(mode)
    found = reduce_to_srgb(picture, None, factor)
    assert found.mode == mode
    assert found.tobytes() == (picture.reduce(factor) if factor > 1 else picture).tobytes()
