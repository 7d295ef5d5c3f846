"""The tasks of the comparison: which upload, which outputs, which engines."""

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

from PIL import Image

from bench.engines.job import Output
from bench.photos import SIZE_12_MP, cached, encode, encode_heic, photo_file
from function.engine.renditions import Fit, OutputFormat

ENGINES: Final = (
    *("ours", "ours-whole", "ours-v0.1", "pillow-naive", "pyvips-cascade", "pyvips-each"),
    *("sharp-cascade", "sharp-each", "opencv", "floor"),
)
FOUR_SIZES: Final = (
    Output(width=1080, height=1080),
    Output(width=640, height=640),
    Output(width=320, height=320),
    Output(width=150, height=150, fit=Fit.COVER),
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One row of the comparison: an upload, its outputs, and the engines that can do it."""

    name: str
    title: str
    source: str = "jpeg"
    outputs: tuple[Output, ...] = FOUR_SIZES
    engines: tuple[str, ...] = tuple(e for e in ENGINES if e != "opencv")


def _four(format_name: OutputFormat) -> tuple[Output, ...]:
    return tuple(replace(output, format=format_name) for output in FOUR_SIZES)


TASKS: Final = (
    Task(
        name="jpeg-to-four",
        title="JPEG to 1080, 640, 320 and a 150 square, JPEG q80",
        engines=ENGINES,
    ),
    Task(
        name="sharp-task",
        title="sharp's own benchmark: JPEG to 720 x 588, JPEG q80",
        source="jpeg-6mp",
        outputs=(Output(width=720, height=588),),
        engines=ENGINES,
    ),
    Task(name="png-to-four", title="PNG to the four sizes", source="png"),
    Task(name="webp-to-four", title="WebP to the four sizes", source="webp"),
    Task(name="heic-to-four", title="HEIC to the four sizes", source="heic"),
    Task(name="to-webp", title="JPEG to four WebP q80", outputs=_four(OutputFormat.WEBP)),
    Task(name="to-avif", title="JPEG to four AVIF q80", outputs=_four(OutputFormat.AVIF)),
)


def source_file(kind: str, given: Path | None = None) -> Path:
    """Return a task's upload as a file: the given photo, or one that is made, in its format."""
    if kind.startswith("jpeg"):
        return given or photo_file(SIZE_12_MP if kind == "jpeg" else (2725, 2225))

    def converted() -> bytes:
        with Image.open(given or photo_file()) as opened:
            image = opened.convert("RGB")
        if kind == "heic":
            return encode_heic(image)
        return encode(image, kind.upper(), **({"quality": 88} if kind == "webp" else {}))

    # Another photo of the same name must not be taken for this one.
    name = f"{given.stem}-{sha256(given.read_bytes()).hexdigest()[:8]}" if given else "made"
    return cached(f"{name}.{kind}", converted)
