"""The orientation is read whatever else is wrong with the metadata."""

import struct

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.header import check_size, icc_profile, orientation_of, too_many_pixels
from function.engine.results import Task
from tests.support.bombs import segment
from tests.support.engine import MAX_PIXELS, SMALL
from tests.support.pictures import camera_exif, encoded, gradient

PHOTO = gradient((96, 64))
JPEG = encoded(PHOTO, "JPEG")
TURNED, LYING = (64, 96), (96, 64)
XMP = b'<rdf:Description tiff:Orientation="6"/>'


def size(data: bytes) -> tuple[int, int]:
    return decode(data, Task(SMALL, MAX_PIXELS)).size


def jpeg(*blocks: bytes) -> bytes:
    """A JPEG that leaves its resolution to EXIF, of which it has some blocks."""
    start = 4 + int.from_bytes(JPEG[4:6], "big")
    return JPEG[:2] + b"".join(segment(0xE1, block) for block in blocks) + JPEG[start:]


def exif(
    *entries: tuple[int, int, int, bytes], order: str = "<", at: int = 8, count: int | None = None
) -> bytes:
    """A block whose IFD has some entries: tag, type, number of values, the value's four bytes."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", at)
    ifd = struct.pack(f"{order}H", len(entries) if count is None else count)
    for tag, kind, values, value in entries:
        ifd += struct.pack(f"{order}HHI", tag, kind, values) + value
    return b"Exif\0\0" + head + ifd


def info(**values: object) -> int:
    image = Image.new("RGB", (1, 1))
    image.info = values
    return orientation_of(image)


SIDEWAYS = (0x0112, 3, 1, b"\6\0\0\0")
MAKE_ELSEWHERE = (0x010F, 2, 4_000_000, b"\0\0\0\x7f")
CAMERA = camera_exif(6)
UNTIDY = {
    "a string that lies beyond the block": exif(MAKE_ELSEWHERE, SIDEWAYS),
    "the last of thirty entries": exif(*[MAKE_ELSEWHERE] * 29, SIDEWAYS),
    "fewer entries than stated": exif(SIDEWAYS, count=9),
    "an unknown type before it": exif((0x010F, 99, 1, b"abcd"), SIDEWAYS),
    "two orientations": exif(SIDEWAYS, (0x0112, 3, 1, b"\1\0\0\0")),
    "two values": exif((0x0112, 3, 2, b"\6\0\1\0")),
    "a long": exif((0x0112, 4, 1, b"\6\0\0\0")),
    "a long with a sign": exif((0x0112, 9, 1, b"\6\0\0\0")),
    "a short with a sign": exif((0x0112, 8, 1, b"\6\0\0\0")),
    "a byte": exif((0x0112, 1, 1, b"\6\0\0\0")),
    "a byte, the high one first": exif((0x0112, 1, 1, b"\6\0\0\0"), order=">"),
    "the high byte first": exif((0x0112, 3, 1, b"\0\6\0\0"), order=">"),
    "a link to a next IFD that is not there": exif(SIDEWAYS) + b"\xff\xff\xff\x7f",
    "cut after it": CAMERA[: CAMERA.index(b"\1\x12\0\3") + 12],
    "two headers": b"Exif\0\0" + CAMERA,
    "resolutions of no number": exif(
        SIDEWAYS, (0x011A, 2, 0, b"0000"), (0x0128, 3, 1, b"\2\0\0\0")
    ),
}
NONE = {
    "nothing": b"Exif\0\0",
    "no byte order": b"Exif\0\0" + bytes(40),
    "cut in its header": CAMERA[:12],
    "an IFD beyond the block": exif(SIDEWAYS, at=4_000_000_000),
    "text": exif((0x0112, 2, 2, b"6\0\0\0")),
    "a ninth": exif((0x0112, 3, 1, b"\x09\0\0\0")),
    "none": exif((0x0112, 3, 1, bytes(4))),
    "another tag": exif((0x0113, 3, 1, b"\6\0\0\0")),
    "beyond the entries stated": exif(MAKE_ELSEWHERE, SIDEWAYS, count=1),
}


@pytest.mark.parametrize("name", UNTIDY)
def test_untidy_exif_keeps_its_orientation(name):
    assert size(jpeg(UNTIDY[name])) == TURNED


@pytest.mark.parametrize("name", NONE)
def test_exif_without_an_orientation_refuses_no_picture(name):
    assert size(jpeg(NONE[name])) == LYING


def test_the_first_of_several_exif_blocks_counts():
    assert size(jpeg(CAMERA, camera_exif(1))) == TURNED
    assert size(jpeg(camera_exif(1), CAMERA)) == LYING


def test_exif_that_pillow_does_not_open_a_jpeg_for():
    """It reads the resolution, and takes the first character of an empty string."""
    empty = (0x011A, 2, 1, b"\0\0\0\0")
    assert size(jpeg(exif(SIDEWAYS, empty, (0x0128, 3, 1, b"\2\0\0\0")))) == TURNED


@pytest.mark.parametrize("format_name", ["PNG", "WEBP"])
def test_huge_exif_is_no_reason_to_refuse(format_name):
    assert size(encoded(PHOTO, format_name, exif=CAMERA + bytes(2 << 20))) == TURNED


@pytest.mark.parametrize(
    ("xmp", "expected"),
    [
        (XMP, TURNED),
        (b"<tiff:Orientation>6</tiff:Orientation>", TURNED),
        (b'<rdf:Description tiff:Orientation="9"/>', LYING),
        (b'<rdf:Description exif:Orientation="6"/>', LYING),
    ],
)
@pytest.mark.parametrize("format_name", ["JPEG", "WEBP"])
def test_xmp_states_the_orientation_where_exif_does_not(format_name, xmp, expected):
    assert size(encoded(PHOTO, format_name, xmp=xmp)) == expected
    with_exif = encoded(PHOTO, format_name, xmp=xmp, exif=NONE["another tag"])
    assert size(with_exif) == expected
    assert size(encoded(PHOTO, format_name, xmp=xmp, exif=camera_exif(1))) == LYING


def test_exif_of_imagemagick_is_hexadecimal_text():
    def png(name: str, text: str) -> bytes:
        chunks = PngInfo()
        chunks.add_text(name, text)
        return encoded(PHOTO, "PNG", pnginfo=chunks)

    digits = f"\nexif\n {len(CAMERA)}\n{CAMERA.hex()}"
    assert size(png("Raw profile type exif", digits)) == TURNED
    assert size(png("Raw profile type exif", digits[:-1])) == LYING
    assert size(png("Raw profile type exif", "\nexif\n 2\nno")) == LYING
    assert size(png("exif", "words")) == LYING


def test_metadata_of_other_types_is_none():
    assert info(exif="words") == 1
    assert info(xmp="words") == 1
    assert info(xmp=XMP) == 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_that_exif_has_is_read(orientation):
    assert info(exif=camera_exif(orientation)) == orientation
    assert info(xmp=XMP.replace(b"6", b"%d" % orientation)) == orientation


@pytest.mark.parametrize("orientation", [0, 9, 255])
def test_an_orientation_that_exif_does_not_have_is_upright(orientation):
    assert info(exif=exif((0x0112, 3, 1, struct.pack("<I", orientation)))) == 1
    assert info(exif=exif((0x0112, 3, 1, struct.pack("<I", orientation))), xmp=XMP) == 1


@pytest.mark.parametrize(
    ("size", "max_pixels", "code"),
    [
        ((1, 1), 1, None),
        ((0, 5), 50, "broken_image"),
        ((5, 0), 50, "broken_image"),
        ((8, 5), 40, None),
        ((41, 1), 40, "too_many_pixels"),
        ((4096, 1), 5000, None),
        ((1, 4096), 5000, None),
        ((4097, 1), 5000, "absurd_shape"),
        ((1, 4097), 5000, "absurd_shape"),
        ((8193, 2), 20_000, "absurd_shape"),
    ],
)
def test_a_size_is_refused_at_its_bounds(size, max_pixels, code):
    if code is None:
        check_size(size, max_pixels)
    else:
        with pytest.raises(Rejected) as caught:
            check_size(size, max_pixels)
        assert caught.value.code == code


def test_a_refused_size_names_the_limit_in_megapixels():
    known = too_many_pixels((8000, 7000), 52_500_000)
    assert known.message == "This image has 8000 x 7000 pixels; the limit is 52.5 megapixels."
    unknown = too_many_pixels(None, 5_000_000)
    assert unknown.message == "This image is too large; the limit is 5 megapixels."


def test_a_colour_profile_may_have_4_mib():
    def profiled(profile: object) -> Image.Image:
        image = Image.new("RGB", (1, 1))
        image.info["icc_profile"] = profile
        return image

    whole = bytes(4 * 1024 * 1024)
    assert icc_profile(profiled(whole)) == whole
    assert [icc_profile(profiled(none)) for none in (b"", None, "words")] == [None] * 3
    with pytest.raises(Rejected) as caught:
        icc_profile(profiled(whole + b"\0"))
    assert caught.value.code == "metadata_too_large"
    assert caught.value.message == (
        "This image's colour profile has 4194305 bytes; the limit is 4194304."
    )
