"""The time that an upload may take follows from what its header says that it is.

It is four times that of the slowest honest file of its kind, in CPU time of one vCPU, as the
formats' files and ``ENCODE`` below have it (docs/engine.md, "Time"). A memory size below 1769 MB
has a share of a vCPU (Lambda developer guide, "Memory and computing power"), so there the clock
runs longer.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from function.engine.renditions import OutputFormat, Rendition

MARGIN: Final = 4
"""Budget in multiples of the slowest honest file's time."""

VCPU_MB: Final = 1769
"""Memory size that has one vCPU."""

HEADER_MS: Final = 300.0
"""CPU time until the header has been read, and for all else that does not grow with the pixels."""

TINY_BYTES: Final = 1024
TINY_PIXELS: Final = 1_000_000
TINY_MS: Final = 289.0
"""CPU time to decode a file that is smaller and declares no more pixels: 0.5 s at 1024 MB. It may
hold a pattern of small tiles, whose renditions have as much detail as any photo's."""

ENCODE: Final[Mapping[OutputFormat, float]] = {
    OutputFormat.JPEG: 20.0,
    OutputFormat.WEBP: 550.0,
    OutputFormat.AVIF: 1700.0,
    OutputFormat.PNG: 560.0,
}
"""CPU milliseconds for a megapixel of a rendition, resized and encoded: noise with alpha."""


MOST_SECONDS: Final = 9.0
"""Clock time of an upload at ``FULL_MB`` and above, so that with its download and its manifest it
takes less than 10 s."""

FULL_MB: Final = 1024


def header_budget() -> float:
    """Return the CPU milliseconds until the header tells more."""
    return MARGIN * HEADER_MS


def budget(
    length: int,
    pixels: int,
    per_megapixel: float,
    renditions: Iterable[Rendition],
    frames: int = 1,
    *,
    is_drawing: bool = False,
) -> float:
    """Return the CPU milliseconds for an upload of ``length`` bytes.

    Args:
        length: bytes of the upload.
        pixels: width times height.
        per_megapixel: CPU milliseconds to decode a megapixel of this kind.
        renditions: what is made of it.
        frames: pictures of an animation, of which the animated renditions keep all.
        is_drawing: its bytes do not bound its detail: ten gradients fit into a kilobyte.
    """
    encoding = sum(_encoding(rendition, frames) for rendition in renditions)
    if not is_drawing and length < TINY_BYTES and pixels <= TINY_PIXELS and frames == 1:
        return max(TINY_MS, encoding)
    return MARGIN * (HEADER_MS + per_megapixel * frames * pixels / 1e6 + encoding)


def _encoding(rendition: Rendition, frames: int) -> float:
    megapixels = rendition.width * rendition.height / 1e6
    times = {name: ENCODE[name] for name in rendition.formats}
    if rendition.animated and OutputFormat.WEBP in times:
        times[OutputFormat.WEBP] *= frames
    return megapixels * sum(times.values())


def vcpu_share(memory_mb: int | None) -> float:
    """Return the share of a vCPU, at most 1, that a function of this memory has."""
    return min(1.0, (memory_mb or VCPU_MB) / VCPU_MB)


def clock_seconds(milliseconds: float, memory_mb: int | None) -> float:
    """Return the seconds by the clock that CPU milliseconds take in a function of this memory.

    At 1024 MB and above they are at most ``MOST_SECONDS``.
    """
    seconds = milliseconds / vcpu_share(memory_mb) / 1000
    return min(seconds, MOST_SECONDS) if (memory_mb or FULL_MB) >= FULL_MB else seconds
