"""The engines written in Python: ours, Pillow as most people call it, libvips, OpenCV, the floor.

Each is ``make(job) -> run`` so that imports and preparation stand outside the timed part; ``run``
takes the upload's bytes and returns one encoded body for each output.
"""

# A worker process runs one engine and imports that engine's library alone.
# ruff: noqa: PLC0415

import hashlib
import io
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.engines.job import Job, Output
from function.engine.renditions import FORMATS, Fit, OutputFormat

if TYPE_CHECKING:
    from function.engine.renditions import Rendition

Run = Callable[[bytes], list[bytes]]

_ANY_SIZE: Final = 1 << 40


def ours(job: Job) -> Run:
    """Decode and render: what the peers do too."""
    from function.engine.decode import decode
    from function.engine.render import render

    renditions = _renditions(job)

    def run(data: bytes) -> list[bytes]:
        source = decode(data, renditions, max_pixels=_ANY_SIZE)
        return [rendered.body for rendered in render(source, renditions)]

    return run


def ours_whole(job: Job) -> Run:
    """The same with what the manifest needs besides: the upload's hash and its fingerprint."""
    from function.engine.decode import decode
    from function.engine.fingerprint import fingerprint
    from function.engine.render import render

    renditions = _renditions(job)

    def run(data: bytes) -> list[bytes]:
        hashlib.sha256(data).hexdigest()
        source = decode(data, renditions, max_pixels=_ANY_SIZE)
        fingerprint(source)
        return [rendered.body for rendered in render(source, renditions)]

    return run


def _renditions(job: Job) -> "list[Rendition]":
    from function.engine.renditions import Rendition

    return [
        Rendition(
            name=f"r{index}",
            width=output.width,
            height=output.height,
            fit=output.fit,
            formats=(output.format,),
            quality=output.quality,
        )
        for index, output in enumerate(job.outputs)
    ]


def pillow_naive(job: Job) -> Run:
    """Open, decode in full and resize with LANCZOS anew for each size."""
    from PIL import Image, ImageOps

    _register_heic(job)

    def run(data: bytes) -> list[bytes]:
        bodies: list[bytes] = []
        for output in job.outputs:
            image = Image.open(io.BytesIO(data)).convert("RGB")
            box = (output.width, output.height)
            fit = ImageOps.fit if output.fit == Fit.COVER else ImageOps.contain
            bodies.append(_save(fit(image, box, Image.Resampling.LANCZOS), output))
        return bodies

    return run


def pyvips_each(job: Job) -> Run:
    """One ``thumbnail_buffer`` for each size, shrinking on load."""
    pyvips: Any = import_module("pyvips")  # an optional peer, and without types

    pyvips.cache_set_max(0)

    def run(data: bytes) -> list[bytes]:
        return [
            _vips_save(
                pyvips.Image.thumbnail_buffer(data, output.width, **_vips_options(output)), output
            )
            for output in job.outputs
        ]

    return run


def pyvips_cascade(job: Job) -> Run:
    """One ``thumbnail_buffer`` for the largest size, each other from the one before."""
    pyvips: Any = import_module("pyvips")  # an optional peer, and without types

    pyvips.cache_set_max(0)

    def run(data: bytes) -> list[bytes]:
        bodies: list[bytes] = []
        image: Any = None
        for output in job.outputs:
            options = _vips_options(output)
            if image is None:
                small = pyvips.Image.thumbnail_buffer(data, output.width, **options)
            else:
                small = image.thumbnail_image(output.width, **options)
            image = small.copy_memory()
            bodies.append(_vips_save(image, output))
        return bodies

    return run


def opencv(job: Job) -> Run:
    """One decode at half size, INTER_AREA for each size."""
    import numpy as np

    cv2: Any = import_module("cv2")

    cv2.setNumThreads(1)

    def run(data: bytes) -> list[bytes]:
        image: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)
        bodies: list[bytes] = []
        for output in job.outputs:
            height, width = image.shape[:2]
            if output.fit == Fit.COVER:
                side = min(width, height)
                left, top = (width - side) // 2, (height - side) // 2
                part, size = image[top : top + side, left : left + side], (output.width,) * 2
            else:
                scale = min(output.width / width, output.height / height)
                part, size = image, (round(width * scale), round(height * scale))
            small: Any = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            quality = [cv2.IMWRITE_JPEG_QUALITY, output.quality]
            bodies.append(cv2.imencode(f".{output.format}", small, quality)[1].tobytes())
        return bodies

    return run


def floor(job: Job) -> Run:
    """What no engine on libjpeg escapes: one scaled decode, and the encodes of finished pixels.

    Both through Pillow, whose calls are thin over libjpeg-turbo: at the smallest scale that
    covers the largest size, and without a resize.
    """
    from PIL import Image, ImageOps

    from function.engine.formats.jpeg_scaled import draft, open_image

    image = Image.open(job.source).convert("RGB")
    largest = max(max(output.width, output.height) for output in job.outputs)
    need = largest / max(image.size)
    finished = [
        (ImageOps.fit if output.fit == Fit.COVER else ImageOps.contain)(
            image, (output.width, output.height)
        )
        for output in job.outputs
    ]
    del image

    def run(data: bytes) -> list[bytes]:
        opened = open_image(data)
        draft(opened, need, opened.mode)
        return [_save(pixels, output) for pixels, output in zip(finished, job.outputs, strict=True)]

    return run


def _register_heic(job: Job) -> None:
    if Path(job.source).suffix == ".heic":
        import_module("pillow_heif").register_heif_opener()


def _save(image: Any, output: Output) -> bytes:
    """Encode with Pillow, at the effort the job names or Pillow's own default."""
    effort = {} if output.effort is None else {_EFFORT[output.format]: output.effort}
    buffer = io.BytesIO()
    image.save(buffer, output.format, quality=output.quality, **effort)
    return buffer.getvalue()


_EFFORT: Final = {OutputFormat.WEBP: "method", OutputFormat.AVIF: "speed"}


def _vips_options(output: Output) -> dict[str, Any]:
    if output.fit == Fit.COVER:
        return {"height": output.height, "crop": "centre"}
    return {"height": output.height, "size": "down"}


def _vips_save(image: Any, output: Output) -> bytes:
    return image.write_to_buffer(
        f".{FORMATS[output.format].extension}", Q=output.quality, keep="none"
    )


ENGINES: Final[Mapping[str, Callable[[Job], Run]]] = {
    "ours": ours,
    "ours-whole": ours_whole,
    "pillow-naive": pillow_naive,
    "pyvips-cascade": pyvips_cascade,
    "pyvips-each": pyvips_each,
    "opencv": opencv,
    "floor": floor,
}
