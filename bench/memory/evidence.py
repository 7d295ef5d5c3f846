"""Costs of uploads in the sandbox, as ``bench maintain limits`` stored it for each machine."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

EVIDENCE: Final = Path(__file__).parents[1] / "evidence" / "limits.json"
"""The newest measurement; those of other machines are beside it, as ``limits-<date>.json``."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One kind of upload at two sizes."""

    kind: str
    limit: str  # the kind in the format's file whose figures it must not exceed
    megapixels: list[float]  # of each size
    bytes: list[int]  # of each file
    peak_mb: list[float]  # most memory that all processes held at once
    cpu_ms: list[float]  # of all processes
    ms_per_megapixel: float  # the slope of the CPU time
    bytes_per_pixel: float = 0.0  # what decoding took for each pixel of one picture

    @property
    def file_bytes_per_pixel(self) -> float:
        """Bytes of the file for each of its pixels, at the size where they are more."""
        sizes = zip(self.bytes, self.megapixels, strict=True)
        return max(count / (megapixels * 1e6) for count, megapixels in sizes)

    def cells(self) -> Sequence[str]:
        """Return the row of the table."""
        sizes = zip(self.megapixels, self.peak_mb, strict=True)
        memory = (f"{megapixels:g} MP, {peak} MB" for megapixels, peak in sizes)
        figures = (self.bytes_per_pixel, *self.cpu_ms, self.ms_per_megapixel)
        return (self.kind, *memory, *map(str, figures))


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file of evidence, and where and when its figures were measured."""

    file: str
    cpu: str
    date: str


def stored() -> list[Row]:
    """Return the rows of ``bench/evidence``, of every machine."""
    return [row for path in _paths() for row in read(path)]


def read(path: Path) -> list[Row]:
    """Return the rows of one file."""
    return [Row(**row) for row in json.loads(path.read_text(encoding="utf-8"))["results"]]


def sources() -> Iterator[Source]:
    """Yield the files of ``bench/evidence`` that ``stored`` reads."""
    for path in _paths():
        machine = json.loads(path.read_text(encoding="utf-8"))["machine"]
        yield Source(file=path.name, cpu=machine["cpu"], date=machine["date"][:10])


def _paths() -> list[Path]:
    return sorted(EVIDENCE.parent.glob("limits*.json"))
