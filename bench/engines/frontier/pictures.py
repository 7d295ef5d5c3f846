"""The pictures that encoders are compared on: public ones, which packages hold, or your own."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml
from PIL import Image, ImageOps, UnidentifiedImageError

from terminal import Failure, Misuse

LIST: Final = Path(__file__).with_name("pictures.yaml")
ROOT: Final = Path(__file__).parents[3]
CACHE: Final = Path(".cache/pictures")
"""Where the public pictures are kept; nothing of it is shipped or committed."""

GRAPHICS: Final = "graphics"
SIDE: Final = 640
"""Longest side in pixels to which a picture is scaled down unless told otherwise: that of the
second default rendition. At 1080, that of the first, everything takes three times as long."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture, what it shows, and its file."""

    name: str
    kind: str
    path: Path

    @property
    def group(self) -> str:
        """``graphics`` or ``photographs``, which the report keeps apart."""
        return GRAPHICS if self.kind == GRAPHICS else "photographs"

    def pixels(self, side: int) -> Image.Image:
        """Return it as RGB, no side longer than ``side``: resized with LANCZOS, never enlarged."""
        with Image.open(self.path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
        if max(image.size) > side:
            image = ImageOps.contain(image, (side, side), Image.Resampling.LANCZOS)
        image.info = {}
        return image


@dataclass(frozen=True, kw_only=True)
class Source:
    """A line of ``pictures.yaml``."""

    name: str
    kind: str
    author: str
    licence: str
    registry: str  # "debian", "npm", "pypi" or "repository"
    package: str
    version: str  # in which the file was found; another version of the package may hold it too
    file: str  # path inside the package
    sha256: str

    def path(self) -> Path:
        """Return where the file is, once it is fetched."""
        if self.registry == "repository":
            return ROOT / self.file
        return CACHE / f"{self.name}{Path(self.file).suffix}"

    def is_there(self) -> bool:
        """Return True if the file is there and is the one that was pinned."""
        path = self.path()
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == self.sha256


def sources(listed: Path = LIST) -> list[Source]:
    """Return the public pictures in the order of a list."""
    lines = cast("list[dict[str, Any]]", yaml.safe_load(listed.read_text(encoding="utf-8")))
    return [Source(**{"registry": line.pop("from"), **line}) for line in lines]


def public(listed: Path = LIST) -> list[Picture]:
    """Return the public pictures of a list; fetch the missing ones from their packages.

    Raises:
        Failure: a package could not be fetched, or does not hold the file that was pinned.
    """
    found = sources(listed)
    absent = [source for source in found if not source.is_there()]
    for registry, package in dict.fromkeys((s.registry, s.package) for s in absent):
        wanted = [s for s in absent if (s.registry, s.package) == (registry, package)]
        with tempfile.TemporaryDirectory() as folder:
            _fetch(wanted[0], Path(folder))
            for source in wanted:
                _keep(source, Path(folder) / source.file)
    return [Picture(name=s.name, kind=s.kind, path=s.path()) for s in found]


def own(folder: Path) -> list[Picture]:
    """Return the pictures of a folder that Pillow opens, named by their paths inside it.

    Raises:
        Misuse: the folder holds none, or one is damaged.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _opens(path))
    if not files:
        raise Misuse(f"There are no pictures in {folder}.")
    # Found out now, since a measurement of all the others may take an hour.
    for path in files:
        _check(path)
    names = [path.relative_to(folder).as_posix() for path in files]
    return [Picture(name=n, kind="own", path=path) for n, path in zip(names, files, strict=True)]


def _opens(path: Path) -> bool:
    try:
        with Image.open(path):
            return True
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return False


def _check(path: Path) -> None:
    try:
        with Image.open(path) as opened:
            opened.load()
    except (OSError, SyntaxError) as error:
        raise Misuse(f"{path} is damaged; repair or remove it: {error}.") from error


def _fetch(source: Source, folder: Path) -> None:
    """Fetch a package by its registry's own client, and unpack it into a folder."""
    fetch = _FETCHERS.get(source.registry)
    if fetch is None:
        raise Failure(f"{source.path()} is not the file that {LIST.name} pins; restore it.")
    fetch(source, folder)


def _fetch_debian(source: Source, folder: Path) -> None:
    if shutil.which("apt-get") is None:
        raise Failure(
            f"The picture {source.name} is in Debian's package {source.package}, and there is no "
            f"apt-get here; name a folder with your pictures by --pictures."
        )
    _run(["apt-get", "download", source.package], source, folder)
    for archive in folder.glob("*.deb"):
        _run(["dpkg-deb", "-x", archive.name, "."], source, folder)


def _fetch_npm(source: Source, folder: Path) -> None:
    if shutil.which("npm") is None:
        raise Failure(f"npm fetches the picture {source.name}; install Node.js.")
    _run(["npm", "pack", "--silent", f"{source.package}@{source.version}"], source, folder)
    for archive in folder.glob("*.tgz"):
        _run(["tar", "-xzf", archive.name], source, folder)


def _fetch_pypi(source: Source, folder: Path) -> None:
    wanted = f"{source.package}=={source.version}"
    only = "--only-binary=:all:"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
    _run([*pip, only, wanted], source, folder)
    for wheel in folder.glob("*.whl"):
        with zipfile.ZipFile(wheel) as opened:
            opened.extractall(folder)


_FETCHERS: Final[Mapping[str, Callable[[Source, Path], None]]] = {
    "debian": _fetch_debian,
    "npm": _fetch_npm,
    "pypi": _fetch_pypi,
}


def _run(command: Iterable[str], source: Source, folder: Path) -> None:
    done = subprocess.run([*command], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise Failure(f"The package {source.package} could not be fetched: {reason}")


def _keep(source: Source, unpacked: Path) -> None:
    """Copy a file out of its package, if it is the one that was pinned."""
    if not unpacked.is_file() or hashlib.sha256(unpacked.read_bytes()).hexdigest() != source.sha256:
        raise Failure(
            f"The package {source.package} holds another {source.file} than version "
            f"{source.version}, or none; name a folder with your pictures by --pictures."
        )
    source.path().parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(unpacked, source.path())
