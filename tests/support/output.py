"""Places that take no output, or ASCII alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
NO_SPACE = "error: The output cannot be written: No space left on device.\n"


def run_into_full(*command, both: bool = False) -> subprocess.CompletedProcess:
    """Run Python, with its buffers, on a disk that is full, which Linux has as a device."""
    if not FULL.exists():
        pytest.skip("there is no /dev/full")
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with FULL.open("wb") as full:
        given = {"stdout": full, "stderr": full if both else subprocess.PIPE}
        return subprocess.run(
            [sys.executable, *command], **given, env=environment, text=True, check=False
        )


def run_in_ascii(*command) -> subprocess.CompletedProcess:
    """Run Python where output can be ASCII alone."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    return subprocess.run(
        [sys.executable, *command], capture_output=True, env=environment, check=False
    )


def assert_no_traceback(*words: str) -> None:
    """A command that works says in one sentence that a disk is full, and speaks ASCII if it must.

    Args:
        words: the module and the command's arguments.
    """
    done = run_into_full("-m", *words)
    assert (done.stderr, done.returncode) == (NO_SPACE, 1)
    done = run_in_ascii("-m", *words)
    assert (done.stderr, done.returncode) == (b"", 0)
    assert done.stdout.isascii()
