"""``python -m bench maintain oom``: the largest upload that each memory size survives, by format.

The real bundle runs in the sandbox with memory held and CPU free. Bisection finds the largest
upload that ends as "ready" when the function's own limits are lifted, and then the largest that it
accepts with them. An upload that kills the function without its limits must be refused with them.
"""

import bisect
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import numpy as np
from cyclopts import Parameter
from PIL import Image

from bench import reports
from bench.maintain.kinds import KINDS
from bench.maintain.result import Result
from bench.memory_sizes import MemorySizes
from bench.photos import SIZE_24_MP, photo_file
from bench.sandbox.trial import FREE, READY, Trials, check_control_groups, trials
from function.engine.limits import kind_megapixels
from terminal import console, progress

SCHEMA: Final = 2
SIZES: Final = (128, 256, 512, 1024)
MOST: Final = 100.0  # megapixels beyond which nothing is tried; also the end of ``GRID``
_MOST_OF_KIND: Final = {"heic": 35.5, "avif": 55.5}
"""The same for two kinds. A HEIC's alpha is written as one picture, of which HEVC's highest level
allows 35,651,584 luma samples (ITU-T H.265, table A.8); to encode a larger AVIF takes minutes."""

GRID: Final = (*(round(1.1**step, 2) for step in range(-7, 49)), MOST)
"""Megapixels that are tried: steps of 10 %, so that memory sizes share uploads."""

WORST: Final = {
    "jpeg": "jpeg-444",
    "jpeg-cmyk": "jpeg-cmyk",
    "jpeg-progressive": "jpeg-progressive-cmyk",
    "png": "png-alpha-profile",
    "gif": "gif",
    "webp": "webp-lossless",
    "bmp": "bmp",
    "tiff": "tiff-lzw-alpha",
    "avif": "avif-alpha-profile",
    "heic": "heic-alpha",
}
"""Kind of ``function.engine.limits`` -> the costliest variant of it (docs/engine.md)."""

_KILLED: Final = frozenset({"oom", "crashed"})
"""Outcomes of a run that had too little memory."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One format at one memory size."""

    kind: str  # as ``function.engine.limits`` names it
    memory_mb: int
    survived_mp: float  # largest megapixels that worked without the function's limits; 0: none
    ended: str  # how the next step of the grid ended without them; "" if there is none
    accepted_mp: float  # largest megapixels that worked with them; 0 if none did
    refused: str  # how the next step ended with them; "" if none was tried
    tries: int  # runs that it took

    @property
    def safe(self) -> bool:
        """True if the function refuses what would kill it."""
        return self.refused not in _KILLED

    @property
    def advice(self) -> str:
        """Advice for the operator; empty if nothing is wrong."""
        if self.safe:
            return ""
        file = f"function/engine/formats/{self.kind.partition('-')[0]}.py"
        return f"it accepts what kills it; raise bytes_per_pixel of {self.kind} in {file}"

    def cells(self) -> Sequence[str]:
        """Return the row of the table."""
        survived = f"{self.survived_mp:g}" + ("" if self.ended else " or more")
        accepted = f"{self.accepted_mp:g}"
        return self.kind, str(self.memory_mb), survived, self.ended, accepted, self.refused


def oom(
    *,
    memory: MemorySizes = SIZES,
    kinds: Annotated[tuple[str, ...], Parameter(choices=WORST)] = tuple(WORST),
    json: reports.ReportFile = None,
) -> int:
    """Find, print, compare. Return 1 if the function lets through what kills it.

    Args:
        memory: Lambda memory sizes in MB.
        kinds: Formats, as function/engine/limits.py names them.
        json: Write the map to this file.
    """
    check_control_groups()
    found: list[Found] = []
    count = len(kinds) * len(memory)
    with suppress(KeyboardInterrupt), progress("Killing", count) as advance:
        for case in search(kinds, memory):
            found.append(case)
            advance(name=f"{case.kind} at {case.memory_mb} MB")
    out = console()
    head = ("format", "MB", "survives", "then", "accepts", "then ends as")
    title = (
        "Largest upload that survives without limits, and that is accepted with them, megapixels"
    )
    rows = (case.cells() for case in found)
    out.print(reports.table(title, head, rows, left=("then", "then ends as")))
    wrong = [case for case in found if not case.safe]
    for case in wrong:
        out.print(f"{case.kind} at {case.memory_mb} MB: {case.advice}.", soft_wrap=True)
    if len(found) < count:
        console(stderr=True).print("Interrupted; the results so far are kept.")
    elif not wrong:
        out.print("The function refuses everything that would kill it.")
    reports.write_json(json, Result(schema=SCHEMA, results=found))
    return int(bool(wrong) or len(found) < count)


def search(kinds: Sequence[str], sizes: Sequence[int]) -> Iterator[Found]:
    """Yield each format at each size; a format's uploads, which are large, are deleted after it."""
    with trials() as environment:
        for kind in kinds:
            with TemporaryDirectory() as folder:
                for memory_mb in sizes:
                    yield find(environment, Path(folder), kind, memory_mb)


def find(environment: Trials, folder: Path, kind: str, memory_mb: int) -> Found:
    """Find the largest upload of one format that one size survives, and that it accepts."""
    without: dict[float, str] = {}
    within: dict[float, str] = {}

    def is_lost(megapixels: float) -> bool:
        file = upload(folder, kind, megapixels)
        without[megapixels] = environment.run(file, memory_mb, hold="memory", given=FREE).outcome
        return without[megapixels] != READY

    def is_refused(megapixels: float) -> bool:
        file, given = upload(folder, kind, megapixels), widest_settings(memory_mb)
        within[megapixels] = environment.run(file, memory_mb, hold="memory", given=given).outcome
        return within[megapixels] != READY

    # The first try is near the answer, so few large uploads have to be written.
    first = min(most(kind), float(kind_megapixels(memory_mb, kind)))
    grid = sorted({first, *(mp for mp in GRID if mp <= most(kind))})
    at = grid.index(first)
    low, high = (0, at) if is_lost(first) else (at + 1, len(grid))
    survived = bisect.bisect_left(grid, x=True, lo=low, hi=high, key=is_lost)
    tried = grid[: survived + 1]  # the last of them kills the function
    accepted = bisect.bisect_left(tried, x=True, key=is_refused)
    return Found(
        kind=kind,
        memory_mb=memory_mb,
        survived_mp=grid[survived - 1] if survived else 0,
        ended=without[grid[survived]] if survived < len(grid) else "",
        accepted_mp=tried[accepted - 1] if accepted else 0,
        refused=within[tried[accepted]] if accepted < len(tried) else "",
        tries=len(without) + len(within),
    )


def widest_settings(memory_mb: int) -> dict[str, str]:
    """Return the variables of a stack whose settings allow the most that ``Settings`` does."""
    megapixels = kind_megapixels(memory_mb, "jpeg")  # the highest ``maxMegapixels``
    return {"MAX_PIXELS": str(megapixels * 1_000_000), "MAX_UPLOAD_BYTES": str(5_000_000_000)}


def most(kind: str) -> float:
    """Return the megapixels beyond which nothing is tried."""
    return _MOST_OF_KIND.get(kind, MOST)


def upload(folder: Path, kind: str, megapixels: float) -> Path:
    """Return an upload of so many megapixels, 3 to 2."""
    path = folder / f"{WORST[kind]}-{megapixels}"
    if not path.exists():
        width = round((megapixels * 1.5) ** 0.5 * 1000)
        path.write_bytes(KINDS[WORST[kind]].write(_picture(width, round(width / 1.5))))
    return path


def _picture(width: int, height: int) -> Image.Image:
    """Return a 24 MP photo, cut, or continued by its mirror image: encoders see no repetition."""
    photo = np.asarray(Image.open(photo_file(SIZE_24_MP)))
    more = [(0, max(0, height - photo.shape[0])), (0, max(0, width - photo.shape[1])), (0, 0)]
    return Image.fromarray(np.pad(photo, more, mode="symmetric")[:height, :width])
