"""JPEG at a fraction of its size: the decoder leaves out the detail that no rendition shows.

The scales are 1/2, 1/4 and 1/8, as those of ``Image.draft`` (docs/decoder.md).
"""

from typing import Final

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from function.engine.pixels import Planes
from function.engine.vectors import Box, decode_jpeg

_RGB_IDS: Final = [0x52, 0x47, 0x42]
"""Component ids of a JPEG that stores RGB as it is."""

_DIVISORS: Final = (8, 4, 2, 1)


def open_planes(image: Image.Image, data: bytes, need: float) -> tuple[Planes, Box]:
    """Decode a JPEG of YCbCr, at the smallest scale that is at least ``need``, to planes.

    By the C module where that can (docs/decoder.md), else by Pillow, which also has the last word
    on what is damaged.

    Args:
        image: ``data`` opened, not loaded yet.
        data: the whole file.
        need: the scale wanted; 1 is full size.

    Returns:
        The planes, and the part of them that is the picture: sizes are rounded up to whole pixels,
        so the edge of the picture lies within the last one.
    """
    width, height = image.size
    least = min(width // max(1, int(need * width)), height // max(1, int(need * height)))
    divisor = next((divisor for divisor in _DIVISORS if divisor <= least), 1)
    size = (-(-width // divisor), -(-height // divisor))
    planes = decode_jpeg(data, divisor, size)
    if planes:
        return Planes(*planes), (0, 0, width / divisor, height / divisor)
    scaled, box = open_scaled(image, need, "YCbCr")
    return Planes.split(scaled), box


def open_scaled(image: Image.Image, need: float, mode: str) -> tuple[Image.Image, Box]:
    """Load a JPEG, by Pillow, at the smallest scale that is at least ``need``.

    Args:
        image: an opened JPEG, not loaded yet.
        need: the scale wanted; 1 is full size.
        mode: the image's own, or that in which it is stored.

    Returns:
        The image, and the part of it that is the picture, as of ``open_planes``.
    """
    width, height = image.size
    drafted = image.draft(mode, (max(1, int(need * width)), max(1, int(need * height))))
    image.load()
    return image, drafted[1] if drafted else (0, 0, width, height)


def stores_luma(image: Image.Image) -> bool:
    """Whether the components are YCbCr, by the rules that libjpeg itself follows."""
    if not isinstance(image, JpegImageFile) or image.mode != "RGB":
        return False
    if image.info.get("adobe_transform", 1) == 0:
        return False
    return "jfif" in image.info or [layer[0] for layer in image.layer] != _RGB_IDS
