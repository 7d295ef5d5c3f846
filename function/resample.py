"""Resizing: in vectors by the C module of ``native/``, by Pillow where that cannot serve.

Both give the same pixels, bit for bit, so a machine without the module is slower and nothing else
(docs/resampler.md).
"""

import logging
from functools import cache
from types import ModuleType
from typing import Final

from PIL import Image

Size = tuple[int, int]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom; fractions of a pixel count."""

_LOG: Final = logging.getLogger(__name__)

# In one block instead of several of 16 MB: images then have an Arrow export at any size.
Image.core.set_use_block_allocator(1)

_FILTERS: Final = frozenset(
    (
        Image.Resampling.BOX,
        Image.Resampling.BILINEAR,
        Image.Resampling.HAMMING,
        Image.Resampling.BICUBIC,
        Image.Resampling.LANCZOS,
        Image.Resampling.MKS2013,
    )
)

_CHANNELS: Final = {"L": 1, "La": 4, "RGB": 4, "RGBX": 4, "RGBa": 4, "CMYK": 4, "YCbCr": 4}
"""Bytes of a pixel in Pillow's memory: of all but one band there are four."""

_PREMULTIPLIED: Final = {"LA": "La", "RGBA": "RGBa"}
"""Colour must not bleed out of transparent pixels, so these are resized as the other."""


def resize(image: Image.Image, size: Size, resample: Image.Resampling, box: Box) -> Image.Image:
    """Resample the region ``box`` of an image to ``size``, as ``Image.resize`` does.

    Args:
        image: a loaded image of any mode.
        size: width and height of the result, in pixels.
        resample: any of Pillow's filters.
        box: the region, within the image and not empty; its edges may lie between pixels.

    Raises:
        ValueError: an empty size, or a box that is empty or reaches out of the image.
    """
    if size == image.size and box == (0, 0, *size):
        return image.copy()
    if image.mode in _PREMULTIPLIED:
        premultiplied = image.convert(_PREMULTIPLIED[image.mode])
        return resize(premultiplied, size, resample, box).convert(image.mode)
    native = _native()
    if native is None or image.mode not in _CHANNELS or resample not in _FILTERS:
        return image.resize(size, resample, box)
    try:
        _, source = image.__arrow_c_array__()
    except ValueError:  # allocated in several blocks, before this module was imported
        return image.resize(size, resample, box)
    result = Image.new(image.mode, size, None)
    # Arrow's arrays are not to be written to, but nobody else has seen this one.
    _, target = result.__arrow_c_array__()
    channels = _CHANNELS[image.mode]
    native.resample(source, image.size, target, size, channels, int(resample), box)
    return result


@cache
def _native() -> ModuleType | None:
    """The C module; None, and a line in the log, where it was not built or the CPU is too old."""
    try:
        from function import _resample  # noqa: PLC0415 - on the first use, so that it can be missing
    except ImportError as error:
        _LOG.warning("images are resized by Pillow, which is slower", extra={"reason": str(error)})
        return None
    return _resample
