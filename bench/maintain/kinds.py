"""Ways to write an upload, of which ``limits`` and ``oom`` measure what each costs."""

import io
import itertools
import math
import struct
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from tempfile import NamedTemporaryFile
from typing import Any, Final

import numpy as np
from PIL import Image, ImageCms

from bench.maintain.drawings import DRAWINGS
from bench.photos import encode, encode_heic, photo
from function.engine import formats, room
from function.engine.limits import FRAME_BYTES, RENDER_BYTES
from function.engine.renditions import DEFAULT_RENDITIONS, OutputFormat, Rendition
from function.engine.results import Task
from pipeline.settings import Settings

Size = tuple[int, int, int]
"""Width, height and number of frames."""

SIZES: Final = ((3000, 2000, 1), (6000, 4000, 1))
SMALL: Final = ((600, 400, 1), (1500, 1000, 1))
"""For QOI and run lengths, which Pillow decodes in Python."""

FRAMES: Final = ((1200, 800, 6), (1200, 800, 24))
Encoder = Callable[[Image.Image], bytes]


@dataclass(frozen=True)
class Kind:
    """One way to write an upload."""

    limit: str  # the kind in the format's file whose figures it must not exceed
    make: Callable[[Size], bytes]  # writes a file
    sizes: tuple[Size, Size] = SIZES  # of the two files
    settings: Callable[[Size], Settings] = lambda _size: Settings()  # of the stack
    needs: str = ""  # a program without which it cannot be written
    write: Encoder = lambda _picture: b""  # writes a picture, where one is enough

    def held(self, size: Size) -> float:
        """Return the bytes that are held besides those of decoding, as ``decode`` counts them."""
        known = formats.by_name(self.limit.partition("-")[0])
        width, height, frames = size
        pixels = math.prod(size)
        if known.rasterise:
            return RENDER_BYTES * pixels + known.bytes_held(self.make(size), (width, height))
        if frames > 1:
            moving = next(r for r in self.settings(size).renditions if r.animated)
            return FRAME_BYTES * pixels / max(1, width // moving.width) ** 2
        task = Task(DEFAULT_RENDITIONS, pixels)
        scale = room.decode_scale((width, height), task)
        return room.held_bytes(task, known, self.limit, (width, height), scale)


def _still(limit: str, format_name: str, mode: str = "RGB", **options: Any) -> Kind:
    return _written(limit, lambda image: encode(_in_mode(image, mode), format_name, **options))


def _written(limit: str, encoder: Encoder, **fields: Any) -> Kind:
    return Kind(limit, lambda size: encoder(photo(size[:2])), write=encoder, **fields)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode == "RGBA":
        image = image.copy()
        image.putalpha(image.getchannel(1))
        return image
    return image.quantize(64) if mode == "P" else image.convert(mode)


def _turned_profile() -> bytes:
    """Return a profile that no one can take for sRGB: red and green are swapped in it."""
    cms: Any = ImageCms  # its types are not complete
    profile: bytes = cms.ImageCmsProfile(cms.createProfile("sRGB")).tobytes()
    swapped = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}
    count = int.from_bytes(profile[128:132], "big")
    table = (profile[at : at + 12] for at in range(132, 132 + 12 * count, 12))
    turned = b"".join(swapped.get(entry[:4], entry[:4]) + entry[4:] for entry in table)
    return profile[:132] + turned + profile[132 + 12 * count :]


PROFILE: Final = _turned_profile()


def _scans(image: Image.Image) -> bytes:
    """Write a sequential JPEG with a scan for each component, as libjpeg's own program does."""
    with NamedTemporaryFile() as file:
        image.save(file, "JPEG", quality=90, subsampling=0)
        file.flush()
        command = ["jpegtran", "-scans", "/dev/stdin", file.name]
        return subprocess.run(command, input=b"0; 1; 2;", capture_output=True, check=True).stdout


def _run_lengths(image: Image.Image) -> bytes:
    """Write a BMP of 256 colours in run lengths, which Pillow does not write."""
    picture = image.quantize(256)
    coded = bytearray()
    for row in np.flipud(np.asarray(picture)):
        for level, run in itertools.groupby(row.tobytes()):
            length = len([*run])
            coded += bytes((255, level)) * (length // 255)
            coded += bytes((length % 255, level)) if length % 255 else b""
        coded += b"\0\0"
    coded += b"\0\1"
    # Beside the pixels, the size of the file, the compression (1: RLE8) and its size differ.
    plain = bytearray(encode(picture, "BMP"))
    (offset,) = struct.unpack_from("<I", plain, 10)
    struct.pack_into("<I", plain, 2, offset + len(coded))
    struct.pack_into("<II", plain, 30, 1, len(coded))
    return bytes(plain[:offset] + coded)


def _heic_deep(image: Image.Image) -> bytes:
    """Return a HEIC as some cameras write it: 10 bits, 4:2:2."""
    samples = np.asarray(image).astype(np.uint16) << 8
    buffer = io.BytesIO()
    heif = import_module("pillow_heif").from_bytes("RGB;16", image.size, samples.tobytes())
    heif.save(buffer, quality=80, chroma=422, tile_size=512)
    return buffer.getvalue()


def _animation(format_name: str, mode: str = "RGB", **options: Any) -> Kind:
    def make(size: Size) -> bytes:
        width, height, frames = size
        wide = photo((width + 8 * FRAMES[1][2], height))
        crops = [wide.crop((8 * n, 0, 8 * n + width, height)) for n in range(frames)]
        first, *more = [_in_mode(crop, mode) for crop in crops]
        return encode(first, format_name, save_all=True, append_images=more, **options)

    formats = (OutputFormat.JPEG, OutputFormat.WEBP)
    moving = tuple(
        r.replace(formats=formats, animated=True) if r.name == "small" else r
        for r in DEFAULT_RENDITIONS
    )
    settings = Settings(renditions=moving)
    return Kind(f"{format_name.lower()}-animated", make, FRAMES, lambda _size: settings)


def _drawing(name: str) -> Kind:
    def settings(size: Size) -> Settings:
        one = Rendition(name="one", width=size[0], height=size[1], formats=(OutputFormat.JPEG,))
        return Settings(renditions=(one,))

    made = DRAWINGS[name]
    return Kind("svg", lambda _size: made().encode(), ((600, 450, 1), (1600, 1200, 1)), settings)


KINDS: Final[Mapping[str, Kind]] = {
    "jpeg": _still("jpeg", "JPEG", quality=90),
    "jpeg-444": _still("jpeg", "JPEG", quality=90, subsampling=0),
    "jpeg-profile": _still("jpeg", "JPEG", quality=90, icc_profile=PROFILE),
    "jpeg-cmyk": _still("jpeg-cmyk", "JPEG", "CMYK", quality=90),
    "jpeg-progressive": _still("jpeg-progressive", "JPEG", quality=90, progressive=True),
    "jpeg-progressive-444": _still(
        "jpeg-progressive", "JPEG", quality=90, progressive=True, subsampling=0
    ),
    "jpeg-progressive-cmyk": _still(
        "jpeg-progressive", "JPEG", "CMYK", quality=90, progressive=True
    ),
    "jpeg-scans": _written("jpeg-progressive", _scans, needs="jpegtran"),
    "png": _still("png", "PNG", compress_level=1),
    "png-profile": _still("png", "PNG", compress_level=1, icc_profile=PROFILE),
    "png-alpha": _still("png", "PNG", "RGBA", compress_level=1),
    "png-alpha-profile": _still("png", "PNG", "RGBA", compress_level=1, icc_profile=PROFILE),
    "png-palette": _still("png", "PNG", "P", compress_level=1),
    "png-16-bit": _still("png", "PNG", "I;16", compress_level=1),
    "png-animated": _animation("PNG"),
    "gif": _still("gif", "GIF", "P"),
    "gif-animated": _animation("GIF", "P"),
    "webp": _still("webp-planes", "WEBP", quality=85, method=0),
    "webp-alpha": _still("webp", "WEBP", "RGBA", quality=85, method=0),
    "webp-profile": _still("webp-planes", "WEBP", quality=85, method=0, icc_profile=PROFILE),
    "webp-alpha-profile": _still("webp", "WEBP", "RGBA", quality=85, method=0, icc_profile=PROFILE),
    "webp-lossless": _still("webp", "WEBP", "RGBA", lossless=True, quality=0, method=0),
    "webp-animated": _animation("WEBP", quality=85, method=0),
    "bmp": _still("bmp", "BMP"),
    "bmp-rle": _written("bmp-rle", _run_lengths, sizes=SMALL),
    "tiff": _still("tiff", "TIFF"),
    "tiff-profile": _still("tiff", "TIFF", icc_profile=PROFILE),
    "tiff-lzw-alpha": _still("tiff", "TIFF", "RGBA", compression="tiff_lzw"),
    "tiff-deflate": _still("tiff", "TIFF", compression="tiff_adobe_deflate"),
    "tiff-jpeg": _still("tiff", "TIFF", compression="jpeg"),
    "tiff-cmyk": _still("tiff", "TIFF", "CMYK", compression="tiff_lzw"),
    "tiff-16-bit": _still("tiff", "TIFF", "I;16", compression="tiff_lzw"),
    "tiff-float": _still("tiff", "TIFF", "F", compression="tiff_adobe_deflate"),
    "avif": _still("avif", "AVIF", quality=80, speed=10),
    "avif-alpha": _still("avif", "AVIF", "RGBA", quality=80, speed=10),
    "avif-444": _still("avif", "AVIF", quality=80, speed=10, subsampling="4:4:4"),
    "avif-alpha-profile": _still("avif", "AVIF", "RGBA", quality=80, speed=10, icc_profile=PROFILE),
    "heic": _written("heic", encode_heic),
    "heic-alpha": _written("heic", lambda image: encode_heic(_in_mode(image, "RGBA"))),
    "heic-deep": _written("heic-deep", _heic_deep, sizes=((2400, 1600, 1), (3600, 2400, 1))),
    "qoi": replace(_still("qoi", "QOI"), sizes=SMALL),
    "qoi-alpha": replace(_still("qoi", "QOI", "RGBA"), sizes=SMALL),
    **{f"svg-{name}": _drawing(name) for name in DRAWINGS},
}
