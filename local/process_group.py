"""The process group of an embedded AWS: the server and the functions that it started."""

import os
import shutil
import signal
import subprocess
import time
from typing import Final

STOP_SECONDS: Final = 5

started: Final[list[subprocess.Popen[bytes]]] = []
"""Servers that this process started, kept so that it notices when one ends."""


def kill(pid: int) -> None:
    """End a server and its functions, by SIGTERM and then by SIGKILL."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        _send(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while _send(pid, 0) and time.monotonic() < deadline:
            _reap()
            time.sleep(0.05)


def may_be_of(pid: int, address: str) -> bool:
    """Return whether a group may be that of a server with this address as its argument.

    After a restart of the machine its number may be that of another program. It cannot be while
    functions of a server that has died are running; then nothing has this process id.
    """
    ps = shutil.which("ps")
    if ps is None:
        return True
    asked = [ps, "-ww", "-o", "args=", "-p", str(pid)]
    command = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    return not command or address in command or "<defunct>" in command


def _send(pid: int, number: int) -> bool:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return False
    return True


def _reap() -> None:
    """Collect servers of this process that have ended, so that their groups can vanish."""
    started[:] = [process for process in started if process.poll() is None]
