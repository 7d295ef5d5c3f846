"""Memory that a pixel of each kind of upload costs: what ``function/engine/limits.py`` holds.

Each kind is decoded and rendered at 6 and at 24 megapixels, each in a fresh process; the slope of
the two peaks is bytes a pixel, and what is left at none is the base.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from PIL import Image

from bench import machine, peers
from bench.compare import FOUR_SIZES
from bench.engines.job import Job
from bench.photos import CACHE, encode, encode_heic, photo
from function.engine.renditions import OutputFormat

SIZES: Final = ((3000, 2000), (6000, 4000))

Encoder = Callable[[Image.Image], bytes]


def _encoder(format_name: str, mode: str = "RGB", **options: Any) -> Encoder:
    return lambda image: encode(_in_mode(image, mode), format_name, **options)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode == "RGBA":
        image = image.copy()
        image.putalpha(image.getchannel(1))
        return image
    return image.quantize(64) if mode == "P" else image.convert(mode)


KINDS: Final[Mapping[str, Encoder]] = {
    "jpeg": _encoder("JPEG", quality=90),
    "jpeg-444": _encoder("JPEG", quality=90, subsampling=0),
    "jpeg-cmyk": _encoder("JPEG", "CMYK", quality=90),
    "jpeg-progressive": _encoder("JPEG", quality=90, progressive=True),
    "jpeg-progressive-444": _encoder("JPEG", quality=90, progressive=True, subsampling=0),
    "png": _encoder("PNG", compress_level=1),
    "png-alpha": _encoder("PNG", "RGBA", compress_level=1),
    "png-palette": _encoder("PNG", "P", compress_level=1),
    "png-16-bit": _encoder("PNG", "I;16", compress_level=1),
    "gif": _encoder("GIF", "P"),
    "webp": _encoder("WEBP", quality=85, method=0),
    "webp-alpha": _encoder("WEBP", "RGBA", quality=85, method=0),
    "bmp": _encoder("BMP"),
    "tiff": _encoder("TIFF"),
    "tiff-lzw-alpha": _encoder("TIFF", "RGBA", compression="tiff_lzw"),
    "avif": _encoder("AVIF", quality=80, speed=10),
    "avif-alpha": _encoder("AVIF", "RGBA", quality=80, speed=10),
    "heic": encode_heic,
}

NOT_MEASURED: Final[Mapping[str, str]] = {
    "svg": "its pixels are those of the largest rendition",
    "qoi": "Pillow takes longer than a decode may for these sizes",
}
"""Formats without a row here, and why."""


def register(commands: Any) -> None:
    """Add ``limits`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "limits", help="memory a pixel of each format costs", description=__doc__
    )
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), metavar="KIND")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure each kind and print its line."""
    rows: list[dict[str, Any]] = []
    print(f"{'kind':22}{'MB at 6 MP':>11}{'at 24 MP':>10}{'bytes a pixel':>15}{'base MB':>9}")
    for kind in options.kinds or KINDS:
        row = measure(kind)
        rows.append(row)
        low, high = row["peak_mb"]
        print(f"{kind:22}{low:>11}{high:>10}{row['bytes_per_pixel']:>15}{row['base_mb']:>9}")
    if options.json:
        facts = {"schema": 1, "machine": machine.facts(), "results": rows}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(kind: str) -> dict[str, Any]:
    """Peaks of one kind at both sizes, and the line through them."""
    peaks = [_peak_mb(_source(kind, size)) for size in SIZES]
    pixels = [width * height for width, height in SIZES]
    slope = (peaks[1] - peaks[0]) * 2**20 / (pixels[1] - pixels[0])
    return {
        "kind": kind,
        "peak_mb": [round(peak, 1) for peak in peaks],
        "bytes_per_pixel": round(slope, 2),
        "base_mb": round(peaks[0] - slope * pixels[0] / 2**20, 1),
    }


def _peak_mb(source: Path) -> float:
    outputs = tuple(
        replace(output, format=name)
        for output in FOUR_SIZES
        for name in (OutputFormat.JPEG, OutputFormat.WEBP)
    )
    with peers.Workers(["ours-whole"]) as workers:
        answer = workers.ask("ours-whole", Job(source=str(source), outputs=outputs))
    if "error" in answer:
        raise machine.UsageError(f"{source} could not be rendered: {answer['error']}.")
    return answer["peak_rss_mb"]


def _source(kind: str, size: tuple[int, int]) -> Path:
    path = CACHE / f"{size[0]}x{size[1]}-{kind}.bin"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        path.write_bytes(KINDS[kind](photo(size)))
    return path
