import ctypes
import errno
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import pytest
from PIL import Image

from function.engine import formats
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.formats.jpeg_segments import MAX_SCANS
from function.engine.header import MAX_RATIO
from function.engine.pixels import SIDEWAYS, Planes
from function.engine.render import render
from function.engine.renditions import Quality, Rendition
from function.engine.results import Task
from tests.support.engine import MAX_PIXELS, SMALL, one, picture_of, rejection
from tests.support.pictures import SVG, encoded, gradient, opened, png_bomb, png_chunk
from tests.support.uploads import PHOTO, UPLOADS

ALONE = """
import sys
from function.engine.decode import decode
from function.engine.render import render
from function.engine.renditions import Rendition
from function.engine.results import Task
task = Task((Rendition(name="small", width=32, height=32),), 10**6)
print(len(list(render(decode(sys.stdin.buffer.read(), task), task))))
"""


@pytest.mark.parametrize("name", UPLOADS)
def test_every_format_is_decoded_as_the_first_of_a_process(name):
    """Decoders are imported when they are needed, which a child that can open no file cannot."""
    command = [sys.executable, "-c", ALONE]
    root = Path(__file__).parents[3]
    done = subprocess.run(
        command, input=UPLOADS[name][1], capture_output=True, cwd=root, check=False
    )
    assert (done.stdout, done.stderr) == (b"2\n", b"")


def fail_with(error):
    def fail(*_args, **_options):
        raise error

    return fail


def open_by(function, kind, monkeypatch):
    changed = formats.by_name(kind).replace(open_image=function)
    by_name = formats.by_name
    monkeypatch.setattr(formats, "by_name", lambda name: changed if name == kind else by_name(name))


def raised_from(cause):
    try:
        try:
            raise cause
        except type(cause) as error:
            raise SyntaxError(str(error)) from None
    except SyntaxError as error:
        return error


OURS = {
    "a missing module": ModuleNotFoundError("No module named 'PIL.x'", name="PIL.x"),
    "no descriptor left": OSError(errno.EMFILE, "Too many open files"),
    "a cause that a library hides": raised_from(OSError(errno.ENOMEM, "Cannot allocate memory")),
    "a bug": TypeError("unexpected keyword"),
    "a broken module": SyntaxError("invalid syntax", ("PIL/x.py", 1, 1, "(")),
    "a deprecation": DeprecationWarning("will be removed"),
}


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("kind", ["png", "heic"])
def test_a_failure_of_ours_is_never_told_as_the_photos_fault(name, kind, monkeypatch):
    open_by(fail_with(OURS[name]), kind, monkeypatch)
    with pytest.raises(type(OURS[name])) as caught:
        decode(UPLOADS[kind][1], Task(SMALL, MAX_PIXELS))
    assert str(OURS[name]) in str(caught.value)


DAMAGE = (
    *(AssertionError, EOFError, IndexError, KeyError, OSError, RuntimeError, SyntaxError),
    *(TypeError, ValueError, ZeroDivisionError, struct.error, zlib.error),
)
EXPECTED = {
    "avif": {RuntimeError, SyntaxError, ValueError, ZeroDivisionError},
    "bmp": {OSError, SyntaxError, ValueError},
    "gif": {EOFError, IndexError, OSError, SyntaxError, ValueError},
    "heic": {EOFError, RuntimeError, SyntaxError, ValueError},
    "jpeg": {OSError, SyntaxError},
    "png": {EOFError, OSError, SyntaxError, ValueError, struct.error},
    "qoi": {SyntaxError, ValueError},
    "tiff": {OSError, SyntaxError, ValueError},
    "webp": {EOFError, OSError, SyntaxError, ValueError},
}
"""Exceptions of each decoder for damaged files, in 36,000 cases of the fuzz and in Pillow's images;
``EOFError``, by which GIF, PNG and WebP say that a frame is missing."""


def test_an_animation_that_lacks_a_frame_is_damaged():
    moving = one(formats=("webp",), animated=True)
    more = [gradient((32, 32)).rotate(turn) for turn in (90, 180)]
    whole = encoded(gradient((32, 32)), "PNG", save_all=True, append_images=more)
    last = whole.rindex(b"fdAT") - 4
    lacking = whole[:last] + png_chunk(b"IEND", b"")
    assert rejection(lacking, [moving]) == "broken_image"


@pytest.mark.parametrize("kind", EXPECTED)
@pytest.mark.parametrize("error", DAMAGE)
def test_what_a_decoder_raises_for_damage_is_a_rejection_and_nothing_else(error, kind, monkeypatch):
    open_by(fail_with(error("bad")), kind, monkeypatch)
    if error in EXPECTED[kind]:
        assert rejection(UPLOADS[kind][1]) == "broken_image"
    else:
        with pytest.raises(error):
            decode(UPLOADS[kind][1], Task(SMALL, MAX_PIXELS))


def warn_by(kind, category, monkeypatch):
    open_image = formats.by_name(kind).open_image

    def warn(data):
        warnings.warn("Possibly corrupt EXIF data.", category, stacklevel=1)
        return open_image(data)

    open_by(warn, kind, monkeypatch)


def test_what_pillow_warns_of_refuses_no_picture(monkeypatch):
    warn_by("png", UserWarning, monkeypatch)
    assert decode(UPLOADS["png"][1], Task(SMALL, MAX_PIXELS)).size == (96, 64)


def test_what_pillow_warns_may_be_a_bomb_is_refused(monkeypatch):
    warn_by("png", Image.DecompressionBombWarning, monkeypatch)
    assert rejection(UPLOADS["png"][1]) == "too_many_pixels"


def test_what_a_decoder_calls_damage_once_memory_was_refused_is_none(monkeypatch):
    open_by(fail_with(ValueError("cannot decode")), "webp", monkeypatch)
    monkeypatch.setattr("function.engine.decode.was_refused_memory", lambda: True)
    with pytest.raises(MemoryError):
        decode(UPLOADS["webp"][1], Task(SMALL, MAX_PIXELS))


def test_memory_that_was_refused_before_an_upload_is_not_held_against_it(monkeypatch):
    open_by(fail_with(ValueError("cannot decode")), "webp", monkeypatch)
    ctypes.CDLL(None).malloc(ctypes.c_size_t(1 << 50))
    assert rejection(UPLOADS["webp"][1]) == "broken_image"


@pytest.mark.parametrize(
    "function", ["room.lay_out", "decode.icc_profile", "decode.orientation_of", "decode.budget"]
)
def test_the_same_exception_from_our_own_code_is_no_damage(function, monkeypatch):
    monkeypatch.setattr(f"function.engine.{function}", fail_with(ValueError("a bug")))
    with pytest.raises(ValueError, match="a bug"):
        decode(UPLOADS["png"][1], Task(SMALL, MAX_PIXELS))


def test_a_palette_png_without_a_palette_is_damaged():
    """Pillow opens it, and asserts a palette once it is asked about transparency."""
    header = struct.pack(">IIBBBBB", 8, 8, 8, 3, 0, 0, 0)
    rows = zlib.compress(bytes(9 * 8))
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)
    assert rejection(data) == "broken_image"


@pytest.mark.parametrize("name", UPLOADS)
def test_every_format_is_recognised_by_content_and_decoded(name):
    expected, data = UPLOADS[name]
    source = decode(data, Task(SMALL, MAX_PIXELS))
    assert source.format == expected
    assert source.size == ((64, 48) if name == "svg" else (96, 64))
    assert source.image.mode == ("RGBA" if "alpha" in name else "RGB")


@pytest.mark.parametrize("name", [n for n in UPLOADS if n not in {"svg", "png-1-bit"}])
def test_every_format_shows_the_same_picture(name):
    data = UPLOADS[name][1]
    flat = "grey" in name or name in {"png-16-bit", "tiff-float"}
    task = Task(SMALL, MAX_PIXELS)
    (rendered,) = render(decode(data, task), task)
    picture = opened(rendered.body).convert("RGB")
    left, right = picture.getpixel((1, 10)), picture.getpixel((30, 10))
    assert right[0] - left[0] > (30 if flat else 180)
    if not flat:
        top, bottom = picture.getpixel((16, 1)), picture.getpixel((16, 19))
        assert bottom[1] - top[1] > 180


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied_to_pixels(orientation, format_name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    size = (96, 63)
    data = encoded(gradient(size), format_name, exif=exif.tobytes())
    source = decode(data, Task(SMALL, MAX_PIXELS))
    expected = gradient(size)
    for method in {1: (), 2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (4,), 7: (6,), 8: (2,)}[
        orientation
    ]:
        expected = expected.transpose(Image.Transpose(method))
    assert source.size == ((63, 96) if orientation in SIDEWAYS else size)
    (rendered,) = render(source, Task(SMALL, MAX_PIXELS))
    picture = opened(rendered.body)
    expected.thumbnail((32, 32))
    assert picture.size == expected.size
    for corner in ((1, 1), (picture.width - 2, 1), (1, picture.height - 2)):
        for got, want in zip(picture.getpixel(corner), expected.getpixel(corner), strict=True):
            assert abs(got - want) < 25


def test_a_jpeg_for_subsampled_outputs_is_decoded_to_planes_at_half_size():
    data = encoded(gradient((400, 301)), "JPEG")
    source = decode(data, Task((Rendition(name="a", width=108, height=108),), MAX_PIXELS))
    assert isinstance(source.pixels, Planes)
    assert source.pixels.size == (200, 151)
    assert source.box == (0.0, 0.0, 200.0, 150.5)
    assert source.pixels.blue.size == (100, 76)


def test_best_quality_keeps_twice_the_pixels_and_full_chroma():
    data = encoded(gradient((400, 300)), "JPEG")
    renditions = (Rendition(name="a", width=90, height=90),)
    source = decode(data, Task(renditions, MAX_PIXELS, quality=Quality.BEST))
    assert not isinstance(source.pixels, Planes)
    assert source.pixels.size == (200, 150)


def test_opaque_alpha_is_dropped():
    image = gradient((40, 40), "RGB").convert("RGBA")
    assert decode(encoded(image, "PNG"), Task(SMALL, MAX_PIXELS)).image.mode == "RGB"


HUGE_PROFILE = encoded(PHOTO, "JPEG", icc_profile=bytes(5 << 20))


def jpeg_of_many_scans():
    data = encoded(gradient((64, 64)), "JPEG", progressive=True)
    start = data.index(b"\xff\xda")
    end = data.index(b"\xff\xc4", start)
    return data[:start] + data[start:end] * (MAX_SCANS + 1) + data[end:]


def svg_of(body, head=b""):
    return (
        head + b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">' + body + b"</svg>"
    )


def jpeg_of_12_bits():
    data = bytearray(encoded(PHOTO, "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    return bytes(data)


def tiff_of_unknown_compression():
    data = bytearray(encoded(PHOTO, "TIFF"))
    at = data.index(struct.pack("<HHI", 259, 3, 1)) + 8
    data[at : at + 2] = struct.pack("<H", 34712)
    return bytes(data)


LAUGHS = svg_of(
    b"<text>&b;</text>", b'<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
)

EXTERNAL = svg_of(b"<text>&x;</text>", b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>')

REJECTED = {
    "zero bytes": ("empty", b""),
    "text": ("not_an_image", b"This is no image at all."),
    "noise": ("not_an_image", bytes(range(7, 250))),
    "html": ("not_an_image", b"<html><body><svg></svg></body></html>"),
    "pdf": ("unsupported_format", b"%PDF-1.7\n"),
    "icon": ("unsupported_format", encoded(PHOTO, "ICO")),
    "jpeg 2000": ("unsupported_format", encoded(PHOTO, "JPEG2000")),
    "video": ("unsupported_format", b"\0\0\0\x18ftypisom\0\0\0\0isommp42"),
    "bomb": ("too_many_pixels", png_bomb(60_000, 60_000)),
    "gif bomb": (
        "too_many_pixels",
        b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\0;",
    ),
    "absurd shape": ("absurd_shape", png_bomb(MAX_RATIO + 1, 1)),
    "cut jpeg": ("truncated", encoded(PHOTO, "JPEG")[:-300]),
    "cut png": ("truncated", encoded(PHOTO, "PNG")[:-200]),
    "cut gif": ("truncated", encoded(PHOTO, "GIF")[:-200]),
    "cut webp": ("truncated", encoded(PHOTO, "WEBP")[:-100]),
    "cut bmp": ("truncated", encoded(PHOTO, "BMP")[:-5000]),
    "cut heic": ("broken_image", encoded(PHOTO, "HEIF")[:-100]),
    "icc block": ("metadata_too_large", HUGE_PROFILE),
    "12-bit jpeg": ("unsupported_codec", jpeg_of_12_bits()),
    "jpeg 2000 in a tiff": ("unsupported_codec", tiff_of_unknown_compression()),
    "scans": ("too_complex", jpeg_of_many_scans()),
    "zip at the end": (
        "polyglot",
        encoded(PHOTO, "PNG") + b"PK\x05\x06" + bytes(18),
    ),
    "script in a gif": ("polyglot", encoded(PHOTO, "GIF", comment=b"<script>alert(1)</script>")),
    "billion laughs": ("unsafe_svg", LAUGHS),
    "external entity": ("unsafe_svg", EXTERNAL),
    "external image": ("unsafe_svg", svg_of(b'<image href="file:///etc/hostname"/>')),
    "network image": ("unsafe_svg", svg_of(b'<image href="http://example.com/a.png"/>')),
    "nested svg": ("unsafe_svg", svg_of(b'<image href="data:image/svg+xml;base64,PHN2Zy8+"/>')),
    "deep svg": ("too_complex", svg_of(b"<g>" * 5000 + b"</g>" * 5000)),
    "svg bomb": (
        "too_many_pixels",
        SVG.replace(b"viewBox", b'width="9999999" height="9999999" viewBox'),
    ),
    "absurd svg": (
        "absurd_shape",
        SVG.replace(b"viewBox", f'width="{MAX_RATIO + 1}" height="1" viewBox'.encode()),
    ),
    "broken svg": ("broken_image", b"<svg"),
}


@pytest.mark.parametrize("name", REJECTED)
def test_bad_uploads_are_rejected_with_a_code_and_a_sentence(name):
    code, data = REJECTED[name]
    with pytest.raises(Rejected) as caught:
        decode(data, Task(SMALL, MAX_PIXELS))
    assert caught.value.code == code
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize("name", [n for n in UPLOADS if n != "svg"])
def test_the_pixel_cap_holds_for_every_format(name):
    assert rejection(UPLOADS[name][1], max_pixels=96 * 64 - 1) == "too_many_pixels"


def test_a_small_memory_size_lowers_the_cap():
    assert rejection(png_bomb(9000, 9000), max_pixels=10**9, memory_mb=256) == "too_many_pixels"


def test_young_and_large_decoders_get_a_new_process_each_time():
    isolated = [known.name for known in formats.every() if known.isolated]
    assert isolated == ["avif", "heic", "tiff", "qoi", "svg"]


def test_an_animation_of_too_many_pixels_is_rejected():
    many = [Image.new("L", (40, 40), level) for level in range(200)]
    data = encoded(many[0], "GIF", save_all=True, append_images=many[1:], duration=20)
    rendition = one(formats=("webp",), animated=True)
    with pytest.raises(Rejected) as caught:
        decode(data, Task([rendition], 40 * 40 * 10))
    assert caught.value.code == "too_many_frames"


def test_a_gif_of_countless_frames_is_rejected_without_counting_them_all():
    one_frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0"
    data = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + one_frame * 300_000 + b";"
    with pytest.raises(Rejected) as caught:
        decode(data, Task([one(formats=("webp",), animated=True)], 20_000_000))
    assert caught.value.code == "too_many_frames"
    assert picture_of(data).size == (1, 1)
