"""One engine in a process of its own: a JSON job a line in, a JSON answer a line out.

An answer is ``{"cpu_ms", "peak_rss_mb", "bytes"}`` or ``{"error"}``. CPU time is that of all
threads and of child processes; peak memory is what the process grew by since it could have begun.
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from bench.engines.job import Job


def main() -> None:
    """Serve the engine named on the command line until the input ends."""
    from bench.engines.peers import ENGINES  # noqa: PLC0415 - no library before the baseline

    idle = _peak_mb()
    make = ENGINES[sys.argv[1]]
    runs: dict[str, Any] = {}
    for line in sys.stdin:
        job = Job.parse(json.loads(line))
        try:
            run = runs.get(line) or runs.setdefault(line, make(job))
            answer = _measure(run, job, idle)
        except Exception as error:  # noqa: BLE001 - a failing case is a result
            answer = {"error": f"{type(error).__name__}: {error}".split("\n")[0]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _measure(run: Any, job: Job, idle: float) -> dict[str, float]:
    data = Path(job.source).read_bytes()
    before = _cpu_seconds()
    bodies = run(data)
    used = _cpu_seconds() - before
    if job.folder:
        for index, body in enumerate(bodies):
            (Path(job.folder) / str(index)).write_bytes(body)
    return {
        "cpu_ms": 1000 * used,
        "peak_rss_mb": _peak_mb() - idle,
        "bytes": sum(len(body) for body in bodies),
    }


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
