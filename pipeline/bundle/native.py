"""Compile C for a target, such as the function's module, with a compiler from the package index.

``ziglang`` is Clang with every target's libc in one wheel, so nobody needs a toolchain and any
machine builds for both of Lambda's architectures. The module uses Python's stable ABI alone: one
file serves every Python from 3.11 on.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipeline.bundle.target import BundleError, Machine, Target

MODULE: Final = "_native.abi3.so"
"""Name of the compiled module; Python finds it as ``_native``."""

_SECONDS: Final = 300

_SYSTEMS: Final[Mapping[tuple[str, Machine], str]] = {
    ("linux", "x86_64"): "x86_64-linux-gnu.2.17",
    ("linux", "arm64"): "aarch64-linux-gnu.2.17",
    ("darwin", "x86_64"): "x86_64-macos",
    ("darwin", "arm64"): "aarch64-macos",
}
"""Zig's names of the systems that a module runs on. Glibc 2.17 is what the oldest wheels still made
(manylinux2014) need, so a module loads wherever the function's wheels do; Lambda has 2.34."""

_VECTORS: Final[Mapping[Machine, str]] = {"x86_64": "x86_64+avx2+bmi+bmi2", "arm64": "generic"}
"""CPU for the files that run only once the module has checked the CPU; all aarch64 has NEON."""

_CHECKED_FIRST: Final = frozenset(
    {
        "fdct.c",
        "huffman_decode.c",
        "huffman_encode.c",
        "idct.c",
        "jpeg_decode.c",
        "jpeg_encode.c",
        "planes.c",
        "resample.c",
        "similarity.c",
        "unfilter.c",
    }
)
"""Files that may use the vectors of ``_VECTORS``."""

_FLAGS: Final = (
    "-std=gnu11",
    "-O3",
    "-fPIC",
    "-fvisibility=hidden",
    "-fwrapv",  # sums of halves wrap on purpose
    "-ffp-contract=off",  # weights round as Pillow's do
    "-fno-sanitize=all",  # zig adds sanitizers by default; the tests add theirs
    "-g0",
    "-Wall",
    "-Wextra",
    "-Werror",
)


def compile_library(
    sources: Mapping[str, bytes], target: Target, cache: Path, library: str = MODULE
) -> bytes:
    """Compile C files into a shared library, or find it in ``cache``; equal sources, equal bytes.

    Args:
        sources: the ``.c`` and ``.h`` files by name, all in one folder.
        target: the interpreter that will load the library.
        cache: folder for finished libraries and for the compiler's own files; made when missing,
            safe to delete, and safe for several processes at once.
        library: name of the library.

    Raises:
        BundleError: the compiler is not installed, does not know the target, or refuses a source.
    """
    system = _system(target)
    path = cache / f"{_key(sources, system)}-{library}"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache) as scratch:
            folder = Path(scratch)
            for name, data in sources.items():
                (folder / name).write_bytes(data)
            _compile(folder, library, system, target.machine, cache)
            (folder / library).replace(path)
    return path.read_bytes()


def _system(target: Target) -> str:
    platform = sys.platform if target.native else "linux"
    system = _SYSTEMS.get((platform, target.machine))
    if system is None:
        raise BundleError(f"The C module builds for Linux and macOS; this system is {platform}.")
    return system


def _key(sources: Mapping[str, bytes], system: str) -> str:
    """Return a digest of everything that the library depends on."""
    try:
        compiler = version("ziglang")
    except PackageNotFoundError:
        raise BundleError(
            "The compiler is missing; run `pip install -r requirements.txt`, which has ziglang."
        ) from None
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for part in (system, compiler, *sorted(sources)):
        digest.update(part.encode() + b"\0")
    for name in sorted(sources):
        digest.update(hashlib.sha256(sources[name]).digest())
    return digest.hexdigest()[:16]


def _compile(folder: Path, library: str, system: str, machine: Machine, cache: Path) -> None:
    objects: list[str] = []
    for source in sorted(folder.glob("*.c")):
        vectors = ("-mcpu=" + _VECTORS[machine],) if source.name in _CHECKED_FIRST else ()
        objects.append(f"{source.stem}.o")
        _zig(folder, cache, system, *_FLAGS, *vectors, "-c", source.name, "-o", objects[-1])
    # Python's own names are found when Python loads the module.
    is_macos = "macos" in system
    names = "-Wl,-undefined,dynamic_lookup" if is_macos else f"-Wl,-soname,{library}"
    _zig(folder, cache, system, "-shared", "-s", names, *objects, "-lm", "-o", library)


def _zig(folder: Path, cache: Path, system: str, *arguments: str) -> None:
    zig_cache = str((cache / "zig").absolute())
    done = subprocess.run(
        [sys.executable, "-m", "ziglang", "cc", "-target", system, *arguments],
        cwd=folder,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": zig_cache, "ZIG_LOCAL_CACHE_DIR": zig_cache},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split())
        raise BundleError(f"The C module does not compile for {system}: {reason[:2000]}")
