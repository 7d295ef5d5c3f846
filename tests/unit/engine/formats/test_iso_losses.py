"""Losses reported for HEIC and AVIF: files of real encoders, and boxes as phones write them."""

import struct
import time

import pillow_heif
import pytest

from function.engine.formats.iso_losses import losses
from function.engine.losses import Loss
from tests.support.iso_media import box, entry, full, heif
from tests.support.pictures import encoded, gradient
from tests.support.uploads import UPLOADS

PHOTO = gradient((96, 64))
MP4 = box(b"ftyp", b"mp42" + bytes(4))


def told(data: bytes) -> set[Loss]:
    return {*losses(data)}


def with_items(*entries: bytes, references: bytes = b"", groups: bytes = b"") -> bytes:
    """A file of which the picture with number 1 is the primary one."""
    return heif(
        full(b"pitm", struct.pack(">H", 1)),
        full(b"iinf", struct.pack(">H", len(entries)) + b"".join(entries)),
        full(b"iref", references),
        box(b"grpl", groups),
    )


def auxiliary(name: bytes) -> bytes:
    """A file with a second picture, which says what it is."""
    associations = struct.pack(">IHBB", 1, 2, 1, 1)
    properties = box(b"ipco", full(b"auxC", name)) + full(b"ipma", associations)
    return heif(
        full(b"pitm", struct.pack(">H", 1)),
        full(b"iinf", struct.pack(">H", 2) + entry(1, b"hvc1") + entry(2, b"hvc1")),
        full(b"iref", refers(b"auxl", 2, 1)),
        box(b"iprp", properties),
    )


def refers(kind: bytes, number: int, *others: int) -> bytes:
    return box(kind, struct.pack(f">HH{len(others)}H", number, len(others), *others))


def group(kind: bytes, *numbers: int) -> bytes:
    return full(kind, struct.pack(f">II{len(numbers)}I", 99, len(numbers), *numbers))


def track(handler: bytes, samples: int, table: bytes = b"stsz") -> bytes:
    sizes = box(b"stbl", full(table, struct.pack(">II", 0, samples)))
    media = full(b"hdlr", bytes(4) + handler + bytes(12)) + box(b"minf", sizes)
    return box(b"trak", full(b"tkhd") + box(b"mdia", media))


@pytest.mark.parametrize(
    "name", ["avif", "avif-alpha", "heic", "heic-alpha", "heic-tiled", "heic-exif", "avif-exif"]
)
def test_a_plain_picture_loses_nothing(name):
    assert told(UPLOADS[name][1]) == set()


def test_a_file_of_two_pictures_and_their_thumbnails():
    assert told(encoded(PHOTO, "HEIF", thumbnails=[32])) == set()
    second = pillow_heif.from_pillow(PHOTO)[0]
    assert told(encoded(PHOTO, "HEIF", append_images=[second])) == {Loss.PAGES}


@pytest.mark.parametrize(("more", "expected"), [([], set()), ([PHOTO], {Loss.ANIMATION})])
def test_a_sequence_of_avif(more, expected):
    assert told(encoded(PHOTO, "AVIF", save_all=True, append_images=more)) == expected


@pytest.mark.parametrize("table", [b"stsz", b"stz2"])
@pytest.mark.parametrize(
    ("handler", "samples", "expected"),
    [(b"pict", 2, {Loss.ANIMATION}), (b"pict", 1, set()), (b"vide", 9, set()), (b"auxv", 9, set())],
)
def test_tracks(handler, samples, expected, table):
    other = track(b"soun", 500)
    data = heif() + box(b"moov", full(b"mvhd") + other + track(handler, samples, table))
    assert told(data) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"urn:com:apple:photo:2020:aux:hdrgainmap\0", {Loss.HDR}),
        (b"urn:com:samsung:photo:2024:aux:hdrgainmap\0", {Loss.HDR}),
        (b"urn:mpeg:hevc:2015:auxid:2\0\0\0\0\x11more", {Loss.DEPTH}),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth\0", {Loss.DEPTH}),
        (b"urn:com:apple:photo:2018:aux:portraiteffectsmatte\0", {Loss.DEPTH}),
        (b"urn:com:apple:photo:2019:aux:semanticskinmatte\0", {Loss.DEPTH}),
        (b"urn:mpeg:hevc:2015:auxid:1\0", set()),  # alpha
        (b"urn:mpeg:hevc:2015:auxid:1\0" + b"\0" * 99 + b":aux:hdrgainmap", set()),
        (b"x" * 128 + b"matte\0", set()),
    ],
)
def test_auxiliary_pictures_say_what_they_are(name, expected):
    assert told(auxiliary(name)) == expected


def test_a_gain_map_of_iso_21496():
    entries = entry(1, b"av01"), entry(2, b"av01", hidden=True), entry(3, b"tmap")
    references = refers(b"dimg", 3, 1, 2)
    data = with_items(*entries, references=references, groups=group(b"altr", 3, 1))
    assert told(data) == {Loss.HDR}


@pytest.mark.parametrize(
    ("references", "groups", "expected"),
    [
        (b"", b"", {Loss.PAGES}),
        (refers(b"thmb", 2, 1), b"", set()),
        (refers(b"auxl", 2, 1), b"", set()),
        (refers(b"dimg", 1, 2), b"", set()),
        (refers(b"cdsc", 2, 1), b"", {Loss.PAGES}),
        (b"", group(b"altr", 1, 2), set()),
        (b"", group(b"altr", 2, 7), {Loss.PAGES}),
        (b"", group(b"ster", 1, 2), {Loss.PAGES}),
        (b"", group(b"ster", 1, 2) + group(b"altr", 2, 1), set()),
    ],
)
def test_a_second_picture_is_a_page_unless_it_is_part_of_the_first(references, groups, expected):
    entries = entry(1, b"hvc1"), entry(2, b"hvc1")
    assert told(with_items(*entries, references=references, groups=groups)) == expected


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (entry(2, b"av01"), {Loss.PAGES}),
        (entry(2, b"grid"), {Loss.PAGES}),
        (entry(2, b"hvc1", hidden=True), set()),
        (entry(2, b"Exif"), set()),
        (entry(2, b"mime"), set()),
    ],
)
def test_what_is_a_picture(second, expected):
    assert told(with_items(entry(1, b"hvc1"), second)) == expected


def test_groups_are_bounded():
    entries = entry(1, b"hvc1"), entry(2, b"hvc1")
    late = group(b"altr", *range(3, 66), 1, 2)
    assert told(with_items(*entries, groups=late)) == {Loss.PAGES}
    assert told(with_items(*entries, groups=group(b"ster") * 64 + group(b"altr", 1, 2))) == {
        Loss.PAGES
    }


def test_a_film_in_its_box_or_behind_the_picture():
    assert told(UPLOADS["heic"][1] + box(b"mpvd", MP4)) == {Loss.MOTION}
    assert told(UPLOADS["heic"][1] + MP4) == {Loss.MOTION}
    assert told(UPLOADS["heic"][1] + box(b"sefd", b"SEFT")) == set()


def test_xmp_tells_of_gain_maps_and_the_film_is_looked_for():
    motion = b'<a xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"/>'
    gain_map = b'<a xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"/>'
    assert told(encoded(PHOTO, "HEIF", xmp=motion)) == set()
    assert told(encoded(PHOTO, "HEIF", xmp=gain_map)) == {Loss.HDR}
    assert told(encoded(PHOTO, "AVIF", xmp=gain_map)) == {Loss.HDR}


@pytest.mark.parametrize("length", [0, 8, 30, 100, 300, 500])
def test_a_file_cut_short_tells_nothing(length):
    assert told(UPLOADS["heic-tiled"][1][:length]) == set()


def padded(level: bytes, free: int, table: bytes = b"stsz") -> bytes:
    """A sequence of two pictures, with empty boxes in front of what one of its boxes has."""
    body = full(table, struct.pack(">II", 0, 2))
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        handler = full(b"hdlr", bytes(4) + b"pict" + bytes(12)) if kind == b"mdia" else b""
        body = box(kind, box(b"free") * (free if kind == level else 0) + handler + body)
    return heif() + body


@pytest.mark.parametrize(
    ("level", "most", "table"),
    [
        (b"moov", 4089, b"stsz"),
        (b"trak", 4089, b"stsz"),
        (b"mdia", 2044, b"stsz"),  # they are passed twice
        (b"minf", 4089, b"stsz"),
        (b"stbl", 4089, b"stsz"),
        (b"stbl", 2043, b"stz2"),
    ],
)
def test_the_boxes_of_all_levels_of_all_tracks_are_bounded_together(level, most, table):
    assert told(padded(level, most, table)) == {Loss.ANIMATION}
    assert told(padded(level, most + 1, table)) == set()


def test_many_tracks_of_many_boxes_take_no_time():
    trak = box(b"trak", box(b"mdia", box(b"free") * 4096))
    data = heif() + box(b"moov", trak * 700)
    started = time.process_time()
    told(data)
    assert time.process_time() - started < 0.5


def test_long_boxes_take_no_time():
    """Each of 4000 items has the same property, which is as long as a file may be."""
    properties = box(b"ipco", full(b"auxC", bytes(10_000_000)))
    associations = b"".join(struct.pack(">HBB", number, 1, 1) for number in range(1, 4000))
    long_group = box(b"grpl", group(b"altr", 1) + full(b"altr", bytes(10_000_000)))
    data = heif(
        full(b"pitm", struct.pack(">H", 1)),
        box(b"iprp", properties + full(b"ipma", struct.pack(">I", 3999) + associations)),
        long_group,
    )
    started = time.process_time()
    told(data)
    assert time.process_time() - started < 1
