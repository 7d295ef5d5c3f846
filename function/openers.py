"""One way to open each format, its library imported when the first such upload comes.

Opening reads headers only. Pillow's format classes are called directly: ``Image.open`` would import
five of them, and try each.
"""

import io
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from function.errors import Rejected

# The imports below wait for the format that needs them, which keeps them out of the cold start.
# ruff: noqa: PLC0415


def open_jpeg(data: bytes) -> Image.Image:
    """Open a JPEG. An MPO (a phone's JPEG with more pictures behind it) is its first picture."""
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(io.BytesIO(data))


def open_png(data: bytes) -> Image.Image:
    """Open a PNG or APNG."""
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile(io.BytesIO(data))


def open_gif(data: bytes) -> Image.Image:
    """Open a GIF."""
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile(io.BytesIO(data))


def open_webp(data: bytes) -> Image.Image:
    """Open a WebP."""
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile(io.BytesIO(data))


def open_bmp(data: bytes) -> Image.Image:
    """Open a BMP."""
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile(io.BytesIO(data))


def open_tiff(data: bytes) -> Image.Image:
    """Open a TIFF.

    Raises:
        Rejected: ``truncated`` when it names fewer strips than fill it; Pillow would leave the
            rest black.
    """
    from PIL.TiffImagePlugin import TiffImageFile

    image = TiffImageFile(io.BytesIO(data))
    boxes = [tile.extents for tile in image.tile if tile.extents]
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    if covered < image.width * image.height:
        raise Rejected("truncated", "Parts of this TIFF image are missing.")
    return image


def open_avif(data: bytes) -> Image.Image:
    """Open an AVIF, decoding on one thread: a Lambda below 1769 MB has less than one CPU."""
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    return AvifImagePlugin.AvifImageFile(io.BytesIO(data))


def open_heic(data: bytes) -> Image.Image:
    """Open a HEIC or HEIF; pixels above 8 bits are scaled down, rotation is libheif's."""
    import pi_heif
    from pi_heif.as_plugin import HeifImageFile

    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = False
    pi_heif.options.DEPTH_IMAGES = False
    pi_heif.options.AUX_IMAGES = False
    return HeifImageFile(io.BytesIO(data))


OPENERS: Final[Mapping[str, Callable[[bytes], Image.Image]]] = {
    "jpeg": open_jpeg,
    "png": open_png,
    "gif": open_gif,
    "webp": open_webp,
    "bmp": open_bmp,
    "tiff": open_tiff,
    "avif": open_avif,
    "heic": open_heic,
}


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from a WebP's first chunk, for libwebp's decoder allocates on opening.

    Raises:
        Rejected: ``broken_image`` when the first chunk is none that may come first.
    """
    chunk, body = data[12:16], data[20:30]
    if chunk == b"VP8X" and len(body) == 10:
        return (
            1 + int.from_bytes(body[4:7], "little"),
            1 + int.from_bytes(body[7:10], "little"),
        )
    if chunk == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 " and len(body) == 10:
        return (
            int.from_bytes(body[6:8], "little") & 0x3FFF,
            int.from_bytes(body[8:10], "little") & 0x3FFF,
        )
    raise Rejected("broken_image", "This WebP image starts with a chunk that may not come first.")
