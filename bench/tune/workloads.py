"""The workloads of a sweep, declared as data; made from seeds and cached."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import photos
from bench.photos import SIZE_24_MP, photo, photo_jpeg
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
        each = (hashlib.sha256(path.read_bytes()).digest() for path in self.files)
        return hashlib.sha256(b"".join(each)).hexdigest()

    def file(self, number: int) -> Path:
        """Return the file of a run; several take turns."""
        return self.files[number % len(self.files)]


MADE: Final[Mapping[str, tuple[str, Callable[[], bytes]]]] = {
    "jpeg-12mp": ("jpg", photo_jpeg),
    "jpeg-24mp": ("jpg", lambda: photo_jpeg(SIZE_24_MP)),
    "jpeg-48mp": ("jpg", lambda: photo_jpeg((8000, 6000))),
    "webp-12mp": ("webp", lambda: photos.encode(photo(), "WEBP", quality=90, method=0)),
    "heic-12mp": ("heic", lambda: photos.encode_heic(photo())),
}
"""Name -> extension, and what makes it."""

SAMPLES: Final = {"screenshot-png": "screenshot.png", "animated-gif": "lighthouse.gif"}
"""Of the demo's own: a screenshot of 1920 x 1200, a drawing of 24 frames of 480 x 360."""

NAMES: Final = (*MADE, *SAMPLES)


def make(name: str) -> Workload:
    """Return a declared workload, made on first use; or the file that ``name`` is.

    Raises:
        Misuse: neither.
    """
    if name in MADE:
        extension, maker = MADE[name]
        return Workload(name, (photos.cached(f"{name}.{extension}", maker),))
    if name in SAMPLES:
        made = {path.name: path for path in sample_photos(photos.CACHE)}
        return Workload(name, (made[SAMPLES[name]],))
    if Path(name).is_file():
        return Workload(Path(name).name, (Path(name),))
    raise Misuse(f"{name} is neither a file nor one of {', '.join(NAMES)}.")


def folder(path: Path) -> Workload:
    """Return all files of the user's own folder as one workload, in which they take turns.

    Raises:
        Misuse: there is no such folder, or nothing in it.
    """
    files = find_files([path]) if path.is_dir() else []
    if not files:
        raise Misuse(f"{path} is not a folder with files; name one that holds your photos.")
    return Workload(path.name or "folder", tuple(files))
