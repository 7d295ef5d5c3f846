"""The time limit of one upload, enforced by the process that waits for its worker."""

import math
import os
import time
from pathlib import Path

from function.engine.budget import vcpu_share
from function.engine.errors import DecoderBug, IsolationFailed, Stopped


class TimeLimit:
    """The clock time of one upload, extended if a busy machine gives its worker too little CPU."""

    def __init__(self, seconds: float, most: float, left: float, memory_mb: int | None) -> None:
        self.seconds, self._most, self._left = seconds, most, left
        self._share = vcpu_share(memory_mb)

    def start(self, worker: int | None) -> None:
        """Start the clock for a worker."""
        self._worker, self._extra = worker, 0.0
        self._started, used = time.monotonic(), cpu_seconds(worker)
        self._used_before = used if math.isfinite(used) else 0.0

    def deadline(self) -> float:
        """Return when to look again, by ``time.monotonic``."""
        return self._started + min(self.seconds + self._extra, self._most, self._left)

    def extend(self) -> None:
        """Allow more time if the worker had less than half of the CPU that belongs to it.

        Raises:
            Stopped: the worker had its time.
            IsolationFailed: it had not, but the invocation has no time left, or the machine no CPU.
            DecoderBug: it is idle, waiting for something.
        """
        now, allowed = time.monotonic(), min(self.seconds, self._most)
        if self._left < allowed:
            raise IsolationFailed("too little time was left for this upload")
        used = cpu_seconds(self._worker) - self._used_before
        if used >= allowed * self._share / 2:
            raise Stopped
        is_at_end = now >= self._started + self._most
        if now >= self._started + self._left or (is_at_end and is_running(self._worker)):
            raise IsolationFailed("this upload was given too little of the CPU")
        if is_at_end:
            raise DecoderBug(f"the worker did not end, and used {used:.2f} s of CPU")
        self._extra = now - self._started - self.seconds + allowed - used / self._share


def cpu_seconds(process: int | None) -> float:
    """Return the CPU time of a process and its threads; infinite where the kernel has none."""
    if not (facts := _facts(Path(f"/proc/{process}/stat"))):
        return math.inf
    return (int(facts[11]) + int(facts[12])) / os.sysconf("SC_CLK_TCK")


def is_running(process: int | None) -> bool:
    """Return True if a thread runs, or would if it were given a CPU (proc_pid_stat(5)).

    The first thread may only wait for the threads that decode.
    """
    threads = Path(f"/proc/{process}/task").glob("*/stat")
    return any(_facts(thread)[:1] == ["R"] for thread in threads)


def _facts(stat: Path) -> list[str]:
    """Return the fields of such a file from the state on; nothing without ``/proc``."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
