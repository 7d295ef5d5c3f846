"""The codecs alone, as Pillow calls them: reading the upload, and encoding finished pixels.

It resizes nothing. The encoders get our options, so that the bytes are about the same. An engine
can be faster than this floor if it has its own decoder, or if its encoder makes less effort.
"""

# A worker process runs one engine and imports that engine's library alone.
# ruff: noqa: PLC0415

import io
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.engines.job import Job
from bench.engines.peers import Run, fill, register_heic

if TYPE_CHECKING:
    from PIL.Image import Image

_IDAT: Final = b"IDAT"


def floor(job: Job) -> Run:
    """One reading by the codec, and the encodes.

    A JPEG is decoded at the smallest scale that covers the largest size, which libjpeg-turbo has. A
    PNG is only inflated, by ISA-L: undoing its filters is left out. All else is decoded in full.
    """
    from PIL import Image

    from function.engine.encode import encode, import_encoder
    from function.engine.pixels import Bitmap

    register_heic(Path(job.source))
    image = Image.open(job.source).convert("RGB")
    finished = [
        (Bitmap(fill(image, output, Image.Resampling.BICUBIC)), output) for output in job.outputs
    ]
    read = _reader(job, image)
    del image
    for output in job.outputs:
        import_encoder(output.format)

    def run(data: bytes) -> Iterator[bytes]:
        read(data)
        for pixels, output in finished:
            yield encode(pixels, output.format, output.quality, background=(255, 255, 255))

    return run


def _reader(job: Job, image: "Image") -> Callable[[bytes], object]:
    suffix = Path(job.source).suffix
    if suffix == ".png":
        return _inflate
    if suffix in {".jpg", ".jpeg"}:
        need = max(max(o.width, o.height) for o in job.outputs) / max(image.size)
        return lambda data: _decode_scaled(data, need)
    return _decode


def _inflate(data: bytes) -> bytes:
    zlib: Any = import_module("isal.isal_zlib")  # its types are not complete

    parts, at = list[bytes](), 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == _IDAT:
            parts.append(data[at + 8 : at + 8 + length])
        at += 12 + length
    return zlib.decompress(b"".join(parts))


def _decode_scaled(data: bytes, need: float) -> None:
    from function.engine.formats.jpeg_scaled import draft, open_image

    opened = open_image(data)
    draft(opened, need, opened.mode)


def _decode(data: bytes) -> None:
    from PIL import Image

    Image.open(io.BytesIO(data)).load()
