"""What a figure was measured on, and how a measuring command talks to whoever started it."""

import datetime as dt
import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

_LIBRARIES: Final = (
    "pillow",
    "pillow-heif",
    "resvg-py",
    "obstore",
    "pyvips",
    "opencv-python-headless",
)


class UsageError(Exception):
    """A command was misused; its text is one sentence that says what to do."""


def facts() -> dict[str, Any]:
    """Machine, versions, commit and time of a run."""
    return {
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "libraries": {name: v for name in _LIBRARIES if (v := version(name))},
        "commit": _commit(),
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }


def version(name: str) -> str | None:
    """Installed version of a distribution; None if it is not installed."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


class Progress:
    """A bar on a terminal; nothing where nobody watches."""

    def __init__(self, title: str, steps: int) -> None:
        self._title, self._steps, self._done = title, steps, 0
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")

    def step(self) -> None:
        """One step is done."""
        self._done += 1
        if self._shown:
            full = 30 * self._done // max(1, self._steps)
            sys.stderr.write(f"\r{'█' * full}{'░' * (30 - full)} {self._title}")
            sys.stderr.flush()


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
