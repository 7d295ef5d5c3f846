"""Limits on a JPEG's segments, fill, metadata and scans."""

import pytest

from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.formats.jpeg_segments import (
    ARITHMETIC_SCANS,
    MAX_FILL,
    MAX_SCANNED_PIXELS,
    MAX_SCANS,
    MAX_SEGMENTS,
    USUAL_SCANS,
    check_scans,
    kind_of,
    walk,
    without_needless,
)
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from tests.support.bombs import BOMBS, JPEG, jpeg_with, segment
from tests.support.pictures import encoded, gradient
from tests.support.uploads import UPLOADS


def rejection(data):
    with pytest.raises(Rejected) as caught:
        decode(data, Task(DEFAULT_RENDITIONS, 50_000_000))
    return caught.value.code


def is_decoded(data):
    return decode(data, Task(DEFAULT_RENDITIONS, 50_000_000)).size == (64, 48)


@pytest.mark.parametrize("segments", [MAX_SEGMENTS - 10, MAX_SEGMENTS + 1])
def test_a_jpeg_may_have_some_segments(segments):
    data = jpeg_with(segment(0xFE, b"words") * segments)
    if segments > MAX_SEGMENTS:
        assert rejection(data) == "too_complex"
    else:
        assert is_decoded(data)


@pytest.mark.parametrize("byte", [b"\0", b"\x80", b"\xff"])
@pytest.mark.parametrize("length", [MAX_FILL - 2, MAX_FILL + 1])
def test_a_jpeg_may_have_some_fill(byte, length):
    data = (
        jpeg_with(b"\xff" + byte * length)
        if byte == b"\xff"
        else jpeg_with(segment(0xFE, b"words") + byte * length)
    )
    if length > MAX_FILL:
        assert rejection(data) == "too_complex"
    else:
        assert is_decoded(data)


def test_fill_to_the_end_of_a_file_counts():
    assert rejection(b"\xff\xd8\xff\xfe\0\2" + bytes(MAX_FILL + 1)) == "too_complex"


def frame(marker: int, components: int = 1) -> bytes:
    """A frame header of 8 bits, 16 x 16 pixels."""
    body = bytes((8, 0, 16, 0, 16, components)) + bytes((1, 0x11, 0)) * components
    return segment(marker, body)


def scan(components: int = 1) -> bytes:
    return segment(0xDA, bytes((components, *(1, 0) * components, 0, 63, 0)))


def test_a_picture_may_have_1000_segments():
    """The end of a file without a scan counts as one."""
    assert walk(b"\xff\xd8" + segment(0xFE, b"") * 999).segments == 1000
    with pytest.raises(Rejected, match="over 1000 segments"):
        walk(b"\xff\xd8" + segment(0xFE, b"") * 1000)


def test_64_kib_may_belong_to_no_segment():
    """Here in two places: before the first marker, and behind the last segment."""
    half = bytes(32 * 1024)
    head, comment = b"\xff\xd8", segment(0xFE, b"words")
    assert walk(head + half + comment + half).fill == 64 * 1024
    with pytest.raises(Rejected, match="over 64 KB between"):
        walk(head + half + comment + half + b"\0")


def test_exif_may_have_1_mib():
    name, block = b"Exif\0\0", 1024 * 1024 // 32
    blocks = segment(0xE1, name + bytes(block - len(name))) * 31
    whole = blocks + segment(0xE1, name + bytes(block - len(name)))
    assert walk(b"\xff\xd8" + whole).exif == 1024 * 1024
    over = blocks + segment(0xE1, name + bytes(block - len(name) + 1))
    with pytest.raises(Rejected, match="over 1024 KB of EXIF") as caught:
        walk(b"\xff\xd8" + over)
    assert caught.value.code == "metadata_too_large"
    # Other data of APP1, such as XMP, is no EXIF.
    assert walk(b"\xff\xd8" + segment(0xE1, b"http" + bytes(60_000)) * 20).exif == 0


def test_a_picture_may_have_200_scans():
    head = b"\xff\xd8" + frame(0xC2)
    assert walk(head + scan() * 200 + b"\xff\xd9").scans == 200
    with pytest.raises(Rejected, match="over 200 scans"):
        walk(head + scan() * 201 + b"\xff\xd9")


def test_20_scans_are_usual_and_more_are_weighed():
    check_scans(20, 10**9)
    check_scans(21, 71_428_571)  # 1,499,999,991 pixels in all
    check_scans(100, 15_000_000)  # 1,500 million
    for scans, pixels in ((21, 71_428_572), (100, 15_000_001)):
        with pytest.raises(Rejected, match="too many scans for its size") as caught:
            check_scans(scans, pixels)
        assert caught.value.code == "too_complex"


def test_facts_of_the_frame_are_those_of_t_81():
    """T.81, B.2.2: precision, height, width, components; SOF0 and SOF1 are Huffman-coded."""
    body = bytes((8, 0x01, 0x02, 0x03, 0x04, 3))
    found = walk(b"\xff\xd8" + segment(0xC0, body))
    assert (found.bits, found.pixels, found.components) == (8, 0x0102 * 0x0304, 3)
    assert (found.progressive, found.arithmetic) == (False, False)
    shorter = walk(b"\xff\xd8" + segment(0xC0, body[:5]))
    assert (shorter.bits, shorter.pixels, shorter.components) == (8, 0, 0)


@pytest.mark.parametrize(
    ("marker", "progressive", "arithmetic"),
    [
        *((marker, False, False) for marker in (0xC0, 0xC1, 0xC3, 0xC5, 0xC7)),
        *((marker, True, False) for marker in (0xC2, 0xC6)),
        *((marker, False, True) for marker in (0xC9, 0xCB, 0xCD, 0xCF)),
        *((marker, True, True) for marker in (0xCA, 0xCE)),
    ],
)
def test_each_frame_header_of_t_81_says_how_it_is_coded(marker, progressive, arithmetic):
    """T.81, Table B.1."""
    found = walk(b"\xff\xd8" + frame(marker))
    assert (found.pixels, found.components) == (256, 1)
    assert (found.progressive, found.arithmetic) == (progressive, arithmetic)


@pytest.mark.parametrize("marker", [0xC4, 0xC8, 0xCC])
def test_tables_and_what_is_reserved_are_no_frame(marker):
    """T.81, Table B.1: DHT, JPG and DAC."""
    found = walk(b"\xff\xd8" + frame(marker))
    assert (found.bits, found.pixels, found.components) == (None, 0, 0)


def test_the_first_frame_says_how_many_bits_and_the_last_one_how_large():
    first, last = frame(0xC2), segment(0xC0, bytes((12, 0, 32, 0, 32, 3)))
    found = walk(b"\xff\xd8" + first + last)
    assert (found.bits, found.pixels, found.components) == (8, 1024, 3)
    assert found.progressive


@pytest.mark.parametrize(
    ("data", "scans"),
    [
        (frame(0xC0) + scan(), 1),
        (frame(0xC0, 3) + scan(3), 1),
        (frame(0xC0, 3) + scan(3) + scan(3), 1),  # nothing is left for a second one to say
        (frame(0xC0, 3) + scan() * 3, 3),
        (frame(0xC0, 3) + scan(2) + scan(), 2),
        (frame(0xC2, 3) + scan(3) + scan(), 2),
        (frame(0xC9, 3) + scan(3), 1),
        (frame(0xC9, 3) + scan(2) + scan(), 15),
        (frame(0xCA, 3) + scan(3) + scan() * 2, 25),
        (frame(0xC2) + scan() + b"\x11\xff\0\x11\xff\xd0\x11\xff\xd7\x11" + scan(), 2),
        (frame(0xC2) + scan() + segment(0xC4, scan()) + scan(), 2),
        (frame(0xC2) + scan() + b"\xff\xd8" + scan(), 2),
        (frame(0xC2) + scan() + b"\xff\xd9" + scan(), 1),
    ],
)
def test_scans_are_counted_by_what_they_cost(data, scans):
    """One scan, or five for each of its components if it is arithmetic-coded."""
    assert walk(b"\xff\xd8" + data + b"\xff\xd9").scans == scans


def test_the_header_ends_before_the_first_scan():
    head = b"\xff\xd8" + segment(0xFE, b"words") + frame(0xC0)
    assert walk(head + scan() + b"\xff\xd9").header == len(head)
    assert walk(head).header == 0


@pytest.mark.parametrize("marker", [0x01, 0x4F, 0xBF])
def test_no_segment_begins_below_the_first_frame(marker):
    """Pillow gives up there; T.81 reserves these markers."""
    found = walk(b"\xff\xd8" + bytes((0xFF, marker)) + frame(0xC0) + scan())
    assert (found.header, found.segments) == (0, 0)


@pytest.mark.parametrize("marker", [0xC8, 0xD0, 0xD7, 0xD8, 0xD9, 0xF0, 0xFD])
def test_a_marker_alone_has_no_length(marker):
    """As Pillow reads them: the frame follows at once."""
    found = walk(b"\xff\xd8" + bytes((0xFF, marker)) + frame(0xC0))
    assert (found.pixels, found.fill) == (256, 0)


@pytest.mark.parametrize("marker", [0xC4, 0xDA + 1, 0xE0, 0xEF, 0xFE])
def test_other_markers_have_a_length(marker):
    found = walk(b"\xff\xd8" + segment(marker, frame(0xC2)) + frame(0xC0))
    assert (found.pixels, found.progressive, found.fill) == (256, False, 0)


def test_a_length_below_its_own_two_bytes_counts_as_those():
    found = walk(b"\xff\xd8" + b"\xff\xfe\0\0" + frame(0xC0) + b"\xff\xfe\0\1")
    assert (found.segments, found.pixels, found.fill) == (4, 256, 0)


@pytest.mark.parametrize(
    ("marker", "body", "is_kept"),
    [
        (0xE0, b"JFIF\0" + bytes(9), True),
        (0xE0, b"JFIF\0" + bytes(8), False),
        (0xE0, b"JFXX\0" + bytes(9), False),
        (0xE1, b"Exif\0\0", True),
        (0xE1, b"Exif\0", False),
        (0xE2, b"ICC_PROFILE\0\1\1", True),
        (0xE2, b"ICC_PROFILE\0\1", False),
        (0xEE, b"Adobe" + bytes(7), True),
        (0xEE, b"Adobe" + bytes(6), False),
        (0xED, b"Photoshop 3.0\0" + bytes(9), False),
        (0xEF, b"", False),
        (0xFE, b"words", True),
    ],
)
def test_only_what_decoding_needs_of_the_application_segments_stays(marker, body, is_kept):
    """JFIF and Adobe as libjpeg takes them, EXIF and profiles as Pillow does."""
    data = JPEG[:2] + segment(marker, body) + JPEG[2:]
    assert (without_needless(data) == data) == is_kept
    if not is_kept:
        assert without_needless(data) == JPEG[:2] + segment(0xFE, body) + JPEG[2:]


def test_exif_is_summed_over_its_segments():
    part = segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0" + bytes(60_000))
    assert is_decoded(jpeg_with(part * 17))
    assert rejection(jpeg_with(part * 18)) == "metadata_too_large"


def scans_of(image, **options):
    return walk(encoded(image, "JPEG", **options)).scans


def test_scans_are_counted_of_the_picture_alone():
    photo = gradient((64, 48))
    assert scans_of(photo) == 1
    assert scans_of(photo.convert("L")) == 1
    assert scans_of(photo, progressive=True) == 10
    assert scans_of(photo, exif=b"Exif\0\0" + JPEG * 3) == 1
    assert scans_of(photo, progressive=True, exif=b"Exif\0\0" + JPEG * 3) == 10
    assert walk(JPEG + encoded(photo, "JPEG", progressive=True)).scans == 1
    assert walk(encoded(photo, "JPEG", progressive=True) + JPEG).scans == 10


def test_an_end_of_image_in_a_comment_hides_no_scan():
    data = BOMBS["jpeg sequential scans"]()
    start = data.index(b"\xff\xda")
    after = start + 2 + int.from_bytes(data[start + 2 : start + 4])
    hidden = data[:after] + segment(0xFE, b"\xff\xd9") + data[after:]
    assert rejection(hidden) == "too_complex"


def test_a_header_without_a_scan_has_none():
    assert walk(JPEG[: JPEG.index(b"\xff\xda")]).scans == 0
    assert walk(b"\xff\xd8\xff\x02").scans == 0


@pytest.mark.parametrize(
    ("scans", "pixels", "fits"),
    [
        (USUAL_SCANS, 300_000_000, True),
        (USUAL_SCANS + 1, MAX_SCANNED_PIXELS // (USUAL_SCANS + 1), True),
        (USUAL_SCANS + 1, MAX_SCANNED_PIXELS // (USUAL_SCANS + 1) + 1, False),
        (MAX_SCANS, 1_000_000, True),
    ],
)
def test_scans_are_weighed_by_pixels(scans, pixels, fits):
    if fits:
        check_scans(scans, pixels)
    else:
        with pytest.raises(Rejected, match="scans"):
            check_scans(scans, pixels)


def test_arithmetic_scans_count_as_several():
    data = BOMBS["jpeg arithmetic scans"]()
    assert walk(data).scans == 19 * ARITHMETIC_SCANS
    assert walk(data.replace(b"\xff\xca", b"\xff\xc2", 1)).scans == 19
    assert walk(data.replace(b"\xff\xca", b"\xff\xc9", 1)).scans == 1


def test_a_sequential_jpeg_of_several_scans_needs_the_memory_of_a_progressive_one():
    data = BOMBS["jpeg sequential scans"]()
    three = data[: data.index(b"\xff\xda")] + segment(0xDA, bytes((1, 1, 0, 0, 63, 0))) * 3
    with pytest.raises(Rejected) as caught:
        decode(three + b"\xff\xd9", Task(DEFAULT_RENDITIONS, 10**9, memory_mb=512))
    assert caught.value.code == "too_many_pixels"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("jpeg", "jpeg"),
        ("jpeg-grey", "jpeg"),
        ("jpeg-444", "jpeg"),
        ("jpeg-cmyk", "jpeg-cmyk"),
        ("jpeg-progressive", "jpeg-progressive"),
    ],
)
def test_a_kind_is_what_costs_memory(name, kind):
    assert kind_of(UPLOADS[name][1], halves_chroma=True, native=True) == kind


def test_planes_by_pillow_cost_as_much_as_a_progressive_file():
    data = UPLOADS["jpeg"][1]
    assert kind_of(data, halves_chroma=True, native=False) == "jpeg-progressive"
    assert kind_of(data, halves_chroma=False, native=False) == "jpeg"
