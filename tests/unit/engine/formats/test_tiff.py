import io
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

from function.engine.decode import decode
from function.engine.renditions import Rendition
from function.engine.results import Task
from tests.support.engine import MAX_PIXELS, SMALL, one, rejection
from tests.support.pictures import encoded, gradient
from tests.support.uploads import PHOTO


def test_a_tiff_that_claims_more_than_it_holds_is_rejected():
    data = bytearray(encoded(PHOTO, "TIFF"))
    at = data.index(struct.pack("<HHII", 257, 4, 1, 64)) + 8
    data[at : at + 4] = struct.pack("<I", 9000)
    assert rejection(bytes(data)) == "truncated"


def test_a_tiff_whose_strips_start_at_no_number_is_rejected():
    data = bytearray(encoded(PHOTO, "TIFF"))
    at = data.index(struct.pack("<HHI", 273, 4, 1))
    data[at + 2 : at + 4] = struct.pack("<H", 7)
    assert rejection(bytes(data)) == "broken_image"


@pytest.mark.parametrize("compression", [6, 7])
def test_a_jpeg_in_a_tiff_that_is_cut_short_is_rejected(compression):
    """Its directory comes first, as cameras write it."""
    jpeg, (width, height) = encoded(PHOTO, "JPEG"), PHOTO.size
    at = 8 + 2 + 9 * 12 + 4
    tags = {256: width, 257: height, 258: 8, 259: compression, 262: 6, 273: at, 277: 3}
    tags |= {278: height, 279: len(jpeg)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4) + jpeg
    assert decode(data, Task(SMALL, MAX_PIXELS)).size == PHOTO.size
    assert rejection(data[:-200]) == "truncated"


def test_a_raw_photo_of_which_only_a_copy_can_be_decoded_is_rejected():
    small = ImageFileDirectory_v2()
    small[254], small[330] = 1, 8
    data = bytearray(encoded(PHOTO, "TIFF", tiffinfo=small))
    assert decode(bytes(data), Task(SMALL, MAX_PIXELS)).size == PHOTO.size
    at = data.index(struct.pack("<HHI", 330, 4, 1)) + 8
    data[at : at + 4] = struct.pack("<I", len(data))
    data += struct.pack("<HHHIII", 1, 256, 4, 1, 10 * PHOTO.width, 0)
    assert rejection(bytes(data)) == "unsupported_format"


def test_metadata_of_another_type_spoils_no_tiff():
    tags = ImageFileDirectory_v2()
    tags.tagtype[700] = TiffTags.LONG  # XMP, which is text
    tags[700] = 7
    data = encoded(PHOTO, "TIFF", tiffinfo=tags)
    assert TiffImageFile(io.BytesIO(data)).tag_v2[700] == (7,)
    assert decode(data, Task(SMALL, MAX_PIXELS)).size == PHOTO.size


MOVING = (Rendition(name="a", width=32, height=32, formats=("webp",), animated=True),)


def test_a_damaged_second_page_of_a_tiff_is_not_read():
    data = bytearray(encoded(PHOTO, "TIFF", save_all=True, append_images=[gradient((40, 30))]))
    at = data.rindex(struct.pack("<HHI", 257, 4, 1))
    data[at : at + 2] = struct.pack("<H", 60000)
    source = decode(bytes(data), Task(MOVING, MAX_PIXELS))
    assert (source.size, source.frames) == (PHOTO.size, ())


def grey_tiff(samples: np.ndarray, bits: int, sample_format: int | None = None) -> bytes:
    """A grey TIFF of one strip, in the byte order of x86; ``samples`` are as they are stored."""
    height, width = samples.shape
    if bits == 12:
        first, second = samples[:, ::2], samples[:, 1::2]
        parts = (first >> 4, (first & 15) << 4 | second >> 8, second & 255)
        samples = np.stack(parts, -1).astype(np.uint8)
    strip = samples.tobytes()
    tags = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 273: 0, 277: 1, 278: height}
    tags |= {279: len(strip)} | ({339: sample_format} if sample_format else {})
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    fields = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    return head + fields + bytes(4) + strip


RAMP = np.tile(np.arange(256, dtype=np.uint32), (8, 1))


@pytest.mark.parametrize(
    "data",
    [
        grey_tiff(RAMP * 16 + 15, 12),
        grey_tiff((RAMP * 257).astype("<u2"), 16),
        grey_tiff((RAMP * 0x01010101).astype("<u4"), 32),
        grey_tiff((RAMP * 0x01010101).astype("<u4"), 32, 1),
        grey_tiff((RAMP * 257).astype("<u4"), 32),
        grey_tiff(RAMP.astype("<u4"), 32),
        grey_tiff((RAMP * 257).astype("<i4"), 32, 2),
        grey_tiff((RAMP / 255).astype("<f4"), 32, 3),
        grey_tiff(RAMP.astype("<f4"), 32, 3),
    ],
    ids=["12", "16", "32", "32 told", "32 as 16", "32 as 8", "signed", "to 1", "to 255"],
)
@pytest.mark.parametrize("width", [256, 128])
def test_grey_has_its_brightness_whatever_its_samples(data, width):
    source = decode(data, Task((one(width=width, height=8),), MAX_PIXELS))
    assert source.image.size[0] == 256
    assert np.abs(np.asarray(source.image, int)[..., 0] - RAMP.astype(int)).max() == 0


@pytest.mark.parametrize(
    ("sample", "level"), [(0x7FFFFFFF, 127), (0x80000000, 128), (0xFFFFFFFF, 255)]
)
def test_the_highest_of_32_bits_is_no_sign(sample, level):
    samples = np.full((8, 8), sample, "<u4")
    source = decode(grey_tiff(samples, 32), Task((one(),), MAX_PIXELS))
    assert source.image.getpixel((0, 0)) == (level, level, level)


def test_numbers_with_a_sign_are_clipped():
    samples = np.array([[-(2**31), -1, 0, 255]], "<i4").repeat(4, 0)
    source = decode(grey_tiff(samples, 32, 2), Task((one(),), MAX_PIXELS))
    assert np.asarray(source.image)[0, :, 0].tolist() == [0, 0, 0, 255]


@pytest.mark.parametrize(
    ("top", "bottom", "levels"), [(1, 0.5, (255, 128)), (1, 200, (1, 200)), (0.2, 1, (51, 255))]
)
def test_a_large_picture_of_floats_is_as_bright_in_each_strip(top, bottom, levels):
    picture = np.full((1200, 500), bottom, "<f4")
    picture[:600] = top
    source = decode(grey_tiff(picture, 32, 3), Task((one(width=40, height=40),), 10**6))
    column = np.asarray(source.image)[:, 0, 0]
    assert (column[0], column[-1]) == levels


@pytest.mark.parametrize("compression", ["lzw", "zip"])
@pytest.mark.parametrize("endian", ["LSB", "MSB"])
@pytest.mark.parametrize("depth", ["8", "12", "16", "32", "float"])
def test_greys_that_imagemagick_writes(tmp_path: Path, compression, endian, depth):
    if not shutil.which("convert"):
        pytest.skip("ImageMagick is needed: apt-get install imagemagick")
    if depth == "12" and endian == "MSB":
        pytest.skip("Pillow does not read these")
    (tmp_path / "photo.png").write_bytes(encoded(PHOTO.convert("L"), "PNG"))
    real = ("-define", "quantum:format=floating-point") if depth == "float" else ()
    options = (*real, "-depth", "32" if real else depth, "-compress", compression)
    command = ("convert", "photo.png", "-colorspace", "Gray", "-endian", endian, *options)
    subprocess.run([*command, "grey.tif"], cwd=tmp_path, check=True)
    data = (tmp_path / "grey.tif").read_bytes()
    source = decode(data, Task((one(width=96, height=64),), MAX_PIXELS))
    found = np.asarray(source.image.convert("L"), int)
    assert np.abs(found - np.asarray(PHOTO.convert("L"), int)).max() <= 1
