"""The engines written in Python: ours, Pillow as most people call it, libvips, OpenCV, the floor.

Each is ``make(job) -> run`` so that imports and preparation stand outside the timed part; ``run``
takes the upload's bytes and returns one encoded body for each output.
"""

import importlib
import io
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from PIL import Image, ImageFile, ImageOps

from bench.engines.job import Job, Output
from function.decode import decode
from function.render import render
from function.schema import Rendition

type_run = Callable[[bytes], list[bytes]]
Run = type_run

_ANY_SIZE: Final = 1 << 40


def ours(job: Job) -> Run:
    """What the function does for one upload, fingerprint included."""
    renditions = [
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

    def run(data: bytes) -> list[bytes]:
        source = decode(data, renditions, max_pixels=_ANY_SIZE)
        return [rendered.body for rendered in render(source, renditions)]

    return run


ENGINES: Final[Mapping[str, Callable[[Job], Run]]] = {"ours": ours}
