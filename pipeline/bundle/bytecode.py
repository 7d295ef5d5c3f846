"""Bytecode for a target's Python: Lambda's disk is read-only, so it must come with the bundle."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from pipeline.bundle.target import BundleError

_PROBE: Final = (
    "import sys; v = sys.version_info;"
    "print(sys.implementation.name, v.releaselevel, f'{v[0]}.{v[1]}', v[2])"
)
_PROBE_SECONDS: Final = 20
_COMPILE_SECONDS: Final = 300
_LAMBDA_ROOT: Final = "/var/task"


class Interpreter(NamedTuple):
    """A CPython on this machine."""

    path: str
    version: str


def find_interpreter(python: str) -> Interpreter | None:
    """Find a released CPython of version ``python``, e.g. ``"3.13"``; None when there is none.

    Looks at the running interpreter, then at PATH, then at what pyenv and uv have installed.
    """
    for path in _candidates(python):
        found = _probe(path).split()
        if found[:3] == ["cpython", "final", python]:
            return Interpreter(path, ".".join(found[2:]))
    return None


def compile_sources(files: Mapping[str, bytes], interpreter: Interpreter) -> dict[str, bytes]:
    """Compile the Python sources among ``files``; return their ``.pyc`` by path in the bundle.

    The files are of the unchecked-hash kind, which CPython loads whatever the times of the
    sources that an unzip gave them, and name the path that tracebacks will have on Lambda.

    Raises:
        BundleError: a source is not valid in this version of Python.
    """
    with TemporaryDirectory() as scratch:
        root = Path(scratch)
        for name in sorted(files):
            if name.endswith(".py"):
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files[name])
        _compile_folder(root, interpreter)
        compiled = sorted(root.rglob("*.pyc"))
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in compiled}


def _candidates(python: str) -> Iterator[str]:
    name = f"python{python}"
    yield sys.executable
    yield shutil.which(name) or ""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"), "versions")
    data = Path(os.environ.get("XDG_DATA_HOME", home / ".local" / "share"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", data / "uv" / "python"))
    for folder, pattern in ((pyenv, f"{python}*"), (uv, f"cpython-{python}*")):
        with suppress(PermissionError):  # the environment may name another user's folder
            yield from sorted(str(path) for path in folder.glob(f"{pattern}/bin/{name}"))


@lru_cache  # an interpreter takes 50 ms to start, and a program may have several pipelines
def _probe(path: str) -> str:
    try:
        return _run(path, "-c", _PROBE, seconds=_PROBE_SECONDS).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _compile_folder(root: Path, interpreter: Interpreter) -> None:
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", _LAMBDA_ROOT]
    done = _run(interpreter.path, "-m", "compileall", *options, str(root), seconds=_COMPILE_SECONDS)
    if done.returncode:
        reason = " ".join(done.stdout.replace(f"{root}{os.sep}", "").split())
        raise BundleError(
            f"The bundle does not compile under Python {interpreter.version}, its runtime's "
            f"version; correct the source or choose another runtime: {reason}"
        )


def _run(python: str, *arguments: str, seconds: int) -> subprocess.CompletedProcess[str]:
    # -I would do, but it also ignores the fixed hash seed that makes the bytecode repeatable.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [python, "-s", "-S", "-P", *arguments],
        env={**inherited, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
