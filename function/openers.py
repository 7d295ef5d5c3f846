"""One way to open each format, its library imported when the first such upload comes.

Opening reads headers only. Pillow's format classes are called directly: ``Image.open`` would import
five of them, and try each.
"""

import io
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, cast

from PIL import Image

from function.errors import Rejected

# The imports below wait for the format that needs them, which keeps them out of the cold start.
# ruff: noqa: PLC0415


def open_jpeg(data: bytes) -> Image.Image:
    """Open a JPEG. An MPO (a phone's JPEG with more pictures behind it) is its first picture.

    Raises:
        Rejected: ``unsupported_codec`` for medical images of more than 8 bits.
    """
    from PIL.JpegImagePlugin import JpegImageFile

    try:
        return JpegImageFile(io.BytesIO(data))
    except SyntaxError as error:
        if _jpeg_bits(data) != _EIGHT_BITS:
            raise _unsupported("JPEG images with more than 8 bits a channel") from error
        raise


def open_png(data: bytes) -> Image.Image:
    """Open a PNG or APNG.

    Raises:
        Rejected: ``too_complex`` for one that is cut into too many chunks.
    """
    from PIL.PngImagePlugin import PngImageFile

    from function.png import check_chunks, hasten

    check_chunks(data)

    image = PngImageFile(io.BytesIO(data))
    hasten(image)
    return image


def open_gif(data: bytes) -> Image.Image:
    """Open a GIF; its comments are left out."""
    from PIL.GifImagePlugin import GifImageFile

    from function.gif import drop_extensions

    return GifImageFile(io.BytesIO(drop_extensions(data)))


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
        Rejected: ``truncated`` when it names fewer strips than fill it, where Pillow would leave
            the rest black; ``unsupported_codec`` for an unknown compression or pixel layout;
            ``broken_image`` when the place of a strip is no number.
    """
    from PIL.TiffImagePlugin import TiffImageFile

    try:
        image = TiffImageFile(io.BytesIO(data))
    except SyntaxError as error:
        if isinstance(error.__cause__, KeyError):  # Pillow's tables of both
            raise _unsupported("TIFF images of this compression or layout") from error
        raise
    if not all(isinstance(cast("object", tile.offset), int) for tile in image.tile):
        # A tag may be of any type; Pillow would raise TypeError for this one, as for a bug.
        raise Rejected("broken_image", "This TIFF image does not say where its pixels are.")
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


def count_frames(image: Image.Image, at_most: int) -> int:
    """How many frames an image has, or ``at_most + 1`` if there are more.

    A GIF does not state it: Pillow's ``n_frames`` walks to the end, which a file of a million
    empty frames can make long.
    """
    from PIL.GifImagePlugin import GifImageFile

    if not isinstance(image, GifImageFile):
        return int(getattr(image, "n_frames", 1))
    with suppress(EOFError):
        while image.tell() < at_most:
            image._seek(image.tell() + 1, update_image=False)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    count = image.tell() + 1
    image.seek(0)
    return count


def webp_size(data: bytes) -> tuple[int, int]:
    """Width and height from a WebP's first chunk, for libwebp's decoder allocates on opening.

    Raises:
        Rejected: ``broken_image`` when the first chunk is none that may come first.
    """
    chunk, body = data[12:16], data[20:30].ljust(10, b"\0")
    if chunk == b"VP8X":
        return 1 + _little(body[4:7]), 1 + _little(body[7:10])
    if chunk == b"VP8L":
        bits = _little(body[1:5])
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        return _little(body[6:8]) & 0x3FFF, _little(body[8:10]) & 0x3FFF
    raise Rejected("broken_image", "This WebP image starts with a chunk that may not come first.")


def _jpeg_bits(data: bytes) -> int:
    """Bits a channel as the frame header states them; 8 if there is no frame header."""
    at = 2
    while at + 5 <= len(data) and data[at] == _MARKER:
        if data[at + 1] in _FRAMES:
            return data[at + 4]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return _EIGHT_BITS


_MARKER: Final = 0xFF
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EIGHT_BITS: Final = 8


def _unsupported(what: str) -> Rejected:
    return Rejected("unsupported_codec", f"{what} are not supported.")


def _little(value: bytes) -> int:
    return int.from_bytes(value, "little")
