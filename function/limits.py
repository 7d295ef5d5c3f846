"""How large an image each memory size bears, from measured peaks. Plain data: no Pillow here.

The figures are what ``python -m bench limits`` measures: resident bytes that one more pixel of the
upload costs the whole function, child processes included, while it makes four JPEGs and four WebPs.
Each is the worst of its format's kinds, rounded up by about a tenth (docs/engine.md).
"""

from collections.abc import Mapping
from typing import Final

BYTES_PER_PIXEL: Final[Mapping[str, float]] = {
    "jpeg": 1.1,
    "jpeg-progressive": 9.0,
    "png": 12.0,
    "gif": 6.0,
    "webp": 19.0,
    "webp-planes": 2.0,
    "bmp": 7.5,
    "tiff": 12.0,
    "avif": 12.5,
    "heic": 12.0,
    "svg": 14.0,
}
"""A baseline JPEG is scaled while it is decoded; a progressive one is held whole as coefficients;
Pillow reads WebP through libwebp's animation decoder, which keeps two canvases of its own, but
lossy stills without alpha are decoded as the planes that they store (``function/webp.py``)."""

BASE_MB: Final = 100
"""Memory before the first pixel: the Lambda runtime, the libraries, the upload, the renditions."""

MAX_FRAMES: Final = 1000
"""Frames of an animation; one of more is rejected."""

_CHILD_SLACK: Final = 256 << 20
"""Address space that a decoder reserves for stacks and arenas without ever touching it."""

_MOST_CHILD_MEMORY: Final = 4 << 30


def max_megapixels(memory_mb: int) -> int:
    """Megapixels that a function of this memory bears in whichever format costs most; at least 1.

    The default of the stack's ``maxMegapixels``: safe whatever is uploaded.
    """
    return min(kind_megapixels(memory_mb, kind) for kind in BYTES_PER_PIXEL)


def kind_megapixels(memory_mb: int, kind: str) -> int:
    """Megapixels that a function of this memory bears in one format; at least 1.

    Args:
        memory_mb: the function's memory size.
        kind: a key of ``BYTES_PER_PIXEL``.
    """
    room = max(0, memory_mb - BASE_MB) << 20
    return max(1, int(room / BYTES_PER_PIXEL[kind] / 1_000_000))


def decode_memory(kind: str, max_pixels: int) -> int:
    """Bytes of address space that a child may add while it decodes ``max_pixels`` of a format."""
    needed = int(1.5 * BYTES_PER_PIXEL[kind] * max_pixels) + _CHILD_SLACK
    return min(needed, _MOST_CHILD_MEMORY)
