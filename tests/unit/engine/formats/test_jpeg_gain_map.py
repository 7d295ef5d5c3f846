"""Which gain maps are found in a JPEG, and which files that claim one are let alone."""

import struct

import pytest
from PIL import Image

from function.engine.formats.jpeg_gain_map import find_gain_map, load_gain_map
from tests.support.pictures import encoded, gradient
from tests.support.ultra_hdr import GAINS, gains_xmp, iso, part, spot, ultra_hdr, with_map

JPEG = encoded(gradient((96, 64)), "JPEG")
MAP = encoded(spot(), "JPEG")
SCANS = encoded(spot(), "JPEG", progressive=True)
WITH_GAINS = MAP[:2] + gains_xmp(**GAINS) + MAP[2:]


def test_a_gain_map_behind_the_picture():
    found = find_gain_map(with_map(JPEG, WITH_GAINS))
    assert found is not None
    assert (found.data, found.size) == (WITH_GAINS, (24, 16))
    assert (found.kind, found.is_colour) == ("jpeg", False)
    image, box = load_gain_map(found, 1.0)
    assert (image.mode, image.size, box) == ("L", (24, 16), (0, 0, 24, 16))


def test_a_gain_map_with_iso_21496_alone():
    assert find_gain_map(ultra_hdr(JPEG, MAP, iso(0, 2, 0, 2, 1, 0, 0))) is not None


def test_a_gain_map_in_colour_and_one_of_several_scans():
    colour = encoded(spot(mode="RGB"), "JPEG", progressive=True)
    found = find_gain_map(ultra_hdr(JPEG, colour))
    assert found is not None
    assert (found.kind, found.is_colour) == ("jpeg-progressive", True)
    assert load_gain_map(found, 1.0)[0].mode == "RGB"


def test_a_gain_map_is_decoded_just_large_enough():
    found = find_gain_map(ultra_hdr(JPEG, spot((93, 64))))
    assert found is not None
    image, box = load_gain_map(found, 0.5)
    assert (image.size, box) == ((47, 32), (0, 0, 46.5, 32))


@pytest.mark.parametrize(
    "index",
    [
        {"offset": 1},  # beside it
        {"offset": -1},
        {"offset": 10**9},  # past the end
        {"offset": len(WITH_GAINS)},
        {"length": 0},
        {"length": 10},
        {"before": 4},  # the fifth
    ],
)
def test_where_the_index_is_wrong_nothing_is_found(index):
    assert find_gain_map(with_map(JPEG, WITH_GAINS, **index)) is None


def test_a_picture_of_more_bytes_than_there_are_ends_with_the_file():
    found = find_gain_map(with_map(JPEG, WITH_GAINS, length=1 << 31))
    assert found is not None
    assert found.data == WITH_GAINS


def test_four_others_may_come_before():
    assert find_gain_map(with_map(JPEG, WITH_GAINS, before=3)) is not None


def test_a_preview_in_the_header_of_the_picture_is_not_its_gain_map():
    """An index may point into the header, where EXIF has previews."""
    preview = part(0xE1, b"Exif\0\0" + bytes(64) + WITH_GAINS)
    picture = JPEG[:2] + preview + JPEG[2:]
    data = with_map(picture, b"")
    away = data.index(WITH_GAINS) - len(data)
    assert find_gain_map(with_map(picture, b"", offset=away, length=1 << 20)) is None


@pytest.mark.parametrize(
    "metadata",
    [b"", gains_xmp(GainMapMax="3"), iso(0, 2), part(0xE2, b"urn:iso:std:iso:ts:21496:-1\0")],
)
def test_without_metadata_that_can_be_read_nothing_is_found(metadata):
    assert find_gain_map(ultra_hdr(JPEG, MAP, metadata)) is None


def test_metadata_behind_a_long_header_is_not_looked_for():
    comments = b"".join(part(0xFE, bytes(60_000)) for _ in range(3))
    assert find_gain_map(ultra_hdr(JPEG, MAP, comments + gains_xmp(**GAINS))) is None


def changed(at: int, value: int) -> bytes:
    """The map's JPEG with another byte in its frame header: 0 is its precision."""
    frame = MAP.index(b"\xff\xc0\0\x0b\x08") + 4
    return MAP[: frame + at] + bytes((value,)) + MAP[frame + at + 1 :]


@pytest.mark.parametrize(
    "body",
    [
        encoded(spot().convert("CMYK"), "JPEG"),
        encoded(spot(), "PNG"),
        encoded(spot(), "GIF"),
        changed(0, 12),
        changed(5, 2),
        MAP.replace(b"\xff\xc0", b"\xff\xc9", 1),  # arithmetic-coded
        MAP[: MAP.index(b"\xff\xda")],
        SCANS[:-2] + SCANS[SCANS.rindex(b"\xff\xda") : -2] * 20 + SCANS[-2:],
        MAP[:2] + b"\xff\xfe\0\2" * 1001 + MAP[2:],
    ],
    ids=["CMYK", "PNG", "GIF", "12 bits", "2 channels", "arithmetic", "header", "scans", "parts"],
)
def test_what_no_encoder_of_gain_maps_writes_is_not_found(body):
    assert find_gain_map(ultra_hdr(JPEG, body)) is None


def test_three_channels_of_gains_need_a_map_in_colour():
    gains = iso(0, 2, *(0, 2, 1, 0, 0), *(0, 1, 1, 0, 0), *(0, 3, 1, 0, 0), flags=0xC0)
    assert find_gain_map(ultra_hdr(JPEG, MAP, gains)) is None
    assert find_gain_map(ultra_hdr(JPEG, spot(mode="RGB"), gains)) is not None


def test_a_header_with_two_sizes_is_damage():
    """The first frame header is the walk's, the other one libjpeg's, or the other way round."""
    found = find_gain_map(with_map(JPEG, WITH_GAINS))
    assert found is not None
    with pytest.raises(OSError, match="ambiguous"):
        load_gain_map(found.replace(size=(16, 24)), 1.0)
    frame = MAP[MAP.index(b"\xff\xc0") :][:13]
    twice = MAP.replace(frame, frame[:5] + struct.pack(">HH", 9, 9) + frame[9:] + frame)
    double = find_gain_map(ultra_hdr(JPEG, twice))
    assert double is not None
    with pytest.raises((OSError, SyntaxError)):
        load_gain_map(double, 1.0)


def test_apple_s_own_gain_map_is_not_one_that_is_kept():
    apple = part(
        0xE1,
        b"http://ns.adobe.com/xap/1.0/\0<x xmlns:HDRGainMap='http://ns.apple.com/HDRGainMap/1.0/'>"
        b"<HDRGainMap:HDRGainMapHeadroom>4.5</HDRGainMap:HDRGainMapHeadroom>",
    )
    assert find_gain_map(ultra_hdr(JPEG, Image.new("L", (48, 32)), apple)) is None
