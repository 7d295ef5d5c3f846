"""JPEG at a fraction of its size: the decoder leaves out the detail that no rendition shows.

The scales are those of ``Image.draft``: 1/2, 1/4 and 1/8. libjpeg also does 3/8, with fewer pixels
to resize, but without vectors, so that it costs more than it saves (docs/resampler.md).
"""

from typing import Final

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from function.vectors import Box

_RGB_IDS: Final = [0x52, 0x47, 0x42]
"""Component ids of a JPEG that stores RGB as it is."""


def open_scaled(image: Image.Image, need: float, *, planar: bool) -> tuple[Image.Image, Box]:
    """Load a JPEG at the smallest scale that is at least ``need``.

    Args:
        image: an opened JPEG, not loaded yet.
        need: the scale wanted; 1 is full size.
        planar: ask for YCbCr, where the JPEG stores that.

    Returns:
        The loaded image, and the part of it that is the picture: sizes are rounded up to whole
        pixels, so the edge of the picture lies within the last one.
    """
    if not isinstance(image, JpegImageFile):
        raise TypeError("only an opened JPEG can be decoded to scale")
    width, height = image.size
    least = (max(1, int(need * width)), max(1, int(need * height)))
    mode = "YCbCr" if planar and _stores_luma(image) else image.mode
    drafted = image.draft(mode, least)
    image.load()
    return image, drafted[1] if drafted else (0, 0, width, height)


def _stores_luma(image: JpegImageFile) -> bool:
    """Whether the components are YCbCr, by the rules that libjpeg itself follows."""
    if image.mode != "RGB" or image.info.get("adobe_transform", 1) == 0:
        return False
    return "jfif" in image.info or [layer[0] for layer in image.layer] != _RGB_IDS
