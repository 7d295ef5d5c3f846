"""The machine that a figure was measured on."""

import datetime as dt
import importlib.metadata
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (
    *("pillow", "pillow-heif", "resvg-py", "obstore"),  # the function's
    *("pyvips", "opencv-python-headless"),  # peers of bench compare
)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Machine, versions, commit (None outside a repository) and time of a run."""

    cpu: str
    cpus: int | None
    kernel: str
    python: str
    libraries: dict[str, str]
    commit: str | None
    date: str


def facts() -> Machine:
    """Return the facts of this machine, now."""
    return Machine(
        cpu=_cpu(),
        cpus=os.cpu_count(),
        kernel=platform.release(),
        python=platform.python_version(),
        libraries={name: v for name in _LIBRARIES if (v := version(name))},
        commit=_commit(),
        date=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    )


def version(name: str) -> str | None:
    """Return the installed version of a distribution; None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _commit() -> str | None:
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()
