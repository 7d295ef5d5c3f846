"""``python -m bench maintain hdr``: renditions of Ultra HDR JPEGs beside sharp's ``keepGainMap``.

sharp, which has libultrahdr, applies the gain map of both. They are compared as an HDR screen is
driven: the luminance, coded as PQ (SMPTE ST 2084), of a white of 203 nits (ITU-R BT.2408).
"""

import json as jsons
import math
import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from cyclopts.types import PositiveInt
from numpy.typing import NDArray
from PIL import Image

from bench import reports
from bench.engines.processes import FOLDER, missing
from bench.maintain import result
from function.engine.errors import Rejected
from function.engine.renditions import DEFAULT_RENDITIONS, Fit, Hdr, OutputFormat, Rendition
from function.engine.results import Rendered, Task
from function.engine.work import work
from terminal import Failure, Misuse, console, progress

LEAST_DB: Final = 40.0
MOST_LESS_DB: Final = 3.0
"""Below ``LEAST_DB``, two renditions count as different. sharp crops to whole pixels, so the
pictures may differ by more even without gain maps; the maps may then cost ``MOST_LESS_DB`` more."""

_SIZES: Final = (
    *DEFAULT_RENDITIONS[:3],
    Rendition(name="crop", width=600, height=600, fit=Fit.COVER),
)
_ANY_SIZE: Final = 1 << 30
_SCRIPT: Final = Path(__file__).with_suffix(".mjs")
_LUMINANCE: Final = (0.2126, 0.7152, 0.0722)  # of BT.709's primaries
_LINEAR_BELOW: Final = 0.04045  # of sRGB's curve (IEC 61966-2-1)
_WHITE, _PEAK = 203.0, 10_000.0  # nits


@dataclass(frozen=True, kw_only=True)
class Row:
    """One rendition of one file, and what its gain map costs."""

    file: str
    rendition: str
    psnr_db: float
    plain_psnr_db: float  # without the gain maps
    bytes_without: int
    bytes_with: int
    bytes_sharp: int

    def cells(self) -> Sequence[str]:
        """Return the row of the table."""
        more = f"{self.bytes_with / self.bytes_without - 1:+.1%}"
        figures = (self.bytes_without, self.bytes_with, self.bytes_sharp)
        decibels = (f"{found:.1f}" for found in (self.psnr_db, self.plain_psnr_db))
        return (self.file, self.rendition, *decibels, *map(str, figures), more)

    @property
    def is_close(self) -> bool:
        """True if the rendition is sharp's, as far as two resizers agree."""
        return self.psnr_db >= min(LEAST_DB, self.plain_psnr_db - MOST_LESS_DB)


@dataclass(frozen=True, kw_only=True)
class Result(result.Result[Row]):
    """Every rendition, and how much more CPU time the gain maps take, by file and formats."""

    cpu_ratio: dict[str, dict[str, float]]


def hdr(*photo: Path, rounds: PositiveInt = 15, json: reports.ReportFile = None) -> None:
    """Measure and print one line for each rendition.

    Args:
        photo: Ultra HDR JPEGs.
        rounds: How often the CPU time is measured.
        json: Write the figures to this file.
    """
    if not photo:
        raise Misuse("Name at least one Ultra HDR JPEG.")
    if absent := missing().get("sharp-each"):
        raise Misuse(f"sharp is missing: {absent}.")
    rows: list[Row] = []
    ratios: dict[str, dict[str, float]] = {}
    with progress("Rendering", len(photo) * (len(_SIZES) + 1)) as advance:
        for path in photo:
            data = _read(path)
            for rendition in _SIZES:
                rows.append(_compare(path, data, rendition))
                advance(name=f"{path.name} {rendition.name}")
            ratios[path.name] = _cpu_ratios(data, rounds)
            advance(name=path.name)
    head = ("file", "rendition", "PSNR dB", "SDR dB", "bytes without", "with", "sharp", "more")
    console().print(reports.table("Beside sharp", head, (row.cells() for row in rows)))
    for name, ratio in ratios.items():
        told = ", ".join(f"{formats} {times:.3f}" for formats, times in ratio.items())
        console().print(f"{name}: CPU time with its gain map / without: {told}")
    reports.write_json(json, Result(results=rows, cpu_ratio=ratios))
    if far := [row for row in rows if not row.is_close]:
        where = f"{far[0].rendition} of {far[0].file}"
        raise Failure(f"{where} is {far[0].psnr_db:.1f} dB from sharp's, not {LEAST_DB:g} dB.")


def psnr(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Return the PSNR in dB of two pictures' PQ luma, whose peak is 1."""
    error = float(np.mean((pq_luma(one) - pq_luma(other)) ** 2))
    return 10 * math.log10(1 / error) if error else math.inf


def pq_luma(pixels: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the luminance of linear RGB, 1 being white, coded as PQ (ST 2084, equation 5.2)."""
    nits = _WHITE * np.clip(pixels.astype(np.float64) @ np.array(_LUMINANCE), 0, None)
    power = np.clip(nits / _PEAK, 0, 1) ** (2610 / 16384)
    coded = (3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)
    return coded ** (2523 / 32)


def _linear(path: Path) -> NDArray[np.float32]:
    """Return the pixels of a JPEG without its gain map, by the transfer function of sRGB."""
    coded = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    return np.where(coded <= _LINEAR_BELOW, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}.") from None


def _compare(path: Path, data: bytes, rendition: Rendition) -> Row:
    rendition = rendition.replace(formats=(OutputFormat.JPEG,))
    without, ours = (_render(path, data, rendition, hdr)[0] for hdr in (Hdr.DROP, Hdr.KEEP))
    if not ours.hdr:
        raise Failure(f"No gain map of {path} was kept.")
    with TemporaryDirectory() as folder:
        mine, theirs = Path(folder, "ours.jpg"), Path(folder, "sharp.jpg")
        mine.write_bytes(ours.body)
        size = {"width": rendition.width, "height": rendition.height, "fit": rendition.fit.value}
        files = {"source": str(path.absolute()), "ours": str(mine), "output": str(theirs)}
        _ask_sharp({**files, **size, "quality": rendition.quality})
        shape = (ours.height, ours.width, 3)
        pixels = [np.fromfile(f"{file}.raw", np.float32) for file in (mine, theirs)]
        if any(found.size != math.prod(shape) for found in pixels):
            raise Failure(f"sharp's {rendition.name} of {path} has another size.")
        return Row(
            file=path.name,
            rendition=rendition.name,
            psnr_db=round(psnr(*(found.reshape(shape) for found in pixels)), 2),
            plain_psnr_db=round(psnr(*map(_linear, (mine, theirs))), 2),
            bytes_without=len(without.body),
            bytes_with=len(ours.body),
            bytes_sharp=theirs.stat().st_size,
        )


def _render(path: Path, data: bytes, rendition: Rendition, hdr: Hdr) -> list[Rendered]:
    try:
        made = list(work(data, Task((rendition,), _ANY_SIZE, hdr=hdr)))
    except Rejected as error:
        raise Failure(f"{path} cannot be rendered: {error.message}") from error
    return [found for found in made if isinstance(found, Rendered)]


def _ask_sharp(job: dict[str, Any]) -> None:
    environment = {**os.environ, "PEERS": str(FOLDER.absolute())}
    command, line = ["node", str(_SCRIPT)], jsons.dumps(job) + "\n"
    done = subprocess.run(
        command, input=line, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        found = [text for text in done.stderr.splitlines() if text.startswith("Error")]
        raise Failure(f"sharp failed: {(found or ['no reason given'])[0]}")


def _cpu_ratios(data: bytes, rounds: int) -> dict[str, float]:
    """Return the median ratio of CPU times, with and without a map, both ways in turn."""
    only = tuple(
        rendition.replace(formats=(OutputFormat.JPEG,)) for rendition in DEFAULT_RENDITIONS
    )
    ratios: dict[str, float] = {}
    for name, renditions in (("JPEG", only), ("JPEG and WebP", DEFAULT_RENDITIONS)):
        times: dict[Hdr, list[float]] = {hdr: [] for hdr in Hdr}
        for number in range(rounds + 1):
            for hdr in (Hdr.KEEP, Hdr.DROP) if number % 2 else (Hdr.DROP, Hdr.KEEP):
                before = time.process_time()
                list(work(data, Task(renditions, _ANY_SIZE, hdr=hdr)))
                times[hdr].append(time.process_time() - before)
        pairs = zip(times[Hdr.KEEP][1:], times[Hdr.DROP][1:], strict=True)  # the first warms up
        ratios[name] = round(statistics.median(kept / dropped for kept, dropped in pairs), 3)
    return ratios
