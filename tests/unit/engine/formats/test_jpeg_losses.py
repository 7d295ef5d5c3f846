"""Losses reported for JPEGs: files that Pillow wrote, with segments as phones write them."""

import struct
import time

import pytest

from function.engine.errors import Rejected
from function.engine.formats.jpeg_losses import losses
from function.engine.losses import Loss
from tests.support.pictures import encoded, gradient

PHOTO = gradient((96, 64))
JPEG = encoded(PHOTO, "JPEG")
MOTION = b'<a xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"/>'
FILM = b"\0\0\0\x18ftypmp42"
APPLE = b'<a xmlns:apple="http://ns.apple.com/%s/1.0/"/>'

PANORAMA, STEREO, ANGLE = 0x20001, 0x20002, 0x20003
LARGE_THUMBNAIL, UNDEFINED, PRIMARY = 0x10001, 0, 0x30000


def with_segment(marker: int, body: bytes, data: bytes = JPEG) -> bytes:
    return data[:2] + struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body + data[2:]


def with_xmp(text: bytes, data: bytes = JPEG) -> bytes:
    return with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text, data)


def with_index(*kinds: int, order: str = ">", behind: bytes = JPEG) -> bytes:
    """A JPEG that lists pictures of these types, the first of them itself."""
    entries = b"".join(struct.pack(order + "LLLHH", kind, 1, 1, 0, 0) for kind in kinds)
    tags = (
        struct.pack(order + "HHL4s", 0xB000, 7, 4, b"0100"),
        struct.pack(order + "HHLL", 0xB001, 4, 1, len(kinds)),
        struct.pack(order + "HHLL", 0xB002, 7, len(entries), 50),
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HLH", 42, 8, len(tags))
    index = head + b"".join(tags) + bytes(4)
    # Other data of the segment that comes after the list is none of it.
    return with_segment(0xE2, b"MPF\0" + index + entries + struct.pack(">L", STEREO) * 9) + behind


def segment_of(length: int) -> bytes:
    return b"\xff\xfe" + struct.pack(">H", 2 + length) + bytes(length)


def with_offset(further: bytes, order: str = ">", before: int = 0, kind: int = 0) -> bytes:
    """A JPEG with a further picture behind it, where the end of its index says."""
    data = with_index(PRIMARY, *[UNDEFINED] * (before + 1), order=order, behind=b"")
    head, _, tail = data.rpartition(struct.pack(order + "LLL", UNDEFINED, 1, 1))
    offset = len(data) - data.index(b"MPF\0") - 4
    return head + struct.pack(order + "LLL", kind, 1, offset) + tail + further


def told(data: bytes) -> set[Loss]:
    return {*losses(data)}


def test_a_plain_picture_loses_nothing():
    assert told(JPEG) == set()
    assert told(JPEG + FILM) == set()


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((PRIMARY, STEREO), {Loss.PAGES}),
        ((PRIMARY, PANORAMA, PANORAMA), {Loss.PAGES}),
        ((STEREO, LARGE_THUMBNAIL, ANGLE), {Loss.PAGES}),
        ((PRIMARY, 0x40000000 | STEREO), {Loss.PAGES}),  # the first of its bits is a flag
        ((PRIMARY, LARGE_THUMBNAIL), set()),
        ((PRIMARY, UNDEFINED), set()),
        ((STEREO,), set()),
    ],
)
def test_further_pictures_by_the_index(kinds, expected, order):
    assert told(with_index(*kinds, order=order)) == expected


SMALL = encoded(gradient((95, 64)), "JPEG")
AUXILIARY = b"<apdi:AuxiliaryImageType>urn:com:apple:photo:2030:aux:new</apdi:AuxiliaryImageType>"


@pytest.mark.parametrize("turned", [0, 90])
def test_the_pictures_that_pillow_appends(turned):
    further = PHOTO.rotate(turned, expand=True)
    assert told(encoded(PHOTO, "MPO", save_all=True, append_images=[further])) == {Loss.PAGES}
    smaller = PHOTO.reduce(2)
    assert told(encoded(PHOTO, "MPO", save_all=True, append_images=[smaller])) == set()
    more = [smaller, further]
    assert told(encoded(PHOTO, "MPO", save_all=True, append_images=more)) == {Loss.PAGES}


@pytest.mark.parametrize(
    ("further", "expected"),
    [
        (JPEG, {Loss.PAGES}),
        (SMALL, set()),
        (with_xmp(AUXILIARY), set()),
        (JPEG + AUXILIARY, {Loss.PAGES}),
        (with_segment(0xFE, b"words")[:20], set()),
        (JPEG[: JPEG.index(b"\xff\xda")], set()),
        (b"\0" + JPEG[1:], set()),
        (JPEG[:2] + b"\xff\xfe\0\2" * 2000 + JPEG[2:], set()),
        (JPEG[:2] + segment_of(60_000) * 18 + JPEG[2:], set()),
        (with_xmp(APPLE % b"HDRGainMap"), {Loss.HDR}),
        (with_xmp(APPLE % b"depthData"), {Loss.DEPTH}),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_further_picture_of_no_type_is_a_page_if_it_is_as_large_as_the_first(
    further, expected, order
):
    assert told(with_offset(further, order)) == expected


def test_few_pictures_of_no_type_are_looked_at():
    assert told(with_offset(JPEG, before=3)) == {Loss.PAGES}
    assert told(with_offset(JPEG, before=4)) == set()


def test_a_thumbnail_may_be_as_large_as_the_first():
    assert told(with_offset(JPEG, kind=LARGE_THUMBNAIL)) == set()


def test_an_index_that_says_it_is_longer_than_a_segment_takes_no_time():
    length = struct.pack(">HHL", 0xB002, 7, 32)
    data = with_index(PRIMARY, UNDEFINED).replace(length, length[:4] + b"\4\0\0\0")
    started = time.process_time()
    told(data)
    assert time.process_time() - started < 0.5


def test_pictures_are_listed_by_the_first_directory_of_the_index():
    """CIPA DC-007: those after it describe the pictures one by one."""
    tags = struct.pack(">HHL4s", 0xB000, 7, 4, b"0100")
    entries = struct.pack(">LLLHH", PRIMARY, 1, 1, 0, 0) + struct.pack(">LLLHH", STEREO, 1, 1, 0, 0)
    second = struct.pack(">HHHLLL", 1, 0xB002, 7, len(entries), 44, 0)
    index = b"MM" + struct.pack(">HLH", 42, 8, 1) + tags + struct.pack(">L", 26) + second + entries
    assert told(with_segment(0xE2, b"MPF\0" + index)) == set()
    # The same list in the first directory is read.
    only = b"MM" + struct.pack(">HL", 42, 26) + bytes(18) + second + entries
    assert told(with_segment(0xE2, b"MPF\0" + only)) == {Loss.PAGES}


def test_an_index_is_read_to_the_end_of_a_segment_and_no_further():
    """A segment has 64 KiB at most, which is some 4,000 pictures."""
    assert told(with_index(PRIMARY, *[LARGE_THUMBNAIL] * 4000, STEREO)) == {Loss.PAGES}
    listed = with_index(PRIMARY, UNDEFINED, behind=b"")
    start = listed.index(b"MPF\0") + 4
    length = struct.pack(">HHL", 0xB002, 7, 32)
    longer = listed.replace(length, length[:4] + struct.pack(">L", 200_000))
    longer = longer.replace(struct.pack(">L", STEREO) * 9, bytes(36))
    entry = struct.pack(">LLLHH", STEREO, 1, 1, 0, 0)
    # Entries begin 50 bytes into the index, and each takes 16.
    for at, expected in ((50 + 16 * 4000, {Loss.PAGES}), (50 + 16 * 4100, set())):
        data = longer + bytes(start + at - len(longer)) + entry
        assert told(data) == expected


def test_an_ultra_hdr_whose_gain_map_is_as_large_has_no_pages():
    data = with_offset(JPEG)
    assert told(with_segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0", data)) == {Loss.HDR}


@pytest.mark.parametrize("length", [4, 12, 30, 60])
def test_an_index_that_is_damaged_tells_nothing(length):
    index = with_index(PRIMARY, STEREO)[6:]
    assert told(with_segment(0xE2, index[:length])) == set()


@pytest.mark.parametrize(("name", "loss"), [(b"HDRGainMap", Loss.HDR), (b"depthData", Loss.DEPTH)])
def test_further_pictures_of_apples_are_known_by_their_xmp(name, loss):
    further = with_xmp(APPLE % name)
    assert told(with_index(PRIMARY, UNDEFINED, behind=further)) == {loss}
    assert told(JPEG + further) == set()


def test_an_ultra_hdr_jpeg():
    assert told(with_xmp(b'<a xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"/>')) == {Loss.HDR}
    assert told(with_segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4))) == {Loss.HDR}


def test_xmp_behind_the_first_picture_is_not_its_own():
    assert (
        told(JPEG + with_xmp(b'<a xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"/>')) == set()
    )


@pytest.mark.parametrize(
    "data",
    [
        JPEG + with_segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)),
        JPEG + with_index(PRIMARY, STEREO),
        with_xmp(APPLE % b"HDRGainMap", with_index(PRIMARY, UNDEFINED)),
        with_xmp(MOTION + FILM),
    ],
    ids=["gain map", "index", "XMP of a further picture", "film"],
)
def test_marks_in_the_wrong_place_do_not_count(data):
    assert told(data) == set()


def test_a_motion_photo_has_a_film():
    assert told(with_xmp(MOTION) + FILM) == {Loss.MOTION}
    assert told(with_xmp(MOTION)) == set()


def test_a_film_as_samsung_appends_it():
    data = JPEG + b"\0\0\x30\x0aMotionPhoto_Data" + FILM
    assert told(data + b"SEFH\0\0\0\0SEFT") == {Loss.MOTION}
    assert told(data) == set()
    assert told(JPEG + b"Image_UTC_Data SEFH SEFT") == set()


def test_a_file_without_a_scan_tells_nothing():
    data = with_xmp(MOTION) + FILM
    assert told(data[: data.index(b"\xff\xda")]) == set()


def test_segments_are_bounded():
    with pytest.raises(Rejected, match="segments"):
        told(JPEG[:2] + b"\xff\xfe\0\2" * 2000 + JPEG[2:])
