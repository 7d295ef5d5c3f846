"""Each engine's encoder alone: finished pixels in, one body for each output.

Each is ``make(job) -> run``, as the engines of ``peers.py``; the upload is a lossless picture of
the outputs' size, which is decoded outside the timed part.
"""

# A worker process runs one engine and imports that engine's library alone.
# ruff: noqa: PLC0415

import io
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Final

from bench.engines.job import Job
from function.engine.renditions import FORMATS

Run = Callable[[bytes], Iterator[bytes]]


def ours(job: Job) -> Run:
    """As ``render`` encodes a JPEG upload: from luma and half chroma, where the format has that."""
    from PIL import Image

    from function.engine.encode import HALF_CHROMA, encode, import_encoder
    from function.engine.pixels import Bitmap, Planes, to_ycbcr
    from function.engine.vectors import split

    image = Image.open(job.source).convert("RGB")
    planes = Planes(*split(to_ycbcr(image)))
    for output in job.outputs:
        import_encoder(output.format)

    def run(_data: bytes) -> Iterator[bytes]:
        for output in job.outputs:
            pixels = planes if output.format in HALF_CHROMA else Bitmap(image)
            yield encode(pixels, output.format, output.quality, background=(255, 255, 255))

    return run


def pillow(job: Job) -> Run:
    """Pillow, with the quality as the only option."""
    from PIL import Image

    image = Image.open(job.source).convert("RGB")

    def run(_data: bytes) -> Iterator[bytes]:
        for output in job.outputs:
            buffer = io.BytesIO()
            image.save(buffer, output.format, quality=output.quality)
            yield buffer.getvalue()

    return run


def libvips(job: Job) -> Run:
    """Libvips through pyvips, with the quality and the effort as the only options."""
    vips: Any = import_module("pyvips")  # an optional peer, and without types

    vips.cache_set_max(0)
    image = vips.Image.new_from_file(job.source).copy_memory()

    def run(_data: bytes) -> Iterator[bytes]:
        for output in job.outputs:
            options = {} if output.effort is None else {"effort": output.effort}
            extension = FORMATS[output.format].extension
            yield image.write_to_buffer(f".{extension}", Q=output.quality, keep="none", **options)

    return run


ENGINES: Final[dict[str, Callable[[Job], Run]]] = {
    "encode-ours": ours,
    "encode-pillow": pillow,
    "encode-libvips": libvips,
}
