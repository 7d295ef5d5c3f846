"""Decode lossy WebP to the planes that it stores, by the libwebp that Pillow brings.

Pillow has libwebp make RGBA of every picture, in three canvases of four bytes a pixel. A photo's
planes take one and a half bytes a pixel, and are what the engine resizes (docs/decoder.md).
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from PIL import Image

from function.engine.pixels import Box, Planes, Size, reduced_box, reduction
from function.engine.vectors import half_of

_ANIMATION, _ALPHA = 0x02, 0x10  # flags of WebP's extended header

_MOST_CHUNKS: Final = 16
"""Chunks in which the picture is looked for; encoders write at most three before it."""


def _stretch_levels(lowest: int, levels: int, centre: int) -> list[int]:
    """Return a table from video's levels to JPEG's, which are all 256."""
    exact = (centre + (level - lowest) * 255 / levels for level in range(256))
    return [min(255, max(0, round(level))) for level in exact]


# WebP's levels are those of video, ITU-R BT.601: luma 16 to 235, chroma 16 to 240 around 128.
_LUMA: Final = _stretch_levels(16, 219, 0)
_CHROMA: Final = _stretch_levels(128, 224, 128)


def kind_of(data: bytes, halves_chroma: bool, _native: bool) -> str:
    """Return ``webp-planes`` for a file to be decoded as the planes that it stores.

    Others are ``webp-animated``, of which libwebp keeps more canvases even for the first frame, or
    ``webp``.
    """
    if _flags(data) & _ANIMATION:
        return "webp-animated"
    return "webp-planes" if halves_chroma and stores_planes(data) else "webp"


def load_scaled(
    image: Image.Image, data: bytes, scale: float, halves_chroma: bool, _native: bool
) -> tuple[Planes, Box] | None:
    """Decode to planes, averaged down to no less than ``scale``; None where Pillow has to."""
    if not halves_chroma or not stores_planes(data):
        return None
    factor = reduction(scale)
    _free_canvases(image)
    return open_planes(data, image.size, factor), reduced_box(image.size, factor)


def stores_planes(data: bytes) -> bool:
    """Return True for a lossy still without alpha, if libwebp can be called."""
    is_plain = not _flags(data) & (_ALPHA | _ANIMATION)
    return is_plain and _is_lossy(data) and bool(find("WebPDecodeYUVInto", 3))


def open_planes(data: bytes, size: Size, factor: int) -> Planes:
    """Decode a WebP that ``stores_planes``, averaged by ``factor``; ``ValueError`` for damage."""
    decode = find("WebPDecodeYUVInto", 3)
    sizes = (size, half_of(size), half_of(size))
    buffers: list[Any] = [(ctypes.c_char * (width * height))() for width, height in sizes]
    into = [(buffer, len(buffer), size[0]) for buffer, size in zip(buffers, sizes, strict=True)]
    if not decode or not decode(data, len(data), *into[0], *into[1], *into[2]):
        raise ValueError("libwebp cannot decode this")
    planes = (
        Image.frombuffer("L", size, buffer, "raw", "L", 0, 1).reduce(factor).point(table)
        for size, buffer, table in zip(sizes, buffers, (_LUMA, _CHROMA, _CHROMA), strict=True)
    )
    return Planes(*planes)


def load(image: Image.Image, data: bytes) -> Image.Image:
    """Return a still's pixels as RGBA, in the memory that they are decoded to.

    Pillow has libwebp's animation decoder keep two canvases, and copies the second twice. Raises
    ``ValueError`` for damage.
    """
    decode = find("WebPDecodeRGBAInto", 1)
    if not decode or _flags(data) & _ANIMATION:
        image.load()
        return image
    _free_canvases(image)
    width, height = image.size
    buffer: Any = (ctypes.c_char * (4 * width * height))()
    if not decode(data, len(data), buffer, len(buffer), 4 * width):
        raise ValueError("libwebp cannot decode this")
    return Image.frombuffer("RGBA", image.size, buffer, "raw", "RGBA", 0, 1)


def _free_canvases(image: Image.Image) -> None:
    """Free libwebp's decoder, which Pillow keeps from when it opened the file.

    Its two canvases are never written to, but they count towards the limit on the worker's memory.
    """
    vars(image).pop("_decoder", None)


def _flags(data: bytes) -> int:
    """Return the flags of the extended header; 0 without one."""
    return data[20] if data[12:16] == b"VP8X" and len(data) > 20 else 0  # noqa: PLR2004 - RIFF


def _is_lossy(data: bytes) -> bool:
    """Return True if the first picture, within the first few chunks, is coded as VP8."""
    at = 12
    for _ in range(_MOST_CHUNKS):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in {b"VP8 ", b"VP8L"}:
            return name == b"VP8 "
        at += 8 + length + length % 2
    return False


@cache
def find(name: str, planes: int) -> Callable[..., Any] | None:
    """Return a function of Pillow's libwebp that decodes into so many buffers, if there is one."""
    from PIL import _webp  # noqa: PLC0415 - Pillow may have been built without

    try:
        function = getattr(ctypes.CDLL(_webp.__file__), name)
    except (AttributeError, OSError):
        return None
    plane = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int)
    function.argtypes = (ctypes.c_char_p, ctypes.c_size_t, *plane * planes)
    function.restype = ctypes.c_void_p
    return function
