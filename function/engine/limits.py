"""The largest image that each memory size can hold, from measured peaks. No Pillow here.

Each format's file has its figures, which ``python -m bench limits`` measures: resident bytes that
one more pixel of the upload costs the whole function, child processes included, while it makes four
JPEGs and four WebPs. Each is the worst of its kind, rounded up by about a tenth (docs/engine.md).
"""

from typing import Final

from function.engine import formats

BASE_MB: Final = 100
"""Memory before the first pixel: the Lambda runtime, the libraries, the upload, the renditions."""

MAX_FRAMES: Final = 1000
"""An animation of more frames is rejected."""


def max_megapixels(memory_mb: int) -> int:
    """Return the megapixels that fit in this memory in the costliest format; at least 1.

    It is the default of the stack's ``maxMegapixels``: safe whatever is uploaded.
    """
    return min(kind_megapixels(memory_mb, kind) for kind in every_kind())


def every_kind() -> dict[str, float]:
    """Return bytes a pixel by kind, of all formats."""
    return {kind: cost for known in formats.every() for kind, cost in known.bytes_per_pixel.items()}


def bytes_per_pixel(kind: str) -> float:
    """Return the bytes that a pixel of one kind costs, e.g. ``webp`` or ``webp-planes``."""
    return formats.by_name(kind.partition("-")[0]).bytes_per_pixel[kind]


def kind_megapixels(memory_mb: int, kind: str) -> int:
    """Return the megapixels that fit in this memory in one kind of file; at least 1."""
    room = max(0, memory_mb - BASE_MB) << 20
    return max(1, int(room / bytes_per_pixel(kind) / 1_000_000))
