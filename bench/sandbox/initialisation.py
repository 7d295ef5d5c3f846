"""INIT as Lambda reports it: its own runtime's share as published, the function's as measured here.

    INIT = published INIT of hello world + (start of the function here - start of hello world here)

A start in the sandbox is a bare Python, Lambda's runtime client and the import of the handler. The
published INIT of a hello-world function is made of the same three, and of what Lambda does around
them, which does not exist here. So a hello-world function is started here too, and its time is
taken off: what both starts have in common is counted once, as long as it takes on Lambda.

On demand, INIT is not held to the memory's share of a CPU: the published figures are the same from
128 to 1024 MB. With provisioned concurrency it is, and what is published is divided by the share.
"""

from collections.abc import Mapping
from statistics import fmean
from typing import Final

from bench.sandbox.control_group import share
from pipeline.bundle.target import Machine

HELLO_WORLD_MS: Final[Mapping[Machine, Mapping[int, float]]] = {
    "x86_64": {128: 97.7, 256: 110.6, 512: 102.4, 1024: 101.7},
    "arm64": {128: 96.0, 256: 82.2, 512: 90.9, 1024: 87.1},
}
"""Architecture -> memory size in MB -> INIT of a hello-world function of python3.13 as a zip, the
mean of ten cold starts on Lambda (github.com/maxday/lambda-perf, data/2025/2025-12-21.json, the
latest run that could be read in full). Its run of 2026-08-22 has 91.1 ms at 128 MB and 84.5 at
1024 on x86_64, 80.6 and 85.2 on arm64."""


def runtime_ms(machine: Machine) -> float:
    """Return the INIT of hello world on Lambda on demand, which does not depend on memory."""
    return fmean(HELLO_WORLD_MS[machine].values())


def init_ms(
    start_ms: float, hello_world_ms: float, machine: Machine, *, throttled_mb: int | None = None
) -> float:
    """Return the INIT of a function from its start here and that of hello world, CPU not held.

    ``throttled_mb`` is the memory size whose share of a CPU ``start_ms`` was held to, if it was.
    """
    given = share(throttled_mb) if throttled_mb else 1.0
    return max(0.0, start_ms + (runtime_ms(machine) - hello_world_ms) / given)
