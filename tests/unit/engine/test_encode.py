import ctypes
import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from function.engine import encode as encode_module
from function.engine import vectors
from function.engine.encode import encode, save
from function.engine.pixels import Bitmap, Pixels, Planes, as_bitmap, to_ycbcr
from function.engine.refused_memory import was_refused_memory
from function.engine.renditions import FORMATS, OutputFormat
from function.engine.vectors import split
from tests.support.engine import one, picture_of, rendered
from tests.support.pictures import display_p3, encoded, gradient, opened


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_output_format_is_what_it_says(format_name):
    (result,) = rendered(encoded(gradient(), "PNG"), one(formats=(format_name,)))
    assert opened(result.body).format == format_name.upper()


@pytest.mark.parametrize(
    ("format_name", "mode"),
    [
        ("jpeg", "RGB"),
        ("png", "RGBA"),
        ("webp", "RGBA"),
        ("avif", "RGBA"),
    ],
)
def test_alpha_is_kept_where_the_format_can(format_name, mode):
    data = encoded(gradient(mode="RGBA"), "PNG")
    assert picture_of(data, formats=(format_name,)).mode == mode


def test_alpha_is_flattened_on_the_background_for_jpeg():
    data = encoded(Image.new("RGBA", (32, 32), (255, 0, 0, 0)), "PNG")
    (result,) = rendered(data, one(formats=("jpeg",)), background="#204060")
    for got, want in zip(opened(result.body).getpixel((5, 5)), (32, 64, 96), strict=True):
        assert abs(got - want) <= 3


SECRETS = b"SECRET-GPS-51.5N"


def with_metadata(format_name):
    exif = Image.Exif()
    exif[0x010E] = SECRETS.decode()
    exif.get_ifd(0x8825)[1] = "N"
    options = {"exif": exif.tobytes(), "icc_profile": display_p3()}
    if format_name in {"JPEG", "PNG", "WEBP", "AVIF"}:
        options["xmp"] = b"<x:xmpmeta>" + SECRETS + b"</x:xmpmeta>"
    if format_name in {"JPEG", "GIF"}:
        options["comment"] = SECRETS
    return encoded(gradient((64, 64)), format_name, **options)


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("upload", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF", "GIF"])
def test_no_metadata_reaches_any_output(upload, format_name):
    data = with_metadata(upload)
    assert SECRETS in data
    (result,) = rendered(data, one(formats=(format_name,)))
    assert SECRETS not in result.body
    info = opened(result.body).info
    assert not {"exif", "xmp", "icc_profile", "comment", "photoshop", "XML:com.adobe.xmp"} & set(
        info
    )
    assert len(opened(result.body).getexif()) == 0


def noise(size):
    return Image.fromarray(np.random.default_rng(5).integers(0, 256, (*size, 3), np.uint8))


@pytest.mark.parametrize("quality", [60, 95, 100])
@pytest.mark.parametrize("pixels", [Bitmap, lambda image: Planes(*split(to_ycbcr(image)))])
def test_noise_of_any_quality_is_encoded(pixels, quality):
    made = encode(pixels(noise((700, 600))), OutputFormat.JPEG, quality, background=(0, 0, 0))
    assert opened(made).size == (600, 700)


def pixels_of_every_kind() -> list[Pixels]:
    image = gradient((99, 70))
    planes = Planes(*split(to_ycbcr(image)))
    return [planes, Bitmap(image), Bitmap(gradient((64, 48), mode="RGBA")), as_bitmap(planes)]


@pytest.mark.parametrize("kind", range(4))
@pytest.mark.parametrize("full_chroma", [True, False])
def test_a_jpeg_has_the_same_bytes_without_the_c_module(kind, full_chroma, monkeypatch):
    def made():
        pixels = pixels_of_every_kind()[kind]
        options = {"background": (9, 99, 200), "full_chroma": full_chroma}
        return encode(pixels, OutputFormat.JPEG, 80, **options)

    calls = []
    with monkeypatch.context() as patch:
        patch.setattr(encode_module, "save", lambda *arguments: calls.append(arguments))
        ours = made()
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    assert made() == ours
    assert calls == []


STANDARD = bytes.fromhex("ffc4001f0000010501010101010100000000000000")
"""How the first of the standard's Huffman tables begins in a file."""


@pytest.mark.parametrize("kind", range(4))
def test_a_jpeg_without_memory_for_its_own_tables_has_the_standards(kind, monkeypatch):
    def out_of_memory(*_arguments, **_options):
        ctypes.CDLL(None).malloc(ctypes.c_size_t(1 << 50))  # as the module leaves it behind
        raise MemoryError

    pixels = pixels_of_every_kind()[kind]
    whole = encode(pixels, OutputFormat.JPEG, 80, background=(9, 99, 200))
    monkeypatch.setattr(encode_module, "encode_planes", out_of_memory)
    monkeypatch.setattr(encode_module, "encode_rgb", out_of_memory)
    made = encode(pixels, OutputFormat.JPEG, 80, background=(9, 99, 200))
    assert opened(made).tobytes() == opened(whole).tobytes()
    assert STANDARD in made  # Pillow's own way to optimised tables may take more memory still
    assert STANDARD not in whole
    # An exception that follows is a fault of ours, and not the upload's.
    assert not was_refused_memory()


WITH_A_MEGABYTE = """
import resource, sys
from pathlib import Path
from PIL import Image
from function.engine.encode import import_encoder, save
from function.engine.refused_memory import was_refused_memory
from function.engine.renditions import OutputFormat

image = Image.new("RGB", (1440, 1440), (90, 140, 220))
options = {"qtables": [[16] * 64] * 2, "optimize": True}
save(image.resize((8, 8)), OutputFormat.JPEG, options)
pages = int(Path("/proc/self/statm").read_text().split()[5])
limit = pages * resource.getpagesize() + (1 << 20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
sys.stdout.buffer.write(bytes([was_refused_memory()]) + save(image, OutputFormat.JPEG, options))
sys.stdout.buffer.write(bytes([was_refused_memory()]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits data")
def test_a_jpeg_without_memory_for_pillows_buffer_has_the_standards_tables():
    """Pillow's buffer for optimised tables has a byte for each pixel."""
    done = subprocess.run([sys.executable, "-c", WITH_A_MEGABYTE], check=True, capture_output=True)
    before, made, after = done.stdout[0], done.stdout[1:-1], done.stdout[-1]
    assert opened(made).size == (1440, 1440)
    assert STANDARD in made
    assert (before, after) == (0, 0)


def test_a_jpeg_of_more_than_full_hd_is_pillows():
    pixels = Bitmap(gradient((2100, 1001)))
    small, large = (
        encode(each, OutputFormat.JPEG, 80, background=(0, 0, 0))
        for each in (Bitmap(gradient((2100, 1000))), pixels)
    )
    assert STANDARD in large
    assert STANDARD not in small


def test_noise_that_pillow_cannot_encode_with_tables_of_its_own_has_the_standards():
    image = noise((300, 300))
    options = {"quality": 90, "subsampling": 0}
    with pytest.raises(OSError, match="broken data stream"):
        image.save(io.BytesIO(), "JPEG", **options, optimize=True)
    made = save(image, OutputFormat.JPEG, {**options, "optimize": True})
    assert made == save(image, OutputFormat.JPEG, options)


def test_another_error_of_an_encoder_is_raised():
    with pytest.raises(OSError, match="cannot write mode"):
        save(Image.new("LAB", (8, 8)), OutputFormat.JPEG, {"optimize": True})
