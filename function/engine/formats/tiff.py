"""TIFF and BigTIFF; the first page."""

import io
import math
from itertools import chain
from typing import TYPE_CHECKING, Final, cast

from function.engine.errors import Reason, Rejected
from function.engine.formats.format import Format, lazily

if TYPE_CHECKING:
    from PIL import Image
    from PIL.TiffImagePlugin import TiffImageFile

_DIRECTORIES: Final = "function.engine.formats.tiff_directories"

_COMPRESSION, _JPEG = 259, (6, 7)  # the second is that of TIFF 6.0, and the one that replaced it

_PARTS: Final = ((273, 279), (324, 325))  # offsets and lengths of strips, and of tiles

_TILE_SIDES: Final = (322, 323)  # TileWidth and TileLength (TIFF 6.0, section 15)

_LARGEST_TILE: Final = 1 << 22
"""Pixels of a tile, at most, whatever the picture's size: libtiff decodes a tile as a whole."""

_BITS, _SAMPLE_FORMAT = 258, 339
"""BitsPerSample, and SampleFormat: 1, which is the default, for numbers without a sign."""


def open_image(data: bytes) -> "Image.Image":
    """Open a TIFF.

    Raises:
        Rejected: ``truncated`` when it names fewer strips than fill it, where Pillow would leave
            the rest black, or a JPEG in it is cut short, of which libtiff makes the rest grey;
            ``unsupported_codec`` for an unknown compression or pixel layout;
            ``unsupported_format`` for a raw photo of which only a smaller copy can be decoded;
            ``too_complex`` when its tiles are far larger than the picture;
            ``broken_image`` when the place of a strip is no number.
    """
    # For the first TIFF alone:
    from PIL.TiffImagePlugin import TiffImageFile  # noqa: PLC0415

    from function.engine.formats.tiff_directories import is_preview  # noqa: PLC0415

    if is_preview(data):
        message = "This file is a camera's raw photo, which is not supported."
        raise Rejected(Reason.UNSUPPORTED_FORMAT, message)
    try:
        image = TiffImageFile(io.BytesIO(data))
    except SyntaxError as error:
        if not isinstance(error.__cause__, KeyError):  # Pillow's tables of both
            raise
        message = "TIFF images of this compression or layout are not supported."
        raise Rejected(Reason.UNSUPPORTED_CODEC, message) from error
    if not _are_numbers(*(tile.offset for tile in image.tile)):
        # Pillow would raise TypeError, as for a bug.
        raise Rejected(Reason.BROKEN_IMAGE, "This TIFF image does not say where its pixels are.")
    if not isinstance(image.info.get("xmp", b""), bytes):
        del image.info["xmp"]  # the same, of what says nothing on the pixels
    sides = [side for tag in _TILE_SIDES if isinstance(side := image.tag_v2.get(tag), int)]
    if math.prod(sides) > max(_LARGEST_TILE, 4 * image.width * image.height):
        message = "This TIFF image has tiles that are far larger than the picture."
        raise Rejected(Reason.TOO_COMPLEX, message)
    if image.tag_v2.get(_COMPRESSION) in _JPEG and _end(image) > len(data):
        raise Rejected(Reason.TRUNCATED, "The end of this image is missing.")
    boxes = [tile.extents for tile in image.tile if tile.extents]
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    if covered < image.width * image.height:
        raise Rejected(Reason.TRUNCATED, "Parts of this TIFF image are missing.")
    return image


def _end(image: "TiffImageFile") -> int:
    """Return where the last strip or tile ends."""
    tags = image.tag_v2
    pairs = (zip(tags.get(at, ()), tags.get(length, ()), strict=False) for at, length in _PARTS)
    ends = (at + length for at, length in chain(*pairs) if _are_numbers(at, length))
    return max(ends, default=0)


def _are_numbers(*values: object) -> bool:
    """Return True for whole numbers: a tag may be of any type."""
    return all(isinstance(value, int) for value in values)


def load(image: "Image.Image", _data: bytes) -> "Image.Image":
    """Load an opened image; scale grey of 12 bits up to 16, and of 32 without a sign down to 8.

    Pillow's modes do not tell such greys from 16 bits, and of 32 it takes the highest for a sign. A
    picture in 32 bits whose numbers all fit into 16 counts as one of 16.
    """
    from function.engine import colour  # noqa: PLC0415 - needs Pillow, this file does not

    tags = cast("TiffImageFile", image).tag_v2
    bits, is_unsigned = tags.get(_BITS), tags.get(_SAMPLE_FORMAT, (1,)) == (1,)
    image.load()
    if image.mode == "I;16" and bits == (12,):
        return image.point(lambda level: level * 16)
    if image.mode == "I" and bits == (32,) and is_unsigned:
        low, high = cast("tuple[int, int]", image.getextrema())
        if low < 0 or high >= 1 << 16:
            return colour.grey_by_strips(image, _take_highest_byte)
    return image


def _take_highest_byte(image: "Image.Image") -> "Image.Image":
    """Return the highest 8 of 32 bits, which x86_64 and arm64 have last."""
    from PIL import Image  # noqa: PLC0415 - as above

    return Image.frombytes("RGBA", image.size, image.tobytes()).getchannel("A")


FORMAT: Final = Format(
    name="tiff",
    content_types={"tif": "image/tiff", "tiff": "image/tiff"},
    bytes_per_pixel={"tiff": 8.0},
    ms_per_megapixel={"tiff": 57.0},
    recognises=lambda data: data.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),
    open_image=open_image,
    load=load,
    damage=(OSError, SyntaxError, ValueError),
    is_oriented=True,
    losses=lazily(_DIRECTORIES, "losses"),
    modules=(_DIRECTORIES,),
    isolated=True,
)
