"""The largest upload that each memory size bears, by format, found by killing the function.

The real bundle runs in the sandbox with memory held and CPU free, without the limits by which the
function protects itself; bisection finds the largest megapixels that it survives with a manifest
that says "ready". The last columns hold ``function/engine/limits.py`` against that.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
from PIL import Image
from rich.table import Table

from bench import machine, photos
from bench.kinds import KINDS
from bench.trial import FREE, READY, Trials, check_cages, trials
from function.engine.limits import BASE_MB, bytes_per_pixel, kind_megapixels, usable_mb
from terminal import console, progress

SIZES: Final = (128, 256, 512, 1024)
MOST: Final = 100.0
"""Megapixels beyond which nobody looks; also the end of ``GRID``."""

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
"""How a run ends that had too little memory; anything else, a higher figure does not mend."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One format at one memory size.

    Attributes:
        kind: format, as ``function.engine.limits`` names it.
        memory_mb: Lambda memory size.
        survived_mp: largest megapixels that worked; 0 if none did.
        ended: how the next step of the grid ended; "" if there is none.
        allowed_mp: what ``function.engine.limits`` lets through.
        tries: runs that it took.
    """

    kind: str
    memory_mb: int
    survived_mp: float
    ended: str
    allowed_mp: int
    tries: int

    @property
    def safe(self) -> bool:
        """Whether the function refuses before it would be killed."""
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


def most(kind: str) -> float:
    """Megapixels beyond which nobody looks."""
    return _MOST_OF_PHONES.get(kind, MOST)


def register(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("oom", help="largest upload by memory size", description=__doc__)
    parser.add_argument("--memory", type=int, nargs="+", default=list(SIZES), metavar="MB")
    parser.add_argument("--kinds", nargs="+", choices=list(WORST), metavar="KIND")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the map")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find, print, compare. Exit code 1 if the function lets through what kills it."""
    check_cages()
    kinds = options.kinds or list(WORST)
    found: list[Found] = []
    number = len(kinds) * len(options.memory)
    with suppress(KeyboardInterrupt), progress("Killing", number) as advance:
        for case in search(kinds, options.memory):
            found.append(case)
            advance(name=f"{case.kind} at {case.memory_mb} MB")
    console().print(_table(found))
    wrong = [case for case in found if not case.safe]
    for case in wrong:
        console().print(f"{case.kind} at {case.memory_mb} MB: {case.advice}.")
    if len(found) < number:
        console(stderr=True).print("Interrupted; what is done is kept.")
    elif not wrong:
        console().print("function/engine/limits.py lets through nothing that was killed.")
    if options.json:
        facts = {"schema": 1, "machine": machine.facts(), "results": [asdict(f) for f in found]}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return int(bool(wrong) or len(found) < number)


def search(kinds: list[str], sizes: list[int]) -> Iterator[Found]:
    """Each format at each size; uploads are made on the way and deleted at the end."""
    with trials() as environment, TemporaryDirectory() as folder:
        for kind in kinds:
            uploads = _Uploads(WORST[kind], Path(folder))
            for memory_mb in sizes:
                yield _find(environment, uploads, kind, memory_mb)
            uploads.forget()


def _find(environment: Trials, uploads: "_Uploads", kind: str, memory_mb: int) -> Found:
    ended: dict[int, str] = {}

    def survives(index: int) -> bool:
        ended[index] = outcome(environment, uploads.at(grid[index]), memory_mb)
        return ended[index] == READY

    allowed = kind_megapixels(memory_mb, kind)
    first = min(most(kind), float(allowed))
    grid = sorted({first, *(mp for mp in GRID if mp <= most(kind))})
    last = bisect(survives, len(grid), grid.index(first))
    return Found(
        kind=kind,
        memory_mb=memory_mb,
        survived_mp=grid[last] if last >= 0 else 0,
        ended=ended.get(last + 1, ""),
        allowed_mp=allowed,
        tries=len(ended),
    )


def bisect(survives: Callable[[int], bool], count: int, start: int) -> int:
    """The last index below ``count`` that survives, -1 if none does; tries ``start`` first.

    Steps double away from the start until one fails (or survives), then halve.
    """
    low, high, step = -1, count, 1
    index = min(start, count - 1)
    while high - low > 1:
        if survives(index):
            low = index
            index = min(index + step, count - 1) if high == count else (low + high) // 2
        else:
            high = index
            index = max(index - step, 0) if low == -1 else (low + high) // 2
        step *= 2
    return low


def outcome(environment: Trials, file: Path, memory_mb: int) -> str:
    """How one upload ended: "ready", a rejection's code, or what went wrong."""
    return environment.run(file, memory_mb, hold="memory", given=FREE).outcome


class _Uploads:
    """Uploads of one kind, made when asked for."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._kind, self._folder = kind, folder

    def at(self, megapixels: float) -> Path:
        """An upload of so many megapixels, 3 to 2."""
        path = self._folder / f"{self._kind}-{megapixels}"
        if not path.exists():
            width = round((megapixels * 1.5) ** 0.5 * 1000)
            path.write_bytes(KINDS[self._kind].write(_picture(width, round(width / 1.5))))
        return path

    def forget(self) -> None:
        """Delete them: they are large."""
        for path in self._folder.glob(f"{self._kind}-*"):
            path.unlink()


def _picture(width: int, height: int) -> Image.Image:
    """A 24 MP photo, cut or continued by its mirror image: no encoder sees the repetition."""
    photo = np.asarray(Image.open(_photo_file()))
    more = [(0, max(0, height - photo.shape[0])), (0, max(0, width - photo.shape[1])), (0, 0)]
    return Image.fromarray(np.pad(photo, more, mode="symmetric")[:height, :width])


def _photo_file() -> Path:
    photos.photo_jpeg(photos.SIZE_24_MP)
    return photos.CACHE / "6000x4000-7.jpg"


def _table(found: list[Found]) -> Table:
    table = Table(title="Largest upload that survives, megapixels", title_justify="left")
    for head in ("format", "MB", "survives", "then", "allowed", "to spare"):
        table.add_column(head, justify="left" if head in ("format", "then") else "right")
    for case in found:
        spare = f"{case.survived_mp / case.allowed_mp - 1:.0%}" if case.ended else ""
        most = f"{case.survived_mp:g}" + ("" if case.ended else " or more")
        cells = (most, case.ended, str(case.allowed_mp), spare)
        table.add_row(case.kind, str(case.memory_mb), *cells)
    return table
