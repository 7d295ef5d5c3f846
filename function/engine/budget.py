"""The time that an upload may take, computed from its header.

It is four times the CPU time, on one vCPU, of the slowest honest file of its kind, which the
formats' files and ``ENCODE`` below state (docs/engine.md, "Time"). A memory size below 1769 MB has
a share of a vCPU (Lambda developer guide, "Memory and computing power"), so there the clock runs
longer.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from function.engine.renditions import OutputFormat, Rendition, Target
from function.engine.target import most_encodes

MARGIN: Final = 4  # budget in multiples of the slowest honest file's time
VCPU_MB: Final = 1769  # memory size that has one vCPU

HEADER_MS: Final = 300.0
"""CPU time to read the header, and for all other work that does not grow with the pixels."""

TINY_BYTES, TINY_PIXELS, TINY_MS = 1024, 1_000_000, 289.0
"""CPU time to decode a file that is smaller and declares no more pixels: 0.5 s at 1024 MB. It may
hold a pattern of small tiles, whose renditions have as much detail as any photo's."""

ENCODE: Final[Mapping[OutputFormat, float]] = {
    OutputFormat.JPEG: 20.0,
    OutputFormat.WEBP: 550.0,
    OutputFormat.AVIF: 1700.0,
    OutputFormat.PNG: 560.0,
}
"""CPU milliseconds for a megapixel of a rendition, resized and encoded: noise with alpha."""

TARGETED: Final = 3
"""Times ``ENCODE`` that a rendition with a target takes at most: two encodes, that of its sample,
and the decoding and comparing of each. A small one may take an encode more."""

LONG_MS: Final = 2600.0
"""CPU time of decoding, half of ``MOST_SECONDS`` at ``FULL_MB``: an upload that may take more gets
a new worker. If a worker that served before reports damage, a new worker decodes the upload once
more, and both must end in time."""

FULL_MB, MOST_SECONDS = 1024, 9.0
"""Clock time of an upload from this memory size on, so that with its download and its manifest it
takes less than 10 s."""


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
    besides: float = 0.0,
) -> float:
    """Return the CPU milliseconds for an upload of ``length`` bytes and so many ``pixels``.

    A megapixel of its kind takes ``per_megapixel`` milliseconds to decode; an animation has several
    ``frames``, of which the animated renditions keep all. ``besides`` are the milliseconds for
    parts of the upload other than its picture.
    """
    encoding = sum(_encoding(rendition, frames) for rendition in renditions)
    # The bytes of a drawing do not bound its detail: ten gradients fit into a kilobyte.
    if not is_drawing and length < TINY_BYTES and pixels <= TINY_PIXELS and frames == 1:
        return max(TINY_MS, encoding) + MARGIN * besides
    return MARGIN * (HEADER_MS + per_megapixel * frames * pixels / 1e6 + encoding + besides)


def _encoding(rendition: Rendition, frames: int) -> float:
    megapixels = rendition.width * rendition.height / 1e6
    times = {name: ENCODE[name] for name in rendition.formats}
    if rendition.animated and OutputFormat.WEBP in times:
        times[OutputFormat.WEBP] *= frames
    several = 1
    if isinstance(rendition.quality, Target):
        several = max(TARGETED, 1 + most_encodes((rendition.width, rendition.height)))
    return several * megapixels * sum(times.values())


def vcpu_share(memory_mb: int | None) -> float:
    """Return the share of a vCPU, at most 1, that a function of this memory has."""
    return min(1.0, (memory_mb or VCPU_MB) / VCPU_MB)


def clock_seconds(milliseconds: float, memory_mb: int | None) -> float:
    """Return the seconds by the clock that CPU milliseconds may take at this memory size."""
    seconds = milliseconds / vcpu_share(memory_mb) / 1000
    return min(seconds, MOST_SECONDS) if (memory_mb or FULL_MB) >= FULL_MB else seconds
