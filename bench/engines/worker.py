"""Run one engine in a separate process: each line in is a job, each line out a ``JobOutcome``."""

import functools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path

from bench.engines.job import Job, JobOutcome


def main() -> None:
    """Serve the engine named on the command line until the input ends."""
    from bench.engines import encoders, floor, peers  # noqa: PLC0415 - no library before the baseline

    idle = _peak_mb()
    engines = {**peers.ENGINES, **encoders.ENGINES, "floor": floor.floor}
    prepare = functools.lru_cache(maxsize=1)(engines[sys.argv[1]])  # a job may hold pixels
    for line in sys.stdin:
        try:
            job = Job.parse(line)
            answer = _measure(prepare(job), job, idle)
        except Exception as error:  # noqa: BLE001 - a failing case is a result
            answer = JobOutcome(error=f"{type(error).__name__}: {error}".split("\n")[0])
        sys.stdout.write(json.dumps(asdict(answer)) + "\n")
        sys.stdout.flush()


def _measure(run: Callable[[bytes], Iterable[bytes]], job: Job, idle: float) -> JobOutcome:
    data = Path(job.source).read_bytes()
    before = _cpu_seconds()
    bodies = list(run(data))
    used = _cpu_seconds() - before
    if job.folder:
        for index, body in enumerate(bodies):
            (Path(job.folder) / str(index)).write_bytes(body)
    size = sum(map(len, bodies))
    return JobOutcome(cpu_ms=1000 * used, peak_rss_mb=_peak_mb() - idle, bytes=size)


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _peak_mb() -> float:
    """Peak resident memory of this process and of its largest child beside it, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    own = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


if __name__ == "__main__":
    main()
