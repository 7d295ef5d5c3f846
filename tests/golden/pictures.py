"""The golden pictures: every input format, kind, orientation and profile, generated each time.

They are the same on every machine: their pixels are computed in integers, the AVIF encoder runs on
one thread, and PNGs are stored without compression, because Pillow compresses them with whichever
version of libz the machine has. golden.json records the SHA-256 of each.
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from tests.golden import profiles
from tests.support.pictures import (
    SVG,
    adobe_rgb,
    camera_exif,
    display_p3,
    encoded,
    png_bomb,
    png_chunk,
)
from tests.support.ultra_hdr import ultra_hdr

SIZE = (97, 61)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
STORED = 65535
"""Most bytes of a stored block (RFC 1951, 3.2.4)."""

TURNED_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="120" height="90"><g transform="rotate(12)">'
    b'<path d="M10 10 C 40 90, 80 -40, 110 60" stroke="#a03060" stroke-width="7" fill="none"/>'
    b'<ellipse cx="60" cy="40" rx="30" ry="18" fill="#2080c0" fill-opacity="0.6"/></g></svg>'
)


def make_pictures() -> dict[str, bytes]:
    """Return every golden picture by its file name."""
    return dict(
        [
            *_jpegs(),
            *_pngs(),
            *_webps(),
            *_guarded(),
            *_others(),
            *_turned(),
            *_profiled(),
            *_sizes(),
            *_photos(),
            *_bad(),
        ]
    )


def scene(size: tuple[int, int] = SIZE, *, shift: int = 0) -> Image.Image:
    """Draw a ramp, rings, a bright disc with a sharp edge, and grain; no two corners are alike."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    grain = ((x * 73856093 ^ y * 19349663 ^ shift * 83492791) * 2654435761 >> 13) & 15
    distance = (x - width // 3 - shift) ** 2 + (y - height // 2) ** 2
    disc = distance < (min(size) // 4) ** 2
    red = x * 200 // width + grain
    green = y * 180 // height + grain + 50 * disc
    blue = distance * 997 // (width * height) % 120 + 2 * grain + 90 * disc
    return Image.fromarray(np.stack([red, green, blue], axis=2).clip(0, 255).astype(np.uint8))


def cutout(size: tuple[int, int] = SIZE) -> Image.Image:
    """Draw the scene with an alpha channel that has transparent, opaque and soft areas.

    The channel must not be symmetric: in a placeholder of a symmetric one, the last bit of a
    floating-point sum decides how a term is rounded, and `sum` is more exact since Python 3.12.
    """
    width, height = size
    image = scene(size)
    y, x = np.mgrid[0:height, 0:width].astype(np.int64)
    alpha = x * 330 // width + (y * y * 90) // (height * height) - x * y % 7 - 50
    image.putalpha(Image.fromarray(alpha.clip(0, 255).astype(np.uint8)))
    return image


def stored(png: bytes) -> bytes:
    """Return a PNG with its compressed data stored instead, in one chunk for each frame."""
    out, image_data = PNG_SIGNATURE, b""
    for kind, body in chunks(png):
        if kind == b"IDAT":
            image_data += body
            continue
        if image_data:
            out += png_chunk(b"IDAT", _stored_stream(zlib.decompress(image_data)))
            image_data = b""
        # An animation's frame follows 4 bytes of sequence number, a profile its name and 2 bytes.
        prefix = {b"fdAT": 4, b"iCCP": body.find(b"\0") + 2}.get(kind)
        if prefix is None:
            out += png_chunk(kind, body)
        else:
            again = _stored_stream(zlib.decompress(body[prefix:]))
            out += png_chunk(kind, body[:prefix] + again)
    return out


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type and the data of each chunk of a PNG."""
    at = len(PNG_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _stored_stream(data: bytes) -> bytes:
    blocks = [data[at : at + STORED] for at in range(0, len(data), STORED)] or [b""]
    out = b"\x78\x01"
    for number, block in enumerate(blocks, 1):
        out += struct.pack("<BHH", number == len(blocks), len(block), len(block) ^ 0xFFFF) + block
    return out + struct.pack(">I", zlib.adler32(data))


def _png(image: Image.Image, **options: object) -> bytes:
    return stored(encoded(image, "PNG", **options))


def _avif(image: Image.Image, **options: object) -> bytes:
    return encoded(image, "AVIF", max_threads=1, **options)


def _jpegs() -> Iterator[tuple[str, bytes]]:
    photo = scene()
    yield "jpeg.jpg", encoded(photo, "JPEG")
    yield "jpeg-progressive.jpg", encoded(photo, "JPEG", progressive=True)
    yield "jpeg-444.jpg", encoded(photo, "JPEG", subsampling=0)
    yield "jpeg-422.jpg", encoded(photo, "JPEG", subsampling=1)
    yield "jpeg-restart.jpg", encoded(photo, "JPEG", restart_marker_rows=1)
    yield "jpeg-rough.jpg", encoded(photo, "JPEG", quality=20)
    yield "jpeg-grey.jpg", encoded(photo.convert("L"), "JPEG")
    yield "jpeg-cmyk.jpg", encoded(photo.convert("CMYK"), "JPEG")
    yield "jpeg-rgb.jpg", encoded(photo, "JPEG", keep_rgb=True)
    yield "jpeg-ultra-hdr.jpg", ultra_hdr(encoded(photo, "JPEG"), scene((49, 31)).convert("L"))
    yield "jpeg-mpo.jpg", encoded(photo, "MPO", save_all=True, append_images=[scene(shift=9)])


def _pngs() -> Iterator[tuple[str, bytes]]:
    photo, shape = scene(), cutout()
    deep = np.asarray(photo.convert("L")).astype(np.uint16) * 257
    yield "png.png", _png(photo)
    yield "png-alpha.png", _png(shape)
    yield "png-palette.png", _png(photo.quantize(16))
    yield "png-palette-transparent.png", _png(photo.quantize(16), transparency=3)
    yield "png-grey.png", _png(photo.convert("L"))
    yield "png-grey-alpha.png", _png(shape.convert("LA"))
    yield "png-16-bit.png", _png(Image.fromarray(deep))
    yield "png-1-bit.png", _png(photo.convert("1"))
    frames = [scene(shift=8), scene(shift=16)]
    yield "apng.png", _png(photo, save_all=True, append_images=frames, duration=80)


def _webps() -> Iterator[tuple[str, bytes]]:
    photo, shape = scene(), cutout()
    frames = {"save_all": True, "append_images": [scene(shift=8)], "duration": 70, "loop": 3}
    yield "webp.webp", encoded(photo, "WEBP")
    yield "webp-lossless.webp", encoded(photo, "WEBP", lossless=True)
    yield "webp-alpha.webp", encoded(shape, "WEBP")
    yield "webp-animated.webp", encoded(photo, "WEBP", **frames)


def _guarded() -> Iterator[tuple[str, bytes]]:
    """Formats that are decoded in a child process."""
    photo, shape = scene(), cutout()
    yield "avif.avif", _avif(photo)
    yield "avif-alpha.avif", _avif(shape)
    yield "heic.heic", encoded(photo, "HEIF")
    yield "heic-alpha.heic", encoded(shape, "HEIF")
    yield "heic-tiled.heic", encoded(photo, "HEIF", tile_size=64)
    yield "tiff.tif", encoded(photo, "TIFF")
    yield "tiff-lzw-alpha.tif", encoded(shape, "TIFF", compression="tiff_lzw")
    yield "tiff-jpeg.tif", encoded(photo, "TIFF", compression="jpeg")
    yield "tiff-cmyk.tif", encoded(photo.convert("CMYK"), "TIFF")
    yield "tiff-float.tif", encoded(photo.convert("F"), "TIFF")
    yield "svg.svg", SVG
    yield "svg-turned.svg", TURNED_SVG


def _others() -> Iterator[tuple[str, bytes]]:
    photo = scene()
    frames = {"save_all": True, "append_images": [scene(shift=8), cutout()], "duration": 60}
    yield "gif.gif", encoded(photo, "GIF")
    yield "gif-animated.gif", encoded(photo, "GIF", **frames, loop=0)
    yield "bmp.bmp", encoded(photo, "BMP")
    yield "bmp-palette.bmp", encoded(photo.quantize(16), "BMP")


def _turned() -> Iterator[tuple[str, bytes]]:
    """All EXIF orientations of a JPEG, and one of every other format that has them."""
    photo = scene((90, 58))
    for orientation in range(1, 9):
        exif = camera_exif(orientation)
        yield f"orientation-{orientation}.jpg", encoded(photo, "JPEG", exif=exif)
    exif = camera_exif(6)
    yield "orientation-6.png", _png(photo, exif=exif)
    yield "orientation-6.webp", encoded(photo, "WEBP", exif=exif)
    yield "orientation-6.avif", _avif(photo, exif=exif)
    yield "orientation-6.heic", encoded(photo, "HEIF", exif=exif)
    yield "orientation-6.tif", encoded(photo, "TIFF", exif=exif)


def _profiled() -> Iterator[tuple[str, bytes]]:
    photo = scene((80, 64))
    yield "display-p3.jpg", encoded(photo, "JPEG", icc_profile=display_p3())
    yield "display-p3.png", _png(photo, icc_profile=display_p3())
    yield "display-p3.webp", encoded(photo, "WEBP", icc_profile=display_p3())
    yield "display-p3.avif", _avif(photo, icc_profile=display_p3())
    yield "display-p3.heic", encoded(photo, "HEIF", icc_profile=display_p3())
    yield "adobe-rgb.jpg", encoded(photo, "JPEG", icc_profile=adobe_rgb())
    yield "adobe-rgb.tif", encoded(photo, "TIFF", icc_profile=adobe_rgb())
    yield "adobe-rgb-alpha.png", _png(cutout((80, 64)), icc_profile=adobe_rgb())
    yield "srgb.jpg", encoded(photo, "JPEG", icc_profile=profiles.srgb())
    yield "gamma-2.2.jpg", encoded(photo, "JPEG", icc_profile=profiles.gamma())
    yield "grey-profile.jpg", encoded(photo.convert("L"), "JPEG", icc_profile=profiles.grey())
    yield "cmyk-profile.jpg", encoded(photo.convert("CMYK"), "JPEG", icc_profile=profiles.cmyk())
    yield "profile-of-another-mode.jpg", encoded(photo, "JPEG", icc_profile=profiles.grey())


def _sizes() -> Iterator[tuple[str, bytes]]:
    yield "one-pixel.png", _png(scene((1, 1)))
    yield "row.jpg", encoded(scene((150, 3)), "JPEG")
    yield "column.png", _png(scene((2, 130)))
    yield "block.jpg", encoded(scene((16, 16)), "JPEG")
    yield "block-and-one.jpg", encoded(scene((17, 33)), "JPEG")


def _photos() -> Iterator[tuple[str, bytes]]:
    """Pictures so large that decoders scale them down and renditions are cut from larger ones."""
    phone = {"exif": camera_exif(6), "icc_profile": display_p3(), "quality": 90}
    yield "photo.jpg", encoded(scene((1201, 903)), "JPEG", quality=88)
    yield "photo-phone.jpg", encoded(scene((1280, 960)), "JPEG", **phone)
    yield "photo-progressive.jpg", encoded(scene((800, 603)), "JPEG", progressive=True)
    yield "photo.webp", encoded(scene((901, 700)), "WEBP", quality=85)
    yield "photo.png", _png(scene((700, 501)))
    yield "photo-alpha.png", _png(cutout((640, 480)))


def _bad() -> Iterator[tuple[str, bytes]]:
    """Uploads that are rejected, each with a different code."""
    jpeg = encoded(scene(), "JPEG")
    yield "empty.jpg", b""
    yield "no-image.jpg", b"no image"
    yield "truncated.jpg", jpeg[: len(jpeg) // 2]
    yield "broken.png", _png(scene()).replace(b"IDAT\x78", b"IDAT\x79")
    yield "too-many-pixels.png", _bomb()
    yield "too-many-bytes.bmp", encoded(scene((1200, 900)), "BMP")


def _bomb() -> bytes:
    return stored(png_bomb(60_000, 60_000))
