"""One Lambda execution environment: start it, hand it events, read what REPORT would say."""

import math
import os
import re
import signal
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any, Final, Literal, Self

from bench.sandbox import control_group
from bench.sandbox.function_log import was_rejected
from bench.sandbox.runtime_api import Invocation, RuntimeApi
from bench.sandbox.tmp import Tmp
from pipeline.bundle import Bundle
from terminal import Failure

Outcome = Literal["ok", "rejected", "failed", "oom", "timeout", "crashed"]

HANDLER: Final = "function.handler.handle"
_INIT_LIMIT_S: Final = 60.0
_BOOT: Final = """
import sys
sys.path[:0] = [sys.argv[1]]
sys.path.append(sys.argv[2])
sys.argv = ["awslambdaric", sys.argv[3]]
from awslambdaric.__main__ import main
main(sys.argv)
"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What Lambda's REPORT line says of one invocation, and how it ended.

    Attributes:
        outcome: "ok", or what went wrong; a kill for memory and a timeout are results.
        duration_ms: from the event's delivery to the answer's arrival.
        init_ms: the cold start before it; None when the environment was warm.
        billed_ms: whole ms, the initialisation included, as AWS bills since 2025-08-01.
        max_memory_mb: most that was held at once so far, in MiB as Lambda counts them.
        cpu_ms: CPU time of all processes: the function, the zygote and its workers.
    """

    outcome: Outcome
    duration_ms: float
    init_ms: float | None
    billed_ms: int
    max_memory_mb: float
    cpu_ms: float


class Sandbox:
    """An execution environment; a context manager that leaves no process and no group behind.

    Args:
        task: folder of the unpacked bundle.
        memory_mb: Lambda memory size.
        variables: the function's environment variables.
        timeout_s: the function's timeout.
        hold: what of the memory size to hold it to.
        free_start: hold back CPU only once the function is initialised, as Lambda does.
    """

    def __init__(
        self,
        task: Path,
        memory_mb: int,
        variables: dict[str, str],
        *,
        timeout_s: float = 30,
        hold: control_group.Hold = "cpu and memory",
        free_start: bool = False,
    ) -> None:
        self._task, self._variables, self._timeout_s = task, variables, timeout_s
        self._free_start = free_start
        self._memory_mb = memory_mb
        self._hold: control_group.Hold = hold
        self._init_ms: float | None = None

    def __enter__(self) -> Self:
        self._api = RuntimeApi()
        held = "memory" if self._free_start and self._hold != "nothing" else self._hold
        self.group = control_group.build(self._memory_mb, held)
        self._tmp = Tmp()
        self._log = TemporaryFile()
        self._read = 0
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            self.group.wrap(self._command()),
            env=self._environment(),
            stdout=self._log,
            start_new_session=True,  # Ctrl-C is for the bench, which keeps what is done
        )
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()
        self.group.remove()
        self._tmp.remove()
        self._log.close()

    def wait_ready(self) -> None:
        """Wait until the function is initialised.

        Raises:
            Failure: it is not within a minute, or failed to.
        """
        deadline = time.perf_counter() + _INIT_LIMIT_S
        while not self._api.ready.wait(0.05):
            if self._process.poll() is not None or time.perf_counter() > deadline:
                break
        if self._api.init_error:
            raise Failure(f"The function failed to start: {self._api.init_error}.")
        if self._api.ready_at:
            self._init_ms = self._scaled((self._api.ready_at - self._started) * 1000, 0.0)
        if self._free_start and self._hold == "cpu and memory":
            self.group.hold_cpu()

    def invoke(self, event: dict[str, Any]) -> Report:
        """Hand over one event and wait for its end."""
        if not self._api.ready.is_set():
            self.wait_ready()
        init_ms, self._init_ms = self._init_ms, None
        cpu = self._cpu_ms()
        invocation = Invocation(event)
        queued = time.perf_counter()
        self._api.waiting.put(invocation)
        outcome = self._wait(invocation, queued)
        started = invocation.started or queued
        duration = ((invocation.ended or time.perf_counter()) - started) * 1000
        cpu_ms = max(0.0, self._cpu_ms() - cpu)
        duration = self._scaled(duration, cpu)
        return Report(
            outcome=outcome,
            duration_ms=duration,
            init_ms=init_ms,
            billed_ms=math.ceil(duration + (init_ms or 0)),
            max_memory_mb=self._peak_mb(),
            cpu_ms=cpu_ms,
        )

    def _scaled(self, wall_ms: float, cpu_before_ms: float) -> float:
        """The time as it is; where nothing is held back, waiting plus CPU time over the share.

        An estimate: it knows neither the 20 ms steps of a quota nor who else uses the machine.
        """
        if self.group.kind != "none" or self._hold == "memory":
            return wall_ms
        cpu_ms = self._cpu_ms() - cpu_before_ms
        return max(0.0, wall_ms - cpu_ms) + cpu_ms / min(1.0, self.group.share)

    def _wait(self, invocation: Invocation, queued: float) -> Outcome:
        while not invocation.done.wait(0.01):
            if self._process.poll() is not None:
                return "oom" if self.group.killed_for_memory() else "crashed"
            if time.perf_counter() - queued > self._timeout_s:
                return "timeout"
        if invocation.failed or invocation.answer.get("batchItemFailures"):
            return "failed"
        return "rejected" if was_rejected(self._new_log()) else "ok"

    def _new_log(self) -> str:
        """What the function has written since the last look, without moving where it writes."""
        end = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), end - self._read, self._read)
        self._read = end
        return text.decode(errors="replace")

    def _command(self) -> list[str]:
        site = sysconfig.get_path("platlib")
        return [sys.executable, "-ISB", "-c", _BOOT, str(self._task), site, HANDLER]

    def _environment(self) -> dict[str, str]:
        return {
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self._memory_mb),
            "LAMBDA_TASK_ROOT": str(self._task),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self._tmp.path),
            "TZ": ":UTC",
            **self._variables,
        }

    def _peak_mb(self) -> float:
        """Return the most memory that all processes held at once, with the files that they map.

        The control group does not count file pages that another group has read before, so they are
        added. Without a control group it is the sum of each process's own peak: what they share is
        counted more than once. A process that was killed for want of memory held all of it.
        """
        if self._process.poll() is not None:
            return float(self._memory_mb)
        processes = _descendants(self._process.pid)
        peak = self.group.peak_mb()
        if peak is None:
            return round(sum(map(_largest_mb, processes)), 1)
        return round(peak + _mapped_files_mb(processes), 1)

    def _cpu_ms(self) -> float:
        """Return the CPU time of the process, its children, and theirs."""
        ticks = sum(_cpu_ticks(process) for process in _descendants(self._process.pid))
        return ticks * 1000 / os.sysconf("SC_CLK_TCK")


def _descendants(process: int) -> list[int]:
    """Return a process, its children, and theirs."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(_fields(path)[1])
    found = [process]
    for known in found:
        found += [child for child, parent in parents.items() if parent == known]
    return found


def _cpu_ticks(process: int) -> int:
    """Return the CPU time of a process and of the children that it has waited for."""
    try:
        return sum(map(int, _fields(Path(f"/proc/{process}/stat"))[11:15]))
    except OSError:
        return 0


def _largest_mb(process: int) -> float:
    """Return the largest resident set of a process."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _mapped_files_mb(processes: list[int]) -> float:
    """Return the pages of files that processes map, each file counted once."""
    files: dict[str, int] = {}
    for process in processes:
        with suppress(OSError):
            own: dict[str, int] = {}
            name = ""
            for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
                if head := _MAPPING.match(line):
                    name = head[1]
                elif name and line.startswith(("Rss:", "Anonymous:")):
                    sign = 1 if line.startswith("Rss:") else -1
                    own[name] = own.get(name, 0) + sign * int(line.split()[1])
            for name, size in own.items():
                files[name] = max(size, files.get(name, 0))
    return sum(files.values()) / 1024


_MAPPING: Final = re.compile(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*((?!/memfd:|/dev/)/\S.*)?$")
"""First line of a mapping, with the path of its file. Shared memory is in the group's count."""


def _fields(path: Path) -> list[str]:
    """Return the fields of a process's ``stat`` that follow its name."""
    return path.read_text().rpartition(")")[2].split()


@contextmanager
def unpacked(bundle: Bundle) -> Generator[Path]:
    """Unpack the bundle as Lambda lays it out, for as long as the block runs."""
    with TemporaryDirectory(prefix="bench-task-") as folder:
        with zipfile.ZipFile(bundle.path) as archive:
            archive.extractall(folder)
        yield Path(folder)
