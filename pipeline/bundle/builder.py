"""Build the bundle for a target's Python, or find it in the cache.

Equal inputs give equal bytes, so that ``pulumi up`` updates the function only when it has changed.
"""

import base64
import errno
import hashlib
import os
import re
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from pipeline.bundle.archive import pack
from pipeline.bundle.bytecode import Interpreter, compile_sources, find_interpreter
from pipeline.bundle.native import MODULE, compile_library
from pipeline.bundle.target import BundleError, Target
from pipeline.bundle.wheels import fetch, unpack
from pipeline.bundle.x265 import leave_out_encoder

_ROOT: Final = Path(__file__).resolve().parents[2]

CACHE: Final = Path(os.environ.get("IMAGE_PIPELINE_CACHE") or _ROOT / ".cache")
"""Cache of files that can be built again. An installed wheel has it in the user's own cache."""

CARRIED: Final = _ROOT / "bundles"
"""Zips built from this source, which our wheel contains; a checkout has none."""

_FOR_BUILD: Final = re.compile(r"(^|/)requirements\.[^/]*$|\.(pyi|c|h)$")
"""Files of the function that only its build needs."""

_KEPT: Final = 5
"""How many zips of a target stay in the cache, newest first: each edit adds 15 MB."""

_NO_INTERPRETER: Final = (
    "No Python {0} was found to precompile the bundle with, so a cold start takes about twice as "
    "long; install it with `uv python install {0}` or `pyenv install {0}`."
)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A zip that Lambda accepts.

    Attributes:
        path: where the zip is; its name carries its digest, so a path never changes content.
        sha256_base64: digest in the form of Lambda's CodeSha256.
        seconds: how long the build took; 0 if the zip was in the cache.
        warnings: sentences, each on a flaw of this bundle and how to remove it.
    """

    path: Path
    sha256_base64: str
    seconds: float = field(default=0, compare=False)
    warnings: tuple[str, ...] = ()


def build(
    target: Target, *, source: Path = _ROOT / "function", cache: Path = CACHE / "bundle"
) -> Bundle:
    """Build the bundle of ``source`` for ``target``, or find it in ``CARRIED`` or ``cache``.

    Args:
        target: the interpreter that will load the bundle.
        source: the package to ship under its own name, with a hash-pinned ``requirements.txt``.
        cache: folder for wheels and finished zips; made when missing, safe to delete, and safe
            for several processes at once.

    Raises:
        BundleError: a wheel is missing or of the wrong architecture, the package index cannot be
            reached, a source does not compile, the zip exceeds the largest size, or the cache
            cannot be written.
    """
    stem, start = f"{source.name}-{target.slug}", time.monotonic()
    if carried := next(CARRIED.glob(f"{stem}-*.zip"), None):
        return _bundle(carried)
    own = _read_source(source)
    interpreter = find_interpreter(target.python)
    warnings = () if interpreter else (_NO_INTERPRETER.format(target.python),)
    stem = f"{stem}-{_key(own, interpreter)}"
    if found := _cached(cache, stem):
        return _bundle(found, warnings=warnings)
    _make(cache)
    loaded = unpack(fetch(target, source / "requirements.txt", cache), target)
    loaded = leave_out_encoder(loaded, target, cache / "native")
    module = _compile_native(own, target, cache)
    path = _save(pack(_assemble(own | module, loaded, interpreter), target), cache, stem)
    return _bundle(path, seconds=time.monotonic() - start, warnings=warnings)


def _make(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror
    else:
        if os.access(cache, os.W_OK):
            return
        reason = os.strerror(errno.EACCES)
    raise BundleError(
        f"The bundle must be built, and its cache {cache} cannot be written ({reason}); name a "
        "folder of yours in the environment variable IMAGE_PIPELINE_CACHE."
    )


def _bundle(path: Path, *, seconds: float = 0, warnings: tuple[str, ...] = ()) -> Bundle:
    digest = hashlib.sha256(path.read_bytes()).digest()
    sha256 = base64.b64encode(digest).decode()
    return Bundle(path=path, sha256_base64=sha256, seconds=seconds, warnings=warnings)


def _read_source(source: Path) -> dict[str, bytes]:
    if not (source / "requirements.txt").is_file():
        raise BundleError(f"{source} has no requirements.txt; name the function's folder.")
    paths = [path.relative_to(source.parent) for path in source.rglob("*") if path.is_file()]
    return {
        path.as_posix(): (source.parent / path).read_bytes()
        for path in sorted(paths)
        if not any(part.startswith((".", "__pycache__")) for part in path.parts)
        and path.suffix != ".so"  # made for this machine
    }


def _compile_native(own: Mapping[str, bytes], target: Target, cache: Path) -> dict[str, bytes]:
    """Compile the C sources of a package, if it has any; the module goes beside their folder."""
    sources = {PurePosixPath(name): own[name] for name in own if name.endswith((".c", ".h"))}
    if not sources:
        return {}
    by_name = {path.name: data for path, data in sources.items()}
    beside = next(iter(sources)).parent.parent
    return {f"{beside / MODULE}": compile_library(by_name, target, cache / "native")}


def _assemble(
    own: Mapping[str, bytes], loaded: Mapping[str, bytes], interpreter: Interpreter | None
) -> dict[str, bytes]:
    """Join the function's files with its wheels' and, where it can, with the bytecode of both."""
    files = {**loaded, **{name: own[name] for name in own if not _FOR_BUILD.search(name)}}
    return files | compile_sources(files, interpreter) if interpreter else files


def _key(own: Mapping[str, bytes], interpreter: Interpreter | None) -> str:
    """Return a digest of everything that the zip depends on, apart from the target."""
    digest = hashlib.sha256()
    recipe = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
    python = interpreter.version if interpreter else "none"
    tools = [python.encode(), zlib.ZLIB_RUNTIME_VERSION.encode()]
    names = [name.encode() for name in own]
    for part in (*recipe, *tools, *names, *own.values()):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()[:16]


def _cached(cache: Path, stem: str) -> Path | None:
    """Return the zip built from the same inputs, if its content still matches its name."""
    zips = cache.glob(f"{stem}-*.zip")
    return next((p for p in zips if p.stem.endswith(_short_digest(p.read_bytes()))), None)


def _save(data: bytes, cache: Path, stem: str) -> Path:
    path = cache / f"{stem}-{_short_digest(data)}.zip"
    with TemporaryDirectory(dir=cache) as scratch:
        Path(scratch, path.name).write_bytes(data)
        Path(scratch, path.name).replace(path)
    of_target = f"{stem.rpartition('-')[0]}-*.zip"
    with suppress(FileNotFoundError):  # another process deletes the oldest too
        for old in sorted(cache.glob(of_target), key=lambda zip_: zip_.stat().st_mtime)[:-_KEPT]:
            old.unlink()
    return path


def _short_digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
