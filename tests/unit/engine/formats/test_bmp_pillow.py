"""BMPs that others open: Photoshop's run lengths, and layouts that Pillow does not know."""

import struct

import pytest

from tests.support.engine import picture_of, rejection

RED, BLUE = (255, 0, 0), (0, 0, 255)


def bmp(bits: int, compression: int, body: bytes, *, masks: bytes = b"", colours: int = 2) -> bytes:
    """A BMP of 4 by 3 pixels, red where nothing else is said."""
    palette = struct.pack("<8B", 0, 0, 255, 0, 255, 0, 0, 0)[: 4 * colours]
    at = 54 + len(masks) + len(palette)
    info = struct.pack("<3I2H6I", 40, 4, 3, 1, bits, compression, len(body), 0, 0, colours, 0)
    return struct.pack("<2sIHHI", b"BM", at + len(body), 0, 0, at) + info + masks + palette + body


@pytest.mark.parametrize(
    ("bits", "compression", "runs"),
    [
        (8, 1, b"\x04\x01\x00\x00\x02\x01\x00\x01"),  # a row, two pixels, the end
        (4, 2, b"\x04\x11\x00\x00\x02\x11\x00\x01"),
        (8, 1, b"\x04\x01\x00\x00\x02\x01\x00\x02\x02\x00\x00\x01"),  # skips to the row's end
    ],
)
def test_run_lengths_may_end_before_the_last_pixel(bits, compression, runs):
    picture = picture_of(bmp(bits, compression, runs)).convert("RGB")
    expected = [RED] * 4 + [BLUE] * 2 + [RED] * 2 + [BLUE] * 4  # from the bottom up
    assert list(picture.get_flattened_data()) == expected


@pytest.mark.parametrize(
    "runs", [b"\x04\x01\x00\x00\x02\x01", b"\x04\x01\x00\x00\x02\x01\x00", b""]
)
def test_run_lengths_without_an_end_are_damaged(runs):
    data = bmp(8, 1, runs)
    assert rejection(data) == "broken_image"
    assert rejection(data[:2] + struct.pack("<I", len(data) + 99) + data[6:]) == "truncated"


@pytest.mark.parametrize(
    "data",
    [
        bmp(16, 3, bytes(24), masks=struct.pack("<3I", 0xF00, 0xF0, 0xF), colours=0),
        bmp(2, 0, bytes(12)),
        bmp(24, 4, b"\xff\xd8\xff", colours=0),  # a JPEG
    ],
)
def test_layouts_that_pillow_does_not_know_are_not_called_damaged(data):
    assert rejection(data) == "unsupported_codec"


def test_a_palette_of_too_many_colours_is_damaged():
    data = bmp(8, 0, bytes(12))
    assert rejection(data[:46] + struct.pack("<I", 1 << 20) + data[50:]) == "broken_image"
