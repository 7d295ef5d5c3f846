"""Planes as our own decoders give them, made by Pillow's: for stacks with ``nativeDecoder: false``.

Our decoders keep the lowest frequencies of each block and the chroma as the file stores it. Pillow
averages pixels, and returns chroma only after enlarging it. So more is decoded here than needed,
and brought to the same size with LANCZOS; and the enlargement is undone (docs/decoder.md).
"""

import io
from typing import Final

from PIL import Image, ImageFilter
from PIL.JpegImagePlugin import JpegImageFile

from function.engine.pixels import Planes, Size
from function.engine.vectors import half_of, resize, split

_MEANS: Final = 8  # at 1/8 of its size, a JPEG's blocks are their means to both decoders

_PLAIN, _UNDONE = (0, 8, 0), (-1, 10, -1)
"""Weights, in eighths, of three neighbours along an axis. To double an axis, libjpeg weighs the
two nearest samples 3 to 1. The mean of each two results weighs three samples 1 to 6 to 1;
``_UNDONE`` is the inverse of that to the first order."""


def decode_jpeg(data: bytes, divisor: int) -> Planes:
    """Decode a baseline JPEG of YCbCr as ``vectors.decode_jpeg`` does; raise for damage."""
    if divisor == _MEANS:
        return Planes(*split(_draft(data, "YCbCr", divisor)))
    image = JpegImageFile(io.BytesIO(data))
    luma_size = -(-image.width // divisor), -(-image.height // divisor)
    finer = max(1, divisor // 2)
    luma = _halve_to(luma_size, _draft(data, "L", finer))
    _id, across, down, _table = image.layer[0]
    # With chroma of half the size both ways, libjpeg decodes chroma whole at half the scale.
    enlarged = (1, 1) if (across, down) == (2, 2) else (across, down)
    scaled = _draft(data, "YCbCr", 2 * finer if (across, down) == (2, 2) else finer)
    blue, red = (
        _halve_to(half_of(luma_size), _shrink_back(scaled.getchannel(band), enlarged))
        for band in ("Cb", "Cr")
    )
    return Planes(luma, blue, red)


def _draft(data: bytes, mode: str, divisor: int) -> Image.Image:
    image = JpegImageFile(io.BytesIO(data))
    image.draft(mode, (max(1, image.width // divisor), max(1, image.height // divisor)))
    image.load()
    return image


def _shrink_back(plane: Image.Image, enlarged: tuple[int, int]) -> Image.Image:
    """Return a plane as it was before a decoder enlarged it, so many times across and down."""
    if enlarged == (1, 1):
        return plane
    across, down = (_UNDONE if times > 1 else _PLAIN for times in enlarged)
    kernel = [x * y for y in down for x in across]
    return plane.reduce(enlarged).filter(ImageFilter.Kernel((3, 3), kernel))


def _halve_to(size: Size, plane: Image.Image) -> Image.Image:
    """Halve each side of a plane that is not of ``size`` yet, as often as it takes.

    Sizes are rounded up, so the last column or row may stand for one that the plane does not have.
    """
    times = tuple(round(old / new) for old, new in zip(plane.size, size, strict=True))
    if times == (1, 1):
        return plane
    whole = (size[0] * times[0], size[1] * times[1])
    if whole != plane.size:
        padded = Image.new("L", whole)
        padded.paste(plane, (whole[0] - plane.width, whole[1] - plane.height))
        padded.paste(plane)
        plane = padded
    return resize(plane, size, Image.Resampling.LANCZOS, (0, 0, *whole))
