"""The largest picture that the function accepts, computed as the function does."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bench.memory.evidence import Row
from function.engine import formats, limits, room
from function.engine.results import Task
from pipeline.settings import Settings

Setting = Literal["memory", "maxMegapixels", "maxUploadMb"]

ASPECT: Final = 1.5
"""Width over height of the pictures that are looked at: that of most cameras."""

STEPS: Final = (*(tenths / 10 for tenths in range(1, 101)), *map(float, range(11, 1001)))
"""Megapixels that are looked at, up to the highest ``maxMegapixels``."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of upload, and what each of its pixels takes."""

    name: str  # as the formats' files name it
    bytes_per_pixel: float  # memory, to decode it
    file_bytes_per_pixel: float  # of the bulkiest file of this kind that was measured
    measured_as: str  # that file's kind in bench/evidence


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The largest picture of one kind at one memory size."""

    kind: str
    memory_mb: int
    megapixels: float  # all pictures up to it are accepted; 0 if the smallest of STEPS is not
    limited_by: Setting | None  # the setting that refuses the next step; None after the last


def kinds(rows: Sequence[Row], settings: Settings) -> list[Kind]:
    """Return the kinds of stills that a stack's function tells apart.

    A drawing has no pixels until it is drawn, and of an animation all frames count: neither is
    here.
    """
    task = _task(settings, settings.memory)
    found: dict[str, Kind] = {}
    for row in sorted(rows, key=lambda row: row.file_bytes_per_pixel):
        name = decoded_as(row.limit, task)
        if name == "svg" or name.endswith("-animated"):
            continue
        found[row.limit] = Kind(
            name=row.limit,
            bytes_per_pixel=limits.bytes_per_pixel(name),
            file_bytes_per_pixel=round(row.file_bytes_per_pixel, 2),
            measured_as=row.kind,
        )
    return sorted(found.values(), key=lambda kind: (_place(kind.name), kind.name))


def decoded_as(kind: str, task: Task) -> str:
    """Return the kind whose figures count for a task, as the formats' ``kind_of`` decides.

    Evidence was measured with the default settings, in which planes are decoded by our decoders.
    """
    if kind == "webp-planes" and not room.halves_chroma(task):
        return "webp"
    if kind == "jpeg" and room.halves_chroma(task) and not task.native_decoder:
        return "jpeg-progressive"
    return kind


def fits(found: Iterable[Kind], settings: Settings, sizes: Iterable[int]) -> list[Fit]:
    """Return the largest picture of each kind at each memory size, with these settings."""
    return [largest(kind, settings, memory_mb) for kind in found for memory_mb in sizes]


def largest(kind: Kind, settings: Settings, memory_mb: int) -> Fit:
    """Return the largest picture below which none is refused, and the setting that refuses more."""
    task, last = _task(settings, memory_mb), 0.0
    limited_by: Setting | None = None
    for megapixels in STEPS:
        limited_by = _refusal(kind, settings, task, megapixels)
        if limited_by:
            break
        last = megapixels
    return Fit(kind=kind.name, memory_mb=memory_mb, megapixels=last, limited_by=limited_by)


def _refusal(kind: Kind, settings: Settings, task: Task, megapixels: float) -> Setting | None:
    name, memory_mb = decoded_as(kind.name, task), task.memory_mb or 0
    width = int((megapixels * 1e6 * ASPECT) ** 0.5)
    size = (width, int(megapixels * 1e6) // width)
    pixels = size[0] * size[1]
    length = int(pixels * kind.file_bytes_per_pixel)
    if length > settings.max_upload_bytes:
        return "maxUploadMb"
    if pixels > task.max_pixels:
        return "maxMegapixels"
    known = formats.by_name(name.partition("-")[0])
    scale = room.decode_scale(size, task)
    held = pixels * kind.bytes_per_pixel + room.held_bytes(task, known, name, size, scale)
    is_large = pixels > room.max_pixels(task, name, length)
    return "memory" if is_large or held > limits.room_bytes(memory_mb, length) else None


def _task(settings: Settings, memory_mb: int) -> Task:
    """Return the function's task where its stack has so much memory."""
    megapixels = settings.max_megapixels or limits.max_megapixels(memory_mb)
    return Task(
        settings.renditions,
        megapixels * 1_000_000,
        memory_mb,
        quality=settings.quality,
        native_decoder=settings.native_decoder,
        hdr=settings.hdr,
        encoders=settings.encoders,
    )


def _place(name: str) -> int:
    return formats.NAMES.index(name.partition("-")[0])
