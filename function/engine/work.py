"""One upload from its bytes to its renditions: decode, render, fingerprint."""

from collections.abc import Callable, Iterator

from function.engine.decode import decode
from function.engine.fingerprint import fingerprint
from function.engine.render import render
from function.engine.results import Measured, Result, Task


def work(
    data: bytes,
    task: Task,
    allow: Callable[[float, float], None] = lambda _milliseconds, _held: None,
) -> Iterator[Result]:
    """Yield what the upload is, then each rendition as soon as it is encoded, then its fingerprint.

    ``allow`` is told what all of it may take, as in ``decode``.

    Raises:
        Rejected: as ``decode``.
        Exception: a failure of ours.
    """
    source = decode(
        data,
        task.renditions,
        max_pixels=task.max_pixels,
        quality=task.quality,
        memory_mb=task.memory_mb,
        native=task.native_decoder,
        allow=allow,
    )
    yield Measured(source.width, source.height, source.format, source.losses)
    yield from render(source, task.renditions, background=task.background, quality=task.quality)
    yield fingerprint(source)
