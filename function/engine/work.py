"""One upload from its bytes to its renditions: decode, render, fingerprint."""

from collections.abc import Callable, Iterator

from function.engine.decode import decode
from function.engine.fingerprint import fingerprint
from function.engine.render import render
from function.engine.results import Measured, Result, Task


def work(
    data: bytes,
    task: Task,
    allow: Callable[[float, float, float], None] = lambda _milliseconds, _held, _decoding: None,
) -> Iterator[Result]:
    """Yield the upload's measures, each rendition as soon as it is encoded, and its fingerprint.

    ``allow`` is called, and exceptions are raised, as by ``decode``.
    """
    source = decode(data, task, allow)
    yield Measured(*source.size, source.format, source.losses)
    yield from render(source, task)
    if task.has_fingerprint:
        yield fingerprint(source)
