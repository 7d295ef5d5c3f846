"""``tRNS`` and ``gAMA``, as the PNG specification defines them and browsers show them."""

import struct
from fractions import Fraction

import pytest
from PIL import Image

from tests.support.engine import picture_of
from tests.support.pictures import adobe_rgb, encoded, png

GREY, RGB, PALETTE, GREY_ALPHA = 0, 2, 3, 4


def gamma(value: float) -> bytes:
    return struct.pack(">I", round(value * 100_000))


def to_srgb(light: float) -> int:
    """The level of sRGB for linear light (IEC 61966-2-1)."""
    root = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(255 * root)


def pixels(data: bytes, mode: str) -> list:
    return list(picture_of(data).convert(mode).get_flattened_data())


@pytest.mark.parametrize(
    ("bits", "row", "key", "expected"),
    [
        (1, b"\x40", 1, [(0, 255), (255, 0)]),
        (2, b"\x60", 1, [(85, 0), (170, 255)]),
        (2, b"\x60", 2, [(85, 255), (170, 0)]),
        (4, b"\x1f", 15, [(17, 255), (255, 0)]),
        (4, b"\x1f", 1, [(17, 0), (255, 255)]),
        (8, b"\x0f\xff", 15, [(15, 0), (255, 255)]),
        (16, b"\x80\x00\x00\x01", 0x8000, [(128, 0), (0, 255)]),
        (16, b"\x80\x00\xff\xff", 0xFFFF, [(128, 255), (255, 0)]),
    ],
)
def test_the_transparent_grey_has_the_bits_of_the_samples(bits, row, key, expected):
    data = png((2, 1), bits, GREY, b"\0" + row, tRNS=struct.pack(">H", key))
    levels = [(grey, alpha) for grey, *_, alpha in pixels(data, "RGBA")]
    assert [alpha for _, alpha in levels] == [alpha for _, alpha in expected]
    assert all(got == wanted for got, wanted in zip(levels, expected, strict=True) if wanted[1])


def test_the_transparent_colour_of_16_bits_is_found():
    row = struct.pack(">6H", 0x8001, 0x1234, 0xFF00, 0x0101, 0x3434, 0x0000)
    data = png((2, 1), 16, RGB, b"\0" + row, tRNS=row[:6])
    assert [alpha for *_, alpha in pixels(data, "RGBA")] == [0, 255]


@pytest.mark.parametrize("value", [1.0, 0.55, 0.3])
@pytest.mark.parametrize(
    ("bits", "kind", "row"),
    [
        (8, GREY, bytes((40, 120, 250))),
        (16, GREY, struct.pack(">3H", 40 << 8, 120 << 8, 250 << 8)),
        (8, GREY_ALPHA, bytes((40, 255, 120, 255, 250, 255))),
        (8, RGB, bytes((40, 40, 40, 120, 120, 120, 250, 250, 250))),
        (8, PALETTE, bytes((0, 1, 2))),
    ],
)
def test_gamma_is_applied(value, bits, kind, row):
    palette = {"PLTE": bytes((40,) * 3 + (120,) * 3 + (250,) * 3)} if kind == PALETTE else {}
    data = png((3, 1), bits, kind, b"\0" + row, gAMA=gamma(value), **palette)
    expected = [to_srgb(float(Fraction(level, 255)) ** (1 / value)) for level in (40, 120, 250)]
    assert [level for level, *_ in pixels(data, "RGB")] == pytest.approx(expected, abs=3)


@pytest.mark.parametrize("value", [0.45455, 0.45, 0.0, 0.0001, 4000.0])
def test_a_gamma_of_srgb_or_of_no_picture_changes_nothing(value):
    data = png((3, 1), 8, GREY, b"\0\x0a\x78\xfa", gAMA=gamma(value))
    assert pixels(data, "L") == [10, 120, 250]


def test_srgb_and_a_profile_count_before_gamma():
    row = b"\0" + bytes((40, 120, 250))
    plain = png((1, 1), 8, RGB, row, gAMA=gamma(1), sRGB=b"\0")
    assert pixels(plain, "RGB") == [(40, 120, 250)]
    image = Image.new("RGB", (1, 1), (40, 120, 250))
    with_profile = encoded(image, "PNG", icc_profile=adobe_rgb())
    end = with_profile.index(b"IDAT") - 4
    both = with_profile[:end] + plain[plain.index(b"gAMA") - 4 :][:16] + with_profile[end:]
    assert pixels(both, "RGB") == pixels(with_profile, "RGB") != [(40, 120, 250)]
