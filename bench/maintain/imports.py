"""``python -m bench maintain imports``: CPU time of the function's imports in a cold start.

It is compared with that of the usual libraries for the same work. Each statement runs in a fresh
interpreter, in turn, round after round; the figure is CPU time above a bare interpreter's. Compiled
files (``.pyc``) exist for all, as they do in the Lambda bundle.
"""

import operator
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cyclopts.types import PositiveInt

from bench import machine
from bench.engines import processes
from bench.machine import Machine
from bench.reports import ReportFile, write_json
from pipeline.environment import environment_variables
from pipeline.settings import Settings
from terminal import Failure, Misuse, console, progress

STATEMENTS: Final[Mapping[str, str]] = {
    "bare": "pass",
    "handler": "import function.handler",
    "usual": (
        "import boto3, PIL.Image, PIL.JpegImagePlugin;"
        "from aws_lambda_powertools import Logger, Metrics;"
        "from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType;"
        "boto3.client('s3', region_name='us-east-1'); Logger(); Metrics(namespace='x')"
    ),
}
PACKAGES: Final = ("boto3", "aws-lambda-powertools")


@dataclass(frozen=True, kw_only=True)
class Result:
    """CPU ms of each statement by round, and the ratio of ours to the usual libraries."""

    machine: Machine
    ratio: float
    samples_ms: dict[str, list[float]]


def imports(*, rounds: PositiveInt = 9, install: bool = False, json: ReportFile = None) -> None:
    """Measure, print the figures and their ratio.

    Args:
        rounds: How often each statement is run.
        install: Install missing packages first.
        json: Write the figures to this file.
    """
    absent = [name for name in PACKAGES if machine.version(name) is None]
    if absent and install:
        processes.pip_install(absent)
    elif absent:
        raise Misuse(f"Add --install, or first: pip install {' '.join(absent)}")
    samples: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for statement in STATEMENTS.values():
        cpu_ms(statement)  # writes the .pyc files
    with progress("Importing", rounds) as advance:
        for _ in range(rounds):
            for name, statement in STATEMENTS.items():
                samples[name].append(cpu_ms(statement))
            advance()
    ours, usual = (  # each round's time above that of a bare interpreter
        statistics.median(map(operator.sub, samples[name], samples["bare"]))
        for name in ("handler", "usual")
    )
    console().print(f"handler {ours:.0f} ms, the usual libraries {usual:.0f} ms CPU")
    console().print(f"ratio {ours / usual:.2f}")
    found = Result(machine=machine.facts(), ratio=round(ours / usual, 3), samples_ms=samples)
    write_json(json, found)


def cpu_ms(statement: str) -> float:
    """Return the CPU ms of a fresh interpreter that runs a statement, which must not fail."""
    variables = environment_variables(Settings(), "destination", "https://example.com", "")
    process = subprocess.Popen(
        [sys.executable, "-c", statement],
        stderr=subprocess.DEVNULL,
        env={**os.environ, **variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"},
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failure(f"This statement fails here: {statement}")
    return 1000 * (usage.ru_utime + usage.ru_stime)
