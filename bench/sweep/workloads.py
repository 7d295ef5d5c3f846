"""The workloads of a sweep, declared as data; made from seeds and cached, or a user's own files."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cyclopts import Parameter

from bench import photos
from bench.photos import SIZE_24_MP, photo, photo_jpeg
from local.photos import sample_photos
from local.uploader import find_files
from terminal import Misuse


@dataclass(frozen=True)
class Workload:
    """One file, or several that take turns, each as often as its weight says.

    ``weights`` has one for each file; empty means that all have the same.
    """

    name: str
    files: tuple[Path, ...]
    weights: tuple[float, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of all files, recorded with every figure so that runs can be compared."""
        each = (hashlib.sha256(path.read_bytes()).digest() for path in self.files)
        return hashlib.sha256(b"".join(each)).hexdigest()

    def turns(self) -> Iterator[Path]:
        """Yield files without end, each in proportion to its weight and evenly spread.

        That is smooth weighted round robin: in each turn every file earns its weight, and the one
        that has earned most pays what all together earn in a turn.
        """
        weights = self.weights or (1.0,) * len(self.files)
        earned, total = [0.0] * len(self.files), sum(weights)
        while True:
            earned = [have + weight for have, weight in zip(earned, weights, strict=True)]
            first = max(range(len(earned)), key=earned.__getitem__)
            earned[first] -= total
            yield self.files[first]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Own:
    """Options: your own photos in place of the ones that are made here.

    Attributes:
        folder: Your own photos, which take turns.
        mix: Shares of the folder, such as heic=30 jpeg=70: a name is a folder in it or a file's
            ending. Files that have no share are left out.
    """

    folder: Path | None = None
    mix: tuple[str, ...] = ()

    def own(self) -> Workload | None:
        """Return the files of the folder; None without one.

        Raises:
            Misuse: there is nothing in it, or the mix does not fit.
        """
        if self.folder is None:
            if self.mix:
                raise Misuse("--mix needs --folder, whose files it weighs.")
            return None
        return mixed(folder(self.folder), self.folder, self.mix)


MADE: Final[Mapping[str, tuple[str, Callable[[], bytes]]]] = {
    "jpeg-12mp": ("jpg", photo_jpeg),
    "jpeg-24mp": ("jpg", lambda: photo_jpeg(SIZE_24_MP)),
    "jpeg-48mp": ("jpg", lambda: photo_jpeg((8000, 6000))),
    "webp-12mp": ("webp", lambda: photos.encode(photo(), "WEBP", quality=90, method=0)),
    "heic-12mp": ("heic", lambda: photos.encode_heic(photo())),
}
"""Name -> extension, and what makes it."""

SAMPLES: Final = {"screenshot-png": "screenshot.png", "animated-gif": "lighthouse.gif"}
"""From the demo: a screenshot of 1920 x 1200, a drawing of 24 frames of 480 x 360."""

NAMES: Final = (*MADE, *SAMPLES)

_SAME: Final = {"jpg": "jpeg", "heif": "heic", "tif": "tiff"}
"""Endings of one format."""


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
        Misuse: there is no such folder, or nothing in it, or a file that may not be read.
    """
    files = find_files([path]) if path.is_dir() else []
    if not files:
        raise Misuse(f"{path} is not a folder with files; name one that holds your photos.")
    return Workload(path.resolve().name or "folder", tuple(files))


def mixed(load: Workload, path: Path, mix: Sequence[str]) -> Workload:
    """Return a folder's files with the weights of a mix, such as ``["heic=30", "jpeg=70"]``.

    The files of one name share its weight. A file belongs to the first name that fits.

    Raises:
        Misuse: a share is no number above 0, or no file has its name.
    """
    if not mix:
        return load
    parts: dict[str, list[Path]] = {}
    weights = dict(map(_share, mix))
    for file in load.files:
        name = next((name for name in weights if name in _names(file, path)), None)
        if name is not None:
            parts.setdefault(name, []).append(file)
    for name in weights:
        if name not in parts:
            raise Misuse(
                f"No file of {path} is in a folder {name} or ends in .{name}; a name of --mix is "
                "one of the two."
            )
    weighed = [(file, weights[name] / len(part)) for name, part in parts.items() for file in part]
    files, each = zip(*weighed, strict=True)
    return Workload(f"{load.name} ({' '.join(mix)})", files, each)


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        weight = float(share)
    except ValueError:
        weight = 0.0
    if not name or not 0 < weight < float("inf"):
        raise Misuse(f"A share of --mix is like heic=30, a name and a number above 0; got {text}.")
    return _ending(name), weight


def _names(file: Path, folder: Path) -> set[str]:
    """Return the names of a mix that a file has: the folders that it lies in, and its ending."""
    below = file.relative_to(folder).parts[:-1]
    return {_ending(name) for name in (*below, file.suffix.removeprefix("."))}


def _ending(name: str) -> str:
    lower = name.lower()
    return _SAME.get(lower, lower)
