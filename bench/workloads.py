"""What the tuner feeds the function, declared as data; made from seeds and cached."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import photos
from bench.machine import UsageError


@dataclass(frozen=True)
class Workload:
    """One file. ``sha256`` is recorded with every figure, so that runs can be compared."""

    name: str
    path: Path

    @property
    def sha256(self) -> str:
        """Digest of the file."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


def _jpeg(size: tuple[int, int]) -> bytes:
    return photos.photo_jpeg(size)


def _webp(size: tuple[int, int]) -> bytes:
    return photos.encode(photos.photo(size), "WEBP", quality=90, method=0)


def _heic(size: tuple[int, int]) -> bytes:
    return photos.encode_heic(photos.photo(size))


_Maker = Callable[[tuple[int, int]], bytes]
KINDS: Final[dict[str, tuple[str, _Maker, tuple[int, int]]]] = {
    "jpeg-12mp": ("jpg", _jpeg, photos.SIZE_12_MP),
    "jpeg-24mp": ("jpg", _jpeg, photos.SIZE_24_MP),
    "jpeg-48mp": ("jpg", _jpeg, (8000, 6000)),
    "webp-12mp": ("webp", _webp, photos.SIZE_12_MP),
    "heic-12mp": ("heic", _heic, photos.SIZE_12_MP),
}


def make(name: str) -> Workload:
    """A declared workload, made on first use; or the file that ``name`` is.

    Raises:
        UsageError: neither.
    """
    if name not in KINDS:
        if Path(name).is_file():
            return Workload(Path(name).name, Path(name))
        raise UsageError(f"{name} is neither a file nor one of {', '.join(KINDS)}.")
    extension, maker, size = KINDS[name]
    path = photos.CACHE / f"{name}.{extension}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(maker(size))
    return Workload(name, path)
