"""The largest image that each memory size can hold, from measured peaks. No Pillow here.

``python -m bench maintain limits`` measures the function, the zygote and the worker together. An
upload takes ``BASE_MB``, three times its bytes, what its format's file says for each of its pixels,
and more for each pixel that is left to resize (docs/engine.md, "Memory").
"""

from typing import Final

from function.engine import formats

BASE_MB: Final = 60
"""Memory of the three processes before the first byte: 52 MB in the sandbox, and the renditions."""

COPIES: Final = 3
"""How often an upload's bytes are held at once while they pass from process to process."""

RENDER_BYTES: Final = 10
PLANES_BYTES: Final = 4
"""Memory for each pixel that is left to resize once a picture is averaged down or decoded at a
smaller scale; as luma and half chroma it takes less."""

FRAME_BYTES: Final = 24
"""Memory for each pixel of all frames that are kept of an animation, resized ones included."""

_FULL_MB, USABLE, USABLE_SMALL = 1024, 0.6, 0.9
"""Share of the memory that an upload may take from this size on, so that it is never near the end,
and at most in a smaller function, of which ``BASE_MB`` is a larger part."""

ORDINARY_BYTES: Final = 11.0
"""Bytes a pixel that the default of ``maxMegapixels`` has room for. A kind that takes more has its
own, lower cap."""

MAX_FRAMES: Final = 1000  # an animation of more frames is rejected


def usable_mb(memory_mb: int) -> float:
    """Return the memory that one upload may fill, all processes counted."""
    return max(USABLE * memory_mb, min(USABLE_SMALL * memory_mb, USABLE * _FULL_MB))


def max_megapixels(memory_mb: int) -> int:
    """Return the default of the stack's ``maxMegapixels``; at least 1."""
    return max(1, int(room_bytes(memory_mb, 0) / ORDINARY_BYTES / 1_000_000))


def bytes_per_pixel(kind: str) -> float:
    """Return the bytes that a pixel of one kind costs, e.g. ``webp`` or ``webp-planes``."""
    return formats.by_name(kind.partition("-")[0]).bytes_per_pixel[kind]


def ms_per_megapixel(kind: str) -> float:
    """Return the CPU milliseconds that decoding a megapixel of one kind takes."""
    return formats.by_name(kind.partition("-")[0]).ms_per_megapixel[kind]


def kind_megapixels(memory_mb: int, kind: str, length: int = 0) -> int:
    """Return the megapixels of one kind, in ``length`` bytes, that can be decoded; at least 1."""
    return max(1, int(room_bytes(memory_mb, length) / bytes_per_pixel(kind) / 1_000_000))


def room_bytes(memory_mb: int, length: int) -> float:
    """Return the bytes that an upload of ``length`` bytes may hold besides its copies."""
    return max(0.0, (usable_mb(memory_mb) - BASE_MB) * (1 << 20) - COPIES * length)
