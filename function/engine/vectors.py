"""Operations on every pixel: by the C module of ``native/`` with SIMD, or else by Pillow.

Both give the same pixels, bit for bit except for rounding in a JPEG's chroma, so a machine without
the module is only slower (docs/resampler.md, docs/decoder.md).
"""

import logging
import struct
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any, Final

from PIL import Image

from function.engine.layout import Size
from function.engine.native_module import import_native

Box = tuple[float, float, float, float]  # left, top, right, bottom; fractions of a pixel count
ThreePlanes = tuple[Image.Image, Image.Image, Image.Image]  # luma, Cb, Cr

_LOG: Final = logging.getLogger(__name__)

# Pillow exports an image to Arrow only from a single block, and by default allocates 16 MB blocks.
Image.core.set_use_block_allocator(1)

_FILTERS: Final = {*Image.Resampling} - {Image.Resampling.NEAREST, Image.Resampling.MKS2021}

_CHANNELS: Final = {"L": 1, "La": 4, "RGB": 4, "RGBX": 4, "RGBa": 4, "CMYK": 4, "YCbCr": 4}
"""Bytes of a pixel in Pillow's memory: four, except of a single band."""

_PREMULTIPLIED: Final = {"LA": "La", "RGBA": "RGBa"}
"""Modes that are resized in another, so that colour does not bleed out of transparent pixels."""


def resize(image: Image.Image, size: Size, resample: Image.Resampling, box: Box) -> Image.Image:
    """Resample the region ``box`` of an image of any mode to ``size``, as ``Image.resize`` does.

    The edges of the box may lie between pixels. Raises ``ValueError`` for an empty size, and for a
    box that is empty or reaches out of the image.
    """
    left, top, right, bottom = box
    if left % 1 == top % 1 == 0 and (right - left, bottom - top) == size:
        return image.resize(size, resample, box)  # Pillow copies, whatever the filter
    if image.mode in _PREMULTIPLIED:
        premultiplied = image.convert(_PREMULTIPLIED[image.mode])
        return resize(premultiplied, size, resample, box).convert(image.mode)
    native, arrays = load_module(), _export(image)
    if not native or not arrays or image.mode not in _CHANNELS or resample not in _FILTERS:
        return image.resize(size, resample, box)
    result = Image.new(image.mode, size, None)
    channels = _CHANNELS[image.mode]
    native.resample(*arrays, image.size, *_export(result), size, channels, int(resample), box)
    return result


def half_of(size: Size) -> Size:
    """Return the size of chroma: half of luma's, rounded up."""
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def split(image: Image.Image) -> ThreePlanes:
    """Split a YCbCr image into luma, and both chroma planes at half size rounded up."""
    native, arrays = load_module(), _export(image)
    if not native or not arrays:
        luma, blue, red = image.split()
        return luma, blue.reduce(2), red.reduce(2)
    luma, blue, red = _new_planes(image.size)
    native.split(*arrays, image.size, *_export(luma, blue, red))
    return luma, blue, red


def merge(luma: Image.Image, blue: Image.Image, red: Image.Image) -> Image.Image:
    """Merge planes as of ``split`` to a YCbCr image; a chroma pixel becomes two by two."""
    native, arrays = load_module(), _export(luma, blue, red)
    if not native or not arrays:
        box = (0, 0, luma.width / 2, luma.height / 2)
        whole = [plane.resize(luma.size, Image.Resampling.NEAREST, box) for plane in (blue, red)]
        return Image.merge("YCbCr", (luma, *whole))
    image = Image.new("YCbCr", luma.size, None)
    native.merge(*_export(image), luma.size, *arrays)
    return image


def decode_jpeg(data: bytes, divisor: int, size: Size) -> ThreePlanes | None:
    """Decode a JPEG of YCbCr to planes as of ``split``; luma is Pillow's, bit for bit.

    Luma has the file's size divided by ``divisor`` (1, 2, 4 or 8) and rounded up. Returns None
    where the module is missing, and for files that are damaged or unusual.
    """
    luma, blue, red = _new_planes(size)
    native, arrays = load_module(), _export(luma, blue, red)
    done = native and arrays and native.decode_jpeg(data, divisor, size, *arrays)
    return (luma, blue, red) if done else None


def encode_planes(planes: ThreePlanes, steps: Sequence[int]) -> bytes | None:
    """Encode planes as of ``split`` as a JPEG with Huffman tables made for it.

    The bytes are those of Pillow with ``optimize``, for a third of the time. The 64 steps, row by
    row, are those of luma and chroma. Returns None where the module is missing.
    """
    native, arrays = load_module(), _export(*planes)
    return (
        native.encode_planes(*arrays, planes[0].size, bytes(steps)) if native and arrays else None
    )


def encode_rgb(image: Image.Image, steps: Sequence[int], *, is_halved: bool) -> bytes | None:
    """Encode an RGB image in the same way, its chroma at half or at full size."""
    native, arrays = load_module(), _export(image)
    if not native or not arrays:
        return None
    return native.encode_rgb(*arrays, image.size, bytes(steps), is_halved)


def unfilter(rows: bytes, channels: int, target: Any, size: Size, first: int) -> bool:
    """Undo the filters of a PNG's rows and store them from row ``first``; needs ``load_module``.

    Each row is a byte for the filter and its pixels, of ``channels`` bytes (3 or 4). The target is
    Pillow's memory (``Image.im``) of an RGB or RGBA image of ``size``. Returns False for filters
    that PNG does not have.
    """
    native = load_module()
    return bool(native and native.unfilter(rows, channels, target.__arrow_c_array__(), size, first))


def compare(reference: Image.Image, output: Image.Image) -> tuple[float, ...] | None:
    """Return how unlike two RGB images of one size are: the terms of ``native/similarity.h``.

    Returns None where the module is missing. All terms of a picture below 8 pixels are 0.
    """
    native, arrays = load_module(), _export(reference, output)
    if not native or not arrays:
        return None
    terms = native.compare(*arrays, reference.size)
    return struct.unpack(f"={len(terms) // 8}d", terms)


def _new_planes(size: Size) -> ThreePlanes:
    half = half_of(size)
    return Image.new("L", size, None), Image.new("L", half, None), Image.new("L", half, None)


def _export(*images: Image.Image) -> list[object]:
    """Return the images' memory as Arrow arrays; an empty list if one is not in one block.

    Arrow forbids writing to arrays; only those of images just made here are written to.
    """
    try:
        return [image.__arrow_c_array__()[1] for image in images]
    except ValueError:  # allocated in several blocks, before this module was imported
        return []


@cache
def load_module() -> ModuleType | None:
    """Return the C module for work on pixels; warn and return None if it cannot run here."""
    module = import_native()
    if module and module.has_vectors():
        return module
    reason = "this CPU has no AVX2 and BMI" if module else "the C module was not built"
    _LOG.warning("Pillow decodes and resizes, which is slower", extra={"reason": reason})
    return None
