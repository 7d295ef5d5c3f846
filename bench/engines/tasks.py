"""The tasks of the comparison: which upload, which outputs, which engines."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image

from bench.engines.job import Output
from bench.photos import CACHE, SIZE_12_MP, encode, encode_heic, photo_jpeg
from function.engine.renditions import Fit, OutputFormat

ENGINES: Final = (
    "ours",
    "ours-whole",
    "pillow-naive",
    "pyvips-cascade",
    "pyvips-each",
    "sharp-cascade",
    "sharp-each",
    "opencv",
    "floor",
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
    source: str
    outputs: tuple[Output, ...]
    engines: tuple[str, ...] = tuple(e for e in ENGINES if e not in {"opencv", "floor"})


def _four(format_name: OutputFormat) -> tuple[Output, ...]:
    return tuple(replace(output, format=format_name) for output in FOUR_SIZES)


TASKS: Final = (
    Task(
        name="jpeg-to-four",
        title="JPEG to 1080, 640, 320 and a 150 square, JPEG q80",
        source="jpeg",
        outputs=FOUR_SIZES,
        engines=ENGINES,
    ),
    Task(
        name="sharp-task",
        title="sharp's own benchmark: JPEG to 720 x 588, JPEG q80",
        source="jpeg-6mp",
        outputs=(Output(width=720, height=588),),
        engines=ENGINES,
    ),
    Task(name="png-to-four", title="PNG to the four sizes", source="png", outputs=FOUR_SIZES),
    Task(name="webp-to-four", title="WebP to the four sizes", source="webp", outputs=FOUR_SIZES),
    Task(name="heic-to-four", title="HEIC to the four sizes", source="heic", outputs=FOUR_SIZES),
    Task(
        name="to-webp",
        title="JPEG to four WebP q80",
        source="jpeg",
        outputs=_four(OutputFormat.WEBP),
    ),
    Task(
        name="to-avif",
        title="JPEG to four AVIF q80",
        source="jpeg",
        outputs=_four(OutputFormat.AVIF),
    ),
)


def source_file(kind: str, given: Path | None = None) -> Path:
    """Return a task's upload as a file: the given photo, or one that is made, in its format."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if kind.startswith("jpeg"):
        if given:
            return given
        size = SIZE_12_MP if kind == "jpeg" else (2725, 2225)
        photo_jpeg(size)
        return CACHE / f"{size[0]}x{size[1]}-7.jpg"
    stem = given.stem if given else "made"
    path = CACHE / f"{stem}.{kind}"
    if not path.exists():
        with Image.open(given or source_file("jpeg")) as image:
            path.write_bytes(_as(image.convert("RGB"), kind))
    return path


def _as(image: Image.Image, kind: str) -> bytes:
    if kind == "heic":
        return encode_heic(image)
    return encode(image, kind.upper(), **({"quality": 88} if kind == "webp" else {}))
