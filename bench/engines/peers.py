"""The engines written in Python: ours, Pillow as most people call it, libvips, OpenCV.

Each is ``make(job) -> run`` so that imports and preparation stand outside the timed part; ``run``
takes the upload's bytes and yields one encoded body for each output.
"""

# A worker process runs one engine and imports that engine's library alone.
# ruff: noqa: PLC0415

import hashlib
import io
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.engines.job import Job, Output
from function.engine.renditions import FORMATS, Encoders, Fit

if TYPE_CHECKING:
    from PIL.Image import Image, Resampling

Run = Callable[[bytes], Iterator[bytes]]

_ANY_SIZE: Final = 1 << 40


def ours(job: Job, *, whole: bool = False, encoders: Encoders = Encoders.CURRENT) -> Run:
    """Decode and render, as the peers do; or the whole of what an upload costs.

    That is also the upload's hash and its fingerprint, which the manifest needs. With
    ``Encoders.V0_1`` the outputs are those of release 0.1.0.
    """
    from function.engine.decode import decode
    from function.engine.fingerprint import fingerprint
    from function.engine.render import render
    from function.engine.renditions import Rendition
    from function.engine.results import Task

    renditions = tuple(
        Rendition(
            name=f"r{index}",
            width=output.width,
            height=output.height,
            fit=output.fit,
            formats=(output.format,),
            quality=output.quality,
        )
        for index, output in enumerate(job.outputs)
    )
    task = Task(renditions, _ANY_SIZE, encoders=encoders)

    def run(data: bytes) -> Iterator[bytes]:
        if whole:
            hashlib.sha256(data).hexdigest()
        source = decode(data, task)
        if whole:
            fingerprint(source)
        yield from (rendered.body for rendered in render(source, task))

    return run


def pillow_naive(job: Job) -> Run:
    """Open, decode in full and resize with LANCZOS anew for each size."""
    from PIL import Image

    register_heic(Path(job.source))

    def run(data: bytes) -> Iterator[bytes]:
        for output in job.outputs:
            image = Image.open(io.BytesIO(data)).convert("RGB")
            yield _save(fill(image, output, Image.Resampling.LANCZOS), output)

    return run


def pyvips(job: Job, *, cascade: bool) -> Run:
    """One thumbnail for each size: of the upload, shrinking on load; or of the size before."""
    vips: Any = import_module("pyvips")  # an optional peer, and without types

    vips.cache_set_max(0)

    def run(data: bytes) -> Iterator[bytes]:
        image: Any = None
        for output in job.outputs:
            how = {"crop": "centre"} if output.fit == Fit.COVER else {"size": "down"}
            if image is None:
                image = vips.Image.thumbnail_buffer(data, output.width, height=output.height, **how)
            else:
                image = image.thumbnail_image(output.width, height=output.height, **how)
            if cascade:
                image = image.copy_memory()
            extension = FORMATS[output.format].extension
            body = image.write_to_buffer(f".{extension}", Q=output.quality, keep="none")
            if not cascade:
                image = None  # or it would hold its memory while the next one is made
            yield body

    return run


def opencv(job: Job) -> Run:
    """One decode at half size, INTER_AREA for each size."""
    import numpy as np

    cv2: Any = import_module("cv2")

    cv2.setNumThreads(1)

    def run(data: bytes) -> Iterator[bytes]:
        image: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_REDUCED_COLOR_2)
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
            yield cv2.imencode(f".{output.format}", small, quality)[1].tobytes()

    return run


def register_heic(source: Path) -> None:
    """Let Pillow open HEIC, if the upload is one."""
    if source.suffix == ".heic":
        import_module("pillow_heif").register_heif_opener()


def fill(image: "Image", output: Output, method: "Resampling") -> "Image":
    """Return an image resized into an output's box."""
    from PIL import ImageOps

    resize = ImageOps.fit if output.fit == Fit.COVER else ImageOps.contain
    return resize(image, (output.width, output.height), method)


def _save(image: "Image", output: Output) -> bytes:
    """Encode with Pillow, at Pillow's own effort."""
    buffer = io.BytesIO()
    image.save(buffer, output.format, quality=output.quality)
    return buffer.getvalue()


ENGINES: Final[dict[str, Callable[[Job], Run]]] = {
    "ours": ours,
    "ours-whole": partial(ours, whole=True),
    "ours-v0.1": partial(ours, encoders=Encoders.V0_1),
    "pillow-naive": pillow_naive,
    "pyvips-cascade": partial(pyvips, cascade=True),
    "pyvips-each": partial(pyvips, cascade=False),
    "opencv": opencv,
}
