"""``python -m bench maintain oom``: the largest upload that each memory size survives, by format.

The real bundle runs in the sandbox with memory held and CPU free, without the limits by which the
function protects itself; bisection finds the largest megapixels that it survives with a manifest
that says "ready". The last columns hold ``function/engine/limits.py`` against that.
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
from bench.photos import SIZE_24_MP, photo_file
from bench.sandbox.trial import FREE, READY, Trials, check_control_groups, trials
from bench.tune.choice import MEMORY_MB
from function.engine.limits import BASE_MB, bytes_per_pixel, kind_megapixels, usable_mb
from terminal import console, progress

SIZES: Final = (128, 256, 512, 1024)
MOST: Final = 100.0  # megapixels beyond which nothing is tried; also the end of ``GRID``
_MOST_OF_PHONES: Final = {"heic": 55.5, "avif": 55.5}
"""The same for what phones write, up to 48 MP; encoding more takes minutes."""

GRID: Final = (*(round(1.25**step, 1) for step in range(-3, 21)), MOST)
"""Megapixels that are tried, besides what is allowed: steps of 25 %, so that uploads are shared."""

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
"""Ends of a run that had too little memory; a higher figure mends no other end."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One format at one memory size."""

    kind: str  # as ``function.engine.limits`` names it
    memory_mb: int
    survived_mp: float  # largest megapixels that worked; 0 if none did
    ended: str  # how the next step of the grid ended; "" if there is none
    allowed_mp: int  # what ``function.engine.limits`` lets through
    tries: int  # runs that it took

    @property
    def safe(self) -> bool:
        """True if the function refuses before it would be killed."""
        return self.survived_mp >= min(self.allowed_mp, most(self.kind))

    @property
    def advice(self) -> str:
        """What to do about it; empty where nothing is wrong."""
        if self.safe:
            return ""
        if self.ended not in _KILLED:
            return f"more than {self.survived_mp} MP is allowed, and ends as {self.ended}"
        room = (usable_mb(self.memory_mb) - BASE_MB) * 2**20
        if self.survived_mp < 1 or room <= 0:
            return f"raise BASE_MB above {BASE_MB} in function/engine/limits.py"
        figure = room / (self.survived_mp * 1_000_000)
        change = f'"{self.kind}": {bytes_per_pixel(self.kind)} -> {figure:.1f}'
        return f"{change} in function/engine/formats/{self.kind.partition('-')[0]}.py"

    def cells(self) -> Sequence[str]:
        """Return the row of the table."""
        survived = f"{self.survived_mp:g}" + ("" if self.ended else " or more")
        spare = f"{self.survived_mp / self.allowed_mp - 1:.0%}" if self.ended else ""
        return self.kind, str(self.memory_mb), survived, self.ended, str(self.allowed_mp), spare


def oom(
    *,
    memory: Annotated[tuple[int, ...], Parameter(validator=MEMORY_MB)] = SIZES,
    kinds: Annotated[tuple[str, ...], Parameter(choices=WORST)] = tuple(WORST),
    json: Path | None = None,
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
    head = ("format", "MB", "survives", "then", "allowed", "to spare")
    title = "Largest upload that survives, megapixels"
    out.print(reports.table(title, head, (case.cells() for case in found), left=("then",)))
    wrong = [case for case in found if not case.safe]
    for case in wrong:
        out.print(f"{case.kind} at {case.memory_mb} MB: {case.advice}.", soft_wrap=True)
    if len(found) < count:
        console(stderr=True).print("Interrupted; what is done is kept.")
    elif not wrong:
        out.print("function/engine/limits.py lets through nothing that was killed.")
    reports.write_json(json, Result(results=found))
    return int(bool(wrong) or len(found) < count)


def search(kinds: Sequence[str], sizes: Sequence[int]) -> Iterator[Found]:
    """Yield each format at each size; a format's uploads, which are large, are deleted after it."""
    with trials() as environment:
        for kind in kinds:
            with TemporaryDirectory() as folder:
                for memory_mb in sizes:
                    yield find(environment, Path(folder), kind, memory_mb)


def find(environment: Trials, folder: Path, kind: str, memory_mb: int) -> Found:
    """Find the largest upload of one format that one size survives; what is allowed goes first."""
    ended: dict[float, str] = {}

    def is_lost(megapixels: float) -> bool:
        file = upload(folder, kind, megapixels)
        ended[megapixels] = environment.run(file, memory_mb, hold="memory", given=FREE).outcome
        return ended[megapixels] != READY

    allowed = kind_megapixels(memory_mb, kind)
    first = min(most(kind), float(allowed))
    grid = sorted({first, *(mp for mp in GRID if mp <= most(kind))})
    at = grid.index(first)
    low, high = (0, at) if is_lost(first) else (at + 1, len(grid))
    count = bisect.bisect_left(grid, x=True, lo=low, hi=high, key=is_lost)
    return Found(
        kind=kind,
        memory_mb=memory_mb,
        survived_mp=grid[count - 1] if count else 0,
        ended=ended[grid[count]] if count < len(grid) else "",
        allowed_mp=allowed,
        tries=len(ended),
    )


def most(kind: str) -> float:
    """Return the megapixels beyond which nothing is tried."""
    return _MOST_OF_PHONES.get(kind, MOST)


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
