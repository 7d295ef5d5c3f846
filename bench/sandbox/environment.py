"""One Lambda execution environment: start it, hand it events, read what REPORT would say."""

import math
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory, TemporaryFile, mkdtemp
from typing import Any, Final, Literal, Self

from bench.sandbox import control_group, initialisation, processes
from bench.sandbox.function import was_rejected
from bench.sandbox.runtime_api import Invocation, RuntimeApi
from pipeline.bundle import Bundle, Target
from terminal import Failure

Outcome = Literal["ok", "rejected", "failed", "oom", "timeout", "crashed"]

HANDLER: Final = "function.handler.handle"
VIEW_HANDLER: Final = "function.view_handler.handle"
"""Entry points of the bundle; the program's own would load the provider, which takes 3 s."""

_INIT_LIMIT_S: Final = 60.0
"""Longest start that the bench waits for, not Lambda's limit: at 128 MB a throttled one takes
seconds."""
_TMP_MB: Final = 512
"""Lambda's default, which the stack does not change (AWS Lambda API Reference, "EphemeralStorage",
read 2026-11-27)."""
_HELLO_WORLD: Final = "def handle(event, context):\n    return 'hello world'\n"
_HELLO_STARTS: Final = 9
_CLIENT_ERROR, _SERVER_ERROR = 400, 500

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
    """Lambda's REPORT line of one invocation, and how it ended."""

    outcome: Outcome  # a kill for memory and a timeout are results
    duration_ms: float  # from the event's delivery to the answer's arrival
    init_ms: float | None  # the cold start before it, as Lambda has it; None when it was warm
    billed_ms: int  # whole ms, the initialisation included, as AWS bills since 2025-08-01
    max_memory_mb: float  # most that was held at once so far, in MiB as Lambda counts them
    cpu_ms: float  # of all processes: the function, the zygote and its workers


@dataclass(kw_only=True)
class Sandbox:
    """An execution environment; a context manager that leaves no process and no group behind.

    The CPU is limited once the function is initialised, as Lambda does on demand.
    """

    task: Path = field(kw_only=False)  # folder of the unpacked bundle
    memory_mb: int = field(kw_only=False)
    variables: dict[str, str] = field(kw_only=False)  # the function's environment
    handler: str = HANDLER  # the entry point, as Lambda names it
    timeout_s: float = 30  # the function's
    hold: control_group.Hold = "cpu and memory"
    provisioned_concurrency: bool = False  # limit the CPU during the initialisation too
    hello_world_ms: float | None = (
        None  # start of hello world here; None: measure it, once a process
    )
    start_ms: float | None = field(default=None, init=False)  # from exec to the first request
    _is_ready: bool = field(default=False, init=False)  # the initialisation was waited for
    _is_cold: bool = field(default=True, init=False)  # no event was handed over yet

    def __enter__(self) -> Self:
        if self.hello_world_ms is None:  # before anything runs beside it
            self.hello_world_ms = hello_world_start_ms(self.hold)
        self._api = RuntimeApi(self._hold_cpu)
        free = self.hold == "cpu and memory" and not self.provisioned_concurrency
        self.group = control_group.build(self.memory_mb, "memory" if free else self.hold)
        self._tmp = Tmp()
        self._log = TemporaryFile()
        self._read = 0
        self._started = time.perf_counter()
        site = sysconfig.get_path("platlib")
        boot = [sys.executable, "-ISB", "-c", _BOOT, str(self.task), site, self.handler]
        environment = {
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "AWS_LAMBDA_FUNCTION_NAME": "bench",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory_mb),
            "LAMBDA_TASK_ROOT": str(self.task),
            "PATH": os.environ["PATH"],
            "TMPDIR": str(self._tmp.path),
            "TZ": ":UTC",
            **self.variables,
        }
        self._process = subprocess.Popen(
            self.group.wrap(boot),
            env=environment,
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
        """Wait at most a minute for the initialisation; raise ``Failure`` if it fails."""
        deadline = time.perf_counter() + _INIT_LIMIT_S
        while not self._api.ready.wait(0.05):
            if self._process.poll() is not None or time.perf_counter() > deadline:
                break
        if self._api.init_error:
            raise Failure(f"The function failed to start: {self._api.init_error}.")
        if self._api.ready_at:
            wall_ms = (self._api.ready_at - self._started) * 1000
            self.start_ms = self._scaled(wall_ms, 0.0) if self.provisioned_concurrency else wall_ms
        self._is_ready = True

    def invoke(self, event: dict[str, Any]) -> Report:
        """Hand over one event and wait for its end."""
        if not self._is_ready:  # the function may have been ready for a while
            self.wait_ready()
        init_ms, self._is_cold = self.init_ms if self._is_cold else None, False
        cpu = self._cpu_ms()
        invocation = Invocation(event)
        queued = time.perf_counter()
        self._api.waiting.put(invocation)
        outcome = self._wait(invocation, queued)
        ended = invocation.ended or time.perf_counter()
        cpu_ms = max(0.0, self._cpu_ms() - cpu)
        duration = self._scaled((ended - (invocation.started or queued)) * 1000, cpu)
        return Report(
            outcome=outcome,
            duration_ms=duration,
            init_ms=init_ms,
            billed_ms=math.ceil(duration + (init_ms or 0)),
            max_memory_mb=self._peak_mb(),
            cpu_ms=cpu_ms,
        )

    @property
    def init_ms(self) -> float | None:
        """The initialisation as Lambda reports it; None until it was waited for."""
        if self.start_ms is None or self.hello_world_ms is None:
            return None
        return initialisation.init_ms(
            self.start_ms,
            self.hello_world_ms,
            Target.host().machine,
            throttled_mb=self.memory_mb if self.provisioned_concurrency else None,
        )

    def _hold_cpu(self) -> None:
        if self.hold == "cpu and memory":
            self.group.hold_cpu()

    def _scaled(self, wall_ms: float, cpu_before_ms: float) -> float:
        """Return the measured time; without a control group, an estimate of it.

        The estimate is the time spent waiting plus CPU time over the share. It knows neither the
        20 ms steps of a quota nor who else uses the machine.
        """
        if self.group.kind != "none" or self.hold == "memory":
            return wall_ms
        cpu_ms = self._cpu_ms() - cpu_before_ms
        return max(0.0, wall_ms - cpu_ms) + cpu_ms / control_group.share(self.memory_mb)

    def _wait(self, invocation: Invocation, queued: float) -> Outcome:
        while not invocation.done.wait(0.01):
            if self._process.poll() is not None:
                return "oom" if self.group.killed_for_memory() else "crashed"
            if time.perf_counter() - queued > self.timeout_s:
                return "timeout"
        answer = invocation.answer
        if invocation.failed or answer.get("batchItemFailures"):
            return "failed"
        if answer.get("statusCode", 0) >= _CLIENT_ERROR:  # status of a function URL
            return "rejected" if answer["statusCode"] < _SERVER_ERROR else "failed"
        return "rejected" if was_rejected(self._new_log()) else "ok"

    def _new_log(self) -> str:
        """Return what the function has written since the last look."""
        end = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), end - self._read, self._read)
        self._read = end
        return text.decode(errors="replace")

    def _peak_mb(self) -> float:
        """Return the most memory that all processes held at once, with the files that they map.

        The control group does not count file pages that another group has read before, so they are
        added. Without a control group it is the sum of each process's own peak: what they share is
        counted more than once. A process that was killed for want of memory held all of it.
        """
        if self._process.poll() is not None:
            return float(self.memory_mb)
        found = processes.descendants(self._process.pid)
        peak = self.group.peak_mb()
        if peak is None:
            return round(sum(map(processes.peak_mb, found)), 1)
        return round(peak + processes.mapped_files_mb(found), 1)

    def _cpu_ms(self) -> float:
        """Return the CPU time of the process, its children, and theirs."""
        return sum(map(processes.cpu_ms, processes.descendants(self._process.pid)))


@contextmanager
def hello_world() -> Generator[Path]:
    """Yield a folder with the smallest function that there is."""
    with TemporaryDirectory(prefix="bench-hello-") as folder:
        (Path(folder) / "function").mkdir()
        (Path(folder) / "function" / "handler.py").write_text(_HELLO_WORLD)
        yield Path(folder)


@cache
def hello_world_start_ms(hold: control_group.Hold) -> float:
    """Return the median time that hello world takes to start here, with its CPU not held.

    Raises:
        Failure: it does not start.
    """
    starts: list[float] = []
    with hello_world() as task:
        for _ in range(1 + _HELLO_STARTS):
            with Sandbox(task, 1024, {}, hold=hold, hello_world_ms=0.0) as box:
                box.wait_ready()
                if box.start_ms is None:
                    raise Failure("Not even hello world starts here; is awslambdaric installed?")
                starts.append(box.start_ms)
    return median(starts[1:])  # the first reads Python's files from the disk


class Tmp:
    """A folder for ``TMPDIR``: a tmpfs of 512 MB where one may be mounted, else without a limit.

    Files in the tmpfs count as the group's memory, which is stricter than Lambda.
    """

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="bench-tmp-"))
        self.limited = _runs(
            "mount", "-t", "tmpfs", "-o", f"size={_TMP_MB}m", "tmpfs", str(self.path)
        )

    def remove(self) -> None:
        """Unmount and delete it; every process that used it must have ended."""
        if self.limited:
            _runs("umount", "--lazy", str(self.path))
        shutil.rmtree(self.path, ignore_errors=True)


def _runs(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


@contextmanager
def unpacked(bundle: Bundle) -> Generator[Path]:
    """Unpack the bundle as Lambda lays it out, for as long as the block runs."""
    with TemporaryDirectory(prefix="bench-task-") as folder:
        shutil.unpack_archive(bundle.path, folder, "zip")
        yield Path(folder)
