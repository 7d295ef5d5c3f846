"""PNG by ISA-L and the C module: the same pixels, and the same damage, as Pillow alone."""

import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from function.engine import vectors
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.formats import png_rows
from function.engine.formats.png_rows import decode_here, open_image
from function.engine.header import orientation_of
from function.engine.renditions import Rendition
from function.engine.results import Task
from tests.native.rows import Rows, filtered_rows
from tests.support.engine import MAX_PIXELS, SMALL, rejection
from tests.support.pictures import camera_exif, display_p3, encoded, gradient, png_chunk
from tests.support.uploads import PHOTO

ROOT = Path(__file__).parents[4]
MODULE = "tests.unit.engine.formats.test_png_rows"

MODES = {"RGB": (3, 2), "RGBA": (4, 6)}
"""Bytes of a pixel, and PNG's colour type."""

RENDITIONS = [Rendition(name="a", width=9, height=9, fit="inside", formats=("png",))]
TASK = Task(RENDITIONS, 1000)


def file(
    rows: bytes,
    size: tuple[int, int],
    mode: str = "RGB",
    *,
    piece: int = 1 << 20,
    after: bytes = b"",
) -> bytes:
    """A PNG of rows that have their filters, its stream in chunks of ``piece`` bytes."""
    stream = zlib.compress(rows, 1)
    header = struct.pack(">IIBBBBB", *size, 8, MODES[mode][1], 0, 0, 0)
    parts = [stream[at : at + piece] for at in range(0, len(stream), piece)]
    body = b"".join(png_chunk(b"IDAT", part) for part in parts)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + body + after + png_chunk(b"IEND", b"")
    )


def opened(data: bytes) -> PngImageFile:
    """An image as the engine opens it."""
    image = open_image(data)
    decode_here(image)
    return image


def hastened(data: bytes) -> Image.Image:
    image = opened(data)
    assert isinstance(image, PngImageFile)
    assert image.tile[0].codec_name == "png_rows"
    image.load()
    return image


def assert_same(data: bytes) -> None:
    pillows, ours = PngImageFile(io.BytesIO(data)), hastened(data)
    assert (ours.mode, ours.size, ours.info) == (pillows.mode, pillows.size, pillows.info)
    assert ours.tobytes() == pillows.tobytes()


@given(
    st.integers(1, 90),
    st.integers(1, 40),
    st.sampled_from(sorted(MODES)),
    st.integers(0, 1 << 20),
    st.sampled_from((1, 7, 100, 1 << 20)),
)
@settings(max_examples=200, deadline=None)
def test_every_pixel_is_pillows(width, height, mode, seed, piece):
    rows = filtered_rows((width, height), MODES[mode][0], random.Random(seed))
    assert_same(file(rows, (width, height), mode, piece=piece))


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize("name", range(5))
def test_every_filter_alone(mode, name):
    rows = filtered_rows((70, 33), MODES[mode][0], random.Random(1), filters=(name,))
    assert_same(file(rows, (70, 33), mode))


@pytest.mark.parametrize("size", [(1, 1), (60_000, 2), (2, 9000), (900, 700)])
def test_sizes_beyond_a_piece(size):
    assert_same(file(filtered_rows(size, 3, random.Random(2)), size))


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize("size", [(256, 256), (500, 100), (900, 700)])
@pytest.mark.parametrize("levels", [1, 4, 16])
def test_rows_that_the_inflater_holds_back(mode, size, levels):
    """The last of the stream may be read before the last of the rows has come out."""
    dice, stride = random.Random(5), 1 + MODES[mode][0] * size[0]
    rows = (b"\1" + bytes(dice.choices(range(levels), k=stride - 1)) for _ in range(size[1]))
    assert_same(file(b"".join(rows), size, mode))


@pytest.mark.parametrize("mode", sorted(MODES))
def test_what_pillow_writes(mode):
    picture = Image.effect_noise((301, 203), 60).convert(mode)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", icc_profile=b"profile", dpi=(72, 72))
    assert hastened(buffer.getvalue()).tobytes() == picture.tobytes()
    assert_same(buffer.getvalue())


def test_metadata_after_the_pixels_is_read():
    exif = Image.Exif()
    exif[0x0112] = 6
    rows = filtered_rows((20, 10), 3, random.Random(3))
    data = file(rows, (20, 10), after=png_chunk(b"eXIf", exif.tobytes()[6:]))
    assert decode(data, TASK).size == (10, 20)


def test_xmp_after_the_pixels_is_read():
    xmp = b"XML:com.adobe.xmp\0\0\0\0\0" + b'<x tiff:Orientation="6"/>'
    rows = filtered_rows((20, 10), 3, random.Random(3))
    for after in (png_chunk(b"iTXt", xmp), png_chunk(b"tEXt", xmp)):
        size = (10, 20) if b"iTXt" in after else (20, 10)
        assert decode(file(rows, (20, 10), after=after), TASK).size == size


def test_the_first_exif_counts():
    """That before the pixels, as with Pillow."""
    data = encoded(gradient((20, 10)), "PNG", exif=camera_exif(1)[6:])
    end = data.rindex(b"IEND") - 4
    data = data[:end] + png_chunk(b"eXIf", camera_exif(6)[6:]) + data[end:]
    assert decode(data, TASK).size == (20, 10)


def test_no_pixel_is_decoded_to_find_exif(monkeypatch):
    def fail(_image):
        raise AssertionError

    monkeypatch.setattr(PngImageFile, "load", fail)
    orientation_of(open_image(encoded(PHOTO, "PNG")))


MOVING = encoded(
    gradient((20, 10)), "PNG", save_all=True, append_images=[gradient((20, 10)).rotate(180)]
)


def moving_with(kind: bytes, at: int, value: bytes) -> bytes:
    """An APNG that has other bytes in its first chunk of a kind."""
    start = MOVING.index(kind)
    length = int.from_bytes(MOVING[start - 4 : start], "big")
    body = bytearray(MOVING[start + 4 :][:length])
    body[at : at + len(value)] = value
    return MOVING[: start - 4] + png_chunk(kind, bytes(body)) + MOVING[start + 8 + length :]


ODD = {
    "no frames": moving_with(b"acTL", 0, bytes(4)),
    "two controls": MOVING[:33] + png_chunk(b"acTL", b"\0\0\0\2\0\0\0\0") + MOVING[33:],
    "a short control": MOVING[:33] + png_chunk(b"acTL", b"\0\0") + MOVING[33:],
    "a frame out of order": moving_with(b"fcTL", 3, b"\7"),
    "a frame beyond the canvas": moving_with(b"fcTL", 7, b"\x40"),
    "a profile without a name": MOVING[:33] + png_chunk(b"iCCP", b"") + MOVING[33:],
    "an unknown compression": MOVING[:33] + png_chunk(b"iCCP", b"a\0\7abc") + MOVING[33:],
    "a broken profile": MOVING[:33] + png_chunk(b"iCCP", b"a\0\0abc") + MOVING[33:],
    "a short gamma": MOVING[:33] + png_chunk(b"gAMA", b"\0") + MOVING[33:],
    "a broken checksum": MOVING[:33] + png_chunk(b"tEXt", b"a\0b")[:-1] + b"!" + MOVING[33:],
    "another type of chunk": MOVING[:33] + png_chunk(b"abCd", b"abc") + MOVING[33:],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_metadata_leaves_the_picture(name):
    source = decode(ODD[name], TASK)
    assert source.image.tobytes() == gradient((20, 10)).tobytes()


def test_transparency_and_palette_outlast_odd_metadata():
    picture = gradient((20, 10), "RGBA").quantize(16)
    data = encoded(picture, "PNG")
    assert b"tRNS" in data
    broken = data[:33] + png_chunk(b"gAMA", b"\0") + data[33:]
    source = decode(broken, TASK)
    assert source.image.tobytes() == picture.convert("RGBA").tobytes()


UNTIDY = {
    "a short gamma": png_chunk(b"gAMA", b"\0"),
    "a broken checksum": png_chunk(b"tEXt", b"a\0b")[:-1] + b"!",
    "another profile, damaged": png_chunk(b"iCCP", display_p3())[:-1] + b"!",
}


@pytest.mark.parametrize("name", UNTIDY)
def test_profile_and_orientation_outlast_odd_metadata(name):
    picture = Image.new("RGB", (20, 10), (60, 160, 90))
    data = encoded(picture, "PNG", exif=camera_exif(6)[6:], icc_profile=display_p3())
    whole, odd = (decode(upload, TASK) for upload in (data, data[:33] + UNTIDY[name] + data[33:]))
    assert odd.image.size == (10, 20)
    assert odd.losses == ("wide_gamut",)
    assert odd.image.tobytes() == whole.image.tobytes() != picture.tobytes()


def test_orientation_as_xmp_outlasts_odd_metadata():
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
    odd = png_chunk(b"iTXt", xmp) + UNTIDY["a short gamma"]
    data = encoded(gradient((20, 10)), "PNG")
    assert decode(data[:33] + odd + data[33:], TASK).size == (10, 20)


def test_orientation_outlasts_a_profile_that_pillow_refuses():
    data = encoded(gradient((20, 10)), "PNG", exif=camera_exif(6)[6:])
    odd = png_chunk(b"iCCP", b"a\0\7abc")
    assert decode(data[:33] + odd + data[33:], TASK).size == (10, 20)


def test_exif_whose_checksum_is_wrong_is_dropped():
    odd = png_chunk(b"eXIf", camera_exif(6)[6:])[:-1] + b"!"
    data = encoded(gradient((20, 10)), "PNG")
    assert decode(data[:33] + odd + data[33:], TASK).size == (20, 10)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "I;16"])
def test_other_modes_are_left_to_pillow(mode):
    buffer = io.BytesIO()
    Image.new(mode, (20, 10)).save(buffer, "PNG")
    image = opened(buffer.getvalue())
    assert isinstance(image, PngImageFile)
    assert image.tile[0].codec_name == "zip"


def test_interlaced_ones_are_left_to_pillow():
    rows = filtered_rows((1, 1), 3, random.Random(4))
    data = file(rows, (1, 1)).replace(b"\x08\x02\x00\x00\x00", b"\x08\x02\x00\x00\x01")
    at = data.index(b"IHDR")
    crc = struct.pack(">I", zlib.crc32(data[at : at + 17]))
    image = opened(data[: at + 17] + crc + data[at + 21 :])
    assert isinstance(image, PngImageFile)
    assert image.info["interlace"]
    assert image.tile[0].codec_name == "zip"


def has_large_pages() -> bool:
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return setting.is_file() and "[never]" not in setting.read_text()


def asked_for_large_pages() -> int:
    """Bytes of this process's memory for which pages of 2 MB were asked (proc(5), "VmFlags")."""
    size = asked = 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Size":
            size = int(value.split()[0]) * 1024
        elif name == "VmFlags" and "hg" in value.split():
            asked += size
    return asked


def asked_by_a_picture(width: int, height: int) -> int:
    image = opened(file(bytes((1 + 3 * width) * height), (width, height)))
    before = asked_for_large_pages()
    image.load()
    assert image.getpixel((width - 1, height - 1)) == (0, 0, 0)
    return asked_for_large_pages() - before


@pytest.mark.skipif(not has_large_pages(), reason="this system gives no pages of 2 MB")
def test_a_large_picture_is_written_to_large_pages():
    """In a separate process, because another picture's memory could be reused here."""
    code = f"from {MODULE} import asked_by_a_picture as asked; print(asked(3000, 2000))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert int(done.stdout) > 0.8 * 4 * 3000 * 2000


def test_without_the_module_all_is_left_to_pillow(monkeypatch):
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    image = opened(file(filtered_rows((4, 4), 3, random.Random(5)), (4, 4)))
    assert isinstance(image, PngImageFile)
    assert image.tile[0].codec_name == "zip"
    assert not vectors.unfilter(b"", 3, Image.new("RGB", (4, 4)).im, (4, 4), 0)


def code(data: bytes) -> str:
    with pytest.raises(Rejected) as caught:
        decode(data, Task(RENDITIONS, 10**6))
    return caught.value.code


def test_damage_has_the_codes_that_it_had(monkeypatch):
    rows = filtered_rows((80, 60), 3, random.Random(6))
    whole = file(rows, (80, 60))
    middle = len(whole) // 2
    damaged = {
        "an unknown filter": file(b"\5" + rows[1:], (80, 60)),
        "an unknown filter, later": file(rows[: 241 * 30] + b"\5" + rows[241 * 30 + 1 :], (80, 60)),
        "cut short": whole[:middle],
        "a bad stream": whole[:middle] + bytes(8) + whole[middle + 8 :],
    }
    ours = {name: code(data) for name, data in damaged.items()}
    monkeypatch.setattr(png_rows, "decode_here", lambda image: None)
    assert ours == {name: code(data) for name, data in damaged.items()}
    assert ours["cut short"] == "truncated"
    assert ours["an unknown filter"] == "broken_image"


def pixels(data: bytes, *, ours: bool) -> tuple[str, tuple[int, int], bytes] | None:
    """Return the decoded picture; None for damage."""
    try:
        image = opened(data) if ours else PngImageFile(io.BytesIO(data))
        image.load()
    except (OSError, SyntaxError, ValueError):
        return None
    return image.mode, image.size, image.tobytes()


@pytest.mark.parametrize("size", [(30, 20), (900, 700)])
@pytest.mark.parametrize("rows", [0, 1 / 91, 1, 10, 10.5, 19, 19.99])
def test_a_stream_that_ends_early_is_what_it_is_to_pillow(size, rows):
    stride = 1 + 3 * size[0]
    data = file(filtered_rows(size, 3, random.Random(7))[: int(rows * stride)], size)
    assert pixels(data, ours=True) == pixels(data, ours=False)


def test_a_stream_that_goes_on_is_cut():
    assert_same(file(filtered_rows((30, 20), 3, random.Random(8)) + bytes(5000), (30, 20)))


@given(st.integers(0, 1 << 30))
@settings(max_examples=200, deadline=None)
def test_damage_never_gives_other_pixels_than_pillows(seed):
    draw = random.Random(seed)
    data = bytearray(file(filtered_rows((40, 30), 4, draw), (40, 30), "RGBA", piece=500))
    for _ in range(draw.randint(1, 3)):
        data[draw.randrange(50, len(data))] = draw.randrange(256)

    pillows = pixels(bytes(data), ours=False)
    if pillows:
        assert pixels(bytes(data), ours=True) == pillows


@pytest.mark.parametrize(
    ("rows", "channels", "size", "first"),
    [
        (bytes(13), 3, (4, 4), 4),
        (bytes(13), 3, (4, 4), -1),
        (bytes(12), 3, (4, 4), 0),
        (bytes(13), 5, (4, 4), 0),
        (bytes(26), 3, (4, 5), 3),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows, channels, size, first):
    with pytest.raises(ValueError, match=r"no such channels|the array does not have"):
        vectors.unfilter(rows, channels, Image.new("RGB", (4, 4)).im, size, first)


def test_a_row_is_stored_where_it_belongs():
    job = Rows(filtered_rows((5, 8), 3, random.Random(9)), 3, (5, 8))
    image = Image.new("RGB", (5, 8))
    for row in range(8):
        assert vectors.unfilter(job.data[16 * row : 16 * row + 16], 3, image.im, (5, 8), row)
    assert image.tobytes("raw", "RGBX") == job.expected()[1:]


@pytest.mark.parametrize("piece", [1 << 20, 50])
@pytest.mark.parametrize(
    "end",
    [
        b"",
        b"\0" * 100,
        b"\0\0\0\0IEN",
        b"\0\0\0\0ID@T" + bytes(10),
        b"\0\0\0\0ID@T" + bytes(4) + b"\0\0\xff\xffteXt",
    ],
)
def test_what_follows_a_complete_picture_may_be_missing_or_damaged(end, piece):
    whole = file(filtered_rows((40, 30), 3, random.Random(2)), (40, 30), piece=piece)
    assert decode(whole[:-12] + end, Task(RENDITIONS, 10**6)).size == (40, 30)


def test_text_that_inflates_to_too_much_is_left_out():
    text = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80 << 20)))
    data = encoded(PHOTO, "PNG")
    image = open_image(data[:33] + text + data[33:])
    assert image.info == {}
    assert image.size == PHOTO.size


def test_a_png_may_have_some_compressed_chunks():
    data = encoded(gradient((64, 48)), "PNG")
    text = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"words"))
    most = data[:33] + text * png_rows.MAX_COMPRESSED
    assert decode(most + data[33:], Task(SMALL, MAX_PIXELS)).size == (64, 48)
    assert rejection(most + text + data[33:]) == "too_complex"


def test_a_png_may_have_some_chunks(monkeypatch):
    data = encoded(gradient((32, 24)), "PNG")
    monkeypatch.setattr(png_rows, "MAX_CHUNKS", 3)
    png_rows.check_chunks(data)
    monkeypatch.setattr(png_rows, "MAX_CHUNKS", 2)
    with pytest.raises(Rejected, match="chunks"):
        png_rows.check_chunks(data)
