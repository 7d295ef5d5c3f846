"""The workloads of a sweep, declared as data; made from seeds and cached."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import photos
from local.photos import sample_photos
from local.uploader import find_files
from terminal import Misuse


@dataclass(frozen=True)
class Workload:
    """One file, or several that take turns."""

    name: str
    files: tuple[Path, ...]

    @property
    def sha256(self) -> str:
        """Digest of all files, recorded with every figure so that runs can be compared."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def file(self, number: int) -> Path:
        """Return the file of a run; several take turns."""
        return self.files[number % len(self.files)]


def _webp(size: tuple[int, int]) -> bytes:
    return photos.encode(photos.photo(size), "WEBP", quality=90, method=0)


def _heic(size: tuple[int, int]) -> bytes:
    return photos.encode_heic(photos.photo(size))


_Maker = Callable[[tuple[int, int]], bytes]
MADE: Final[dict[str, tuple[str, _Maker, tuple[int, int]]]] = {
    "jpeg-12mp": ("jpg", photos.photo_jpeg, photos.SIZE_12_MP),
    "jpeg-24mp": ("jpg", photos.photo_jpeg, photos.SIZE_24_MP),
    "jpeg-48mp": ("jpg", photos.photo_jpeg, (8000, 6000)),
    "webp-12mp": ("webp", _webp, photos.SIZE_12_MP),
    "heic-12mp": ("heic", _heic, photos.SIZE_12_MP),
}
SAMPLES: Final = {"screenshot-png": "screenshot.png", "animated-gif": "lighthouse.gif"}
"""Of the demo's own: a screenshot of 1920 x 1200, a drawing of 24 frames of 480 x 360."""

NAMES: Final = (*MADE, *SAMPLES)


def make(name: str) -> Workload:
    """Return a declared workload, made on first use; or the file that ``name`` is.

    Raises:
        Misuse: neither.
    """
    if name in SAMPLES:
        made = {path.name: path for path in sample_photos(photos.CACHE)}
        return Workload(name, (made[SAMPLES[name]],))
    if name not in MADE:
        if Path(name).is_file():
            return Workload(Path(name).name, (Path(name),))
        raise Misuse(f"{name} is neither a file nor one of {', '.join(NAMES)}.")
    extension, maker, size = MADE[name]
    path = photos.CACHE / f"{name}.{extension}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(maker(size))
    return Workload(name, (path,))


def folder(path: Path) -> Workload:
    """Return all files of the user's own folder as one workload, in which they take turns.

    Raises:
        Misuse: there is no such folder, or nothing in it.
    """
    files = find_files([path]) if path.is_dir() else []
    if not files:
        raise Misuse(f"{path} is not a folder with files; name one that holds your photos.")
    return Workload(path.name or "folder", tuple(files))
