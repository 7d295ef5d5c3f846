"""What a JPEG may have of segments, fill, metadata and scans."""

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
