"""JPEG at a fraction of its size: the decoder leaves out the detail that no rendition shows.

``Image.draft`` reaches 1/2, 1/4 and 1/8. libjpeg also does 3/8, which is what a 12 MP photo needs
for 1080 pixels: 44 % fewer pixels to resize than at 1/2. It is reached through the same two fields
that ``draft`` sets, because libjpeg rounds a denominator of 3 up to three eighths.
"""

from typing import Final

from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from function.pixels import Box

_EIGHTHS: Final = ((8, 1), (4, 2), (3, 3), (2, 4), (1, 8))
"""Scales in eighths, and the denominator by which the decoder is asked for each."""

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
    eighths, denominator = min(
        (scale for scale in _EIGHTHS if scale[0] >= 8 * need), default=_EIGHTHS[0]
    )
    width, height = image.size
    size = (-(-width * eighths // 8), -(-height * eighths // 8))
    mode = "YCbCr" if planar and _stores_luma(image) else image.mode
    tile = image.tile[0]
    raw = (mode, "") if mode != image.mode else tile.args
    image._mode, image._size = mode, size  # noqa: SLF001
    image.tile = [ImageFile._Tile(tile.codec_name, (0, 0, *size), tile.offset, raw)]  # noqa: SLF001
    plain_upsampling = int(eighths < 8)
    image.decoderconfig = (denominator, plain_upsampling)
    image.load()
    return image, (0.0, 0.0, width * eighths / 8, height * eighths / 8)


def _stores_luma(image: JpegImageFile) -> bool:
    """Whether the components are YCbCr, by the rules that libjpeg itself follows."""
    if image.mode != "RGB" or image.info.get("adobe_transform", 1) == 0:
        return False
    return "jfif" in image.info or [layer[0] for layer in image.layer] != _RGB_IDS
