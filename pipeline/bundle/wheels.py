"""Wheels for a target: fetched by hash, pruned, and checked to be of the target's architecture."""

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipeline.bundle.target import BundleError, Machine, Target

_WHEEL_NAMES: Final[Mapping[Machine, str]] = {"x86_64": "x86_64", "arm64": "aarch64"}
_ELF_NAMES: Final[Mapping[int, str]] = {62: "x86_64", 183: "arm64"}
_GLIBC: Final = range(34, 16, -1)
"""Minor versions of glibc 2 whose wheels Amazon Linux 2023 (glibc 2.34) loads, newest first."""

_PIP_SECONDS: Final = 600

_UNUSED: Final = re.compile(
    r"""
    /$ | \.pyi$ | (^|/)py\.typed$ | (^|/)tests?/
    | \.dist-info/(?!licenses/|LICEN[CS]E|COPYING|NOTICE)
    | ^PIL/(__main__|report|_tkinter_finder|ImageGrab|ImageQt|ImageTk|ImageWin)\.py$
    | ^PIL/_imagingtk\.
    | ^isal/isa-l/(?!LICENSE)  # the sources of its library
    | ^fontpkg_\w+/metadata\.json$  # nothing reads it
    """,
    re.VERBOSE,
)
"""Names in a wheel that the function never loads and whose licence does not ask us to ship them."""

_CAUSES: Final = {
    r"No module named pip": (
        "This Python has no pip to fetch the function's wheels with; run `python -m ensurepip`."
    ),
    r"(Connection|NameResolution|Timeout|Proxy|SSL)Error|Connection\w+Error": (
        "The package index cannot be reached and the cache holds no wheels for {target}; connect "
        "once, or point pip at a reachable index with PIP_INDEX_URL."
    ),
    r"No matching distribution found for (?P<what>[^\s;]+)": (
        "{what} has no wheel for {target} among the hashes of {pins}; choose a "
        "runtime and architecture it supports, or a version of it that has one."
    ),
    r"DO NOT MATCH THE HASHES.*\n\s+(?P<what>\S+) from": (
        "The wheel of {what} for {target} is not one that {pins} pins; if you "
        "trust the index, compile that file again."
    ),
    r"ERROR: (?P<what>.+)": "pip could not fetch the function's wheels for {target}: {what}",
}
"""Patterns of pip's standard error, and the sentence for each; the first match counts."""


def fetch(target: Target, requirements: Path, cache: Path) -> list[Path]:
    """Return the wheels that ``requirements`` pins for ``target``, from the cache when it can.

    Args:
        target: the interpreter that will load the wheels.
        requirements: requirements file in which every package carries its hashes.
        cache: folder to keep the wheels in; two processes may fetch into it at once.

    Raises:
        BundleError: a package has no wheel for the target, or pip cannot reach its index.
    """
    pinned = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    wheels = cache / f"wheels-{target.slug}-{pinned}"
    if not wheels.is_dir():
        with TemporaryDirectory(dir=cache) as scratch:
            fresh = Path(scratch, "wheels")
            _download(target, requirements, fresh)
            try:
                fresh.rename(wheels)
            except OSError:  # unless another process was first, whose wheels have the same hashes
                if not wheels.is_dir():
                    raise
    return sorted(wheels.glob("*.whl"))


def unpack(wheels: Iterable[Path], target: Target) -> dict[str, bytes]:
    """Return what the function loads from ``wheels``, and their licences, by path in the bundle.

    Raises:
        BundleError: a shared library is not one that ``target`` can load.
    """
    files: dict[str, bytes] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if not _UNUSED.search(name)]
            files.update({name: archive.read(name) for name in names})
    check_architecture(files, target)
    return files


def check_architecture(files: Mapping[str, bytes], target: Target) -> None:
    """Refuse shared libraries that ``target`` cannot load; Lambda would say so only at run time.

    For a native target, pip's choice is trusted, because other systems do not use ELF.

    Raises:
        BundleError: a library is of another architecture, or not ELF at all.
    """
    if target.native:
        return
    for name, data in files.items():
        is_elf = data.startswith(b"\x7fELF")
        found = _ELF_NAMES.get(int.from_bytes(data[18:20], "little")) if is_elf else None
        if (is_elf or re.search(r"\.so(\.|$)", name)) and found != target.machine:
            raise BundleError(
                f"{name} is built for {found or 'another system'} and {target} cannot load it; "
                "pin a release whose wheel has the right tag, and delete the cached wheels."
            )


def _download(target: Target, requirements: Path, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries=2"]
    pins = ["--only-binary=:all:", "--no-deps", "--require-hashes", f"--requirement={requirements}"]
    command = [*pip, *pins, *_tags(target), f"--dest={folder}"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PIP_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BundleError(
            f"pip did not fetch the function's wheels for {target} within {_PIP_SECONDS // 60} "
            "minutes; check the connection to its index."
        ) from error
    if done.returncode:
        raise explain(done.stderr, target, f"{requirements.parent.name}/{requirements.name}")


def _tags(target: Target) -> list[str]:
    if target.native:
        return []
    machine = _WHEEL_NAMES[target.machine]
    python = target.python.replace(".", "")
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in _GLIBC]
    # pip takes manylinux2014 to include all older tags, such as manylinux1.
    platforms.append(f"--platform=manylinux2014_{machine}")
    abis = [f"--abi=cp{python}", "--abi=abi3", "--abi=none"]
    return ["--implementation=cp", f"--python-version={target.python}", *abis, *platforms]


def explain(output: str, target: Target, pins: str) -> BundleError:
    """Turn pip's standard error into one sentence; ``pins`` names the requirements file."""
    for pattern, sentence in _CAUSES.items():
        if found := re.search(pattern, output):
            return BundleError(sentence.format(target=target, pins=pins, **found.groupdict()))
    return BundleError(f"pip could not fetch the function's wheels for {target}: {output.strip()}")
