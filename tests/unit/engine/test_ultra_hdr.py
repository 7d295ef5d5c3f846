"""The file of a rendition with a gain map: its segments, and how the map is encoded."""

import re

import pytest
from PIL import Image

from function.engine.gain_map import Channel, Gains
from function.engine.ultra_hdr import with_gain_map
from tests.support.pictures import encoded, gradient, opened
from tests.support.ultra_hdr import ISO, iso_of, spot, taken_apart

GAINS = Gains((Channel(-1.0, 3.0, 1.0, 0.0, 1 / 64),), 0.0, 2.5)
PICTURE = encoded(gradient((96, 64)), "JPEG", quality=70)


def made(mode: str = "L", picture: bytes = PICTURE) -> tuple[bytes, bytes]:
    return taken_apart(with_gain_map(picture, spot(mode=mode), GAINS, 70))


def test_the_picture_announces_iso_21496_and_both_pictures():
    first, _ = made()
    assert ISO + bytes(4) in first
    items = re.findall(rb'Item:Semantic="(\w+)" Item:Mime="([^"]+)"', first)
    assert items == [(b"Primary", b"image/jpeg"), (b"GainMap", b"image/jpeg")]
    assert b'hdrgm:Version="1.0"' in first
    assert opened(first).tobytes() == opened(PICTURE).tobytes()


def test_the_map_has_its_numbers_in_both_forms():
    _, second = made()
    values = dict(re.findall(rb'hdrgm:(\w+)="([^"]+)"', second))
    assert values == {
        b"Version": b"1.0",
        b"GainMapMin": b"-1",
        b"GainMapMax": b"3",
        b"OffsetSDR": b"0",
        b"HDRCapacityMax": b"2.5",
    }
    assert iso_of(second)[1] == [0, 2.5, -1, 3, 1, 0, 1 / 64]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_map_is_encoded_at_the_same_quality_in_few_bytes_with_all_of_its_colours(mode):
    first, second = (opened(data) for data in made(mode))
    assert second.quantization[0] == first.quantization[0]
    assert {part[1:3] for part in second.layer} == {(1, 1)}
    standard = encoded(spot(mode=mode), "JPEG", quality=70, subsampling=0)
    assert b"\xff\xc4\0\xb5" in standard  # the table of 162 codes that fits any picture
    assert b"\xff\xc4\0\xb5" not in made(mode)[1]


def test_jfif_stays_first_and_a_picture_without_it_is_written_too():
    assert all(data[2:4] == b"\xff\xe0" for data in made())
    bare = PICTURE[:2] + PICTURE[20:]
    first, _ = made(picture=bare)
    assert first[2:4] == b"\xff\xe1"
    assert opened(first).tobytes() == opened(bare).tobytes()


def test_a_map_of_one_pixel():
    _, second = taken_apart(with_gain_map(PICTURE, Image.new("L", (1, 1), 9), GAINS, 70))
    assert opened(second).getpixel((0, 0)) == pytest.approx(9, abs=3)
