"""The memory that a picture takes once its header is known, and the pixels that a task accepts.

``decode`` asks before it decodes; ``python -m bench memory`` asks for pictures that nobody has
uploaded yet.
"""

from collections.abc import Iterable
from typing import Final

from function.engine import limits
from function.engine.encode import HALF_CHROMA
from function.engine.formats import Format
from function.engine.layout import lay_out
from function.engine.pixels import Size, reduction
from function.engine.quality_model import CURVES
from function.engine.renditions import OutputFormat, Quality, Rendition, Target
from function.engine.results import Task
from function.engine.score import compared_size
from function.engine.target import CHECKED_BYTES, CHECKED_PIXELS

DECODE_HEADROOM: Final = {Quality.FAST: 1.25, Quality.BEST: 2.0}
"""A scaled decode keeps at least so many times the pixels across of the largest rendition; below,
the decoder's own scaling shows (luma SSIM 0.985 at 1.1, 0.991 at 1.25 on the worst of photo, text
and line art)."""


def max_pixels(task: Task, kind: str, length: int) -> int:
    """Return the most pixels that a file of one kind and ``length`` bytes may have."""
    if task.memory_mb is None:
        return task.max_pixels
    most = limits.kind_megapixels(task.memory_mb, kind, length)
    return min(task.max_pixels, most * 1_000_000)


def held_bytes(task: Task, known: Format, kind: str, size: Size, scale: float) -> float:
    """Return the bytes of the pixels that are left to resize once a picture is scaled down.

    The memory for decoding, ``limits.bytes_per_pixel``, comes on top. The result includes the
    memory for comparing a rendition with its target.
    """
    is_planes = kind in known.planes and halves_chroma(task)
    factor = max(1, int(1 / scale)) if is_planes else reduction(scale)
    each = limits.PLANES_BYTES if is_planes else limits.RENDER_BYTES
    return each * size[0] * size[1] / factor**2 + compared_bytes(task.renditions)


def compared_formats(renditions: Iterable[Rendition]) -> set[OutputFormat]:
    """Return the formats of which renditions are decoded, to be compared with their target."""
    targeted = (r.formats for r in renditions if isinstance(r.quality, Target))
    return {name for each in targeted for name in each} & CURVES.keys()


def compared_bytes(renditions: Iterable[Rendition]) -> int:
    """Return the bytes that comparing the largest rendition with a target takes; 0 without one."""
    targeted = (r for r in renditions if isinstance(r.quality, Target))
    sizes = (compared_size((r.width, r.height)) for r in targeted)
    pixels = (min(width * height, CHECKED_PIXELS) for width, height in sizes)
    return CHECKED_BYTES * max(pixels, default=0)


def outputs(task: Task, *, later: bool = False) -> set[OutputFormat]:
    """Return the formats in which renditions are made; with ``later``, of those made later too."""
    renditions = [*task.renditions, *(task.later if later else ())]
    return {name for rendition in renditions for name in rendition.formats}


def halves_chroma(task: Task) -> bool:
    """Return True if every output stores chroma at half size, so that more would be lost anyway."""
    return task.quality != Quality.BEST and outputs(task) <= HALF_CHROMA


def decode_scale(upload: Size, task: Task) -> float:
    """Return the scale at which an upload is decoded at least; 1 is its own size."""
    return largest_scale(upload, task.renditions) * DECODE_HEADROOM[task.quality]


def largest_scale(upload: Size, renditions: Iterable[Rendition]) -> float:
    """Return the scale of the largest size that a rendition is cut from; 1 is the upload's own."""
    sizes = (lay_out(upload, rendition).scaled for rendition in renditions)
    return max(max(width / upload[0], height / upload[1]) for width, height in sizes)
