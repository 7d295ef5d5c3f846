"""What the function's imports cost a cold start, against the usual libraries for the same work.

Each statement runs in a fresh interpreter, in turn, round after round; the figure is CPU time above
a bare interpreter's. Compiled files (``.pyc``) exist for all, as they do in the Lambda bundle.
"""

import argparse
import functools
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.engines import processes
from pipeline.resizer import environment_variables
from pipeline.settings import Settings

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
ROUNDS: Final = 9


def register(commands: Any) -> None:
    """Add ``imports`` to the command line."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "imports", help="CPU time of the function's imports", description=__doc__
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"default {ROUNDS}")
    parser.add_argument("--install", action="store_true", help="install missing peers first")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print one line a statement and the ratio."""
    absent = [name for name in PACKAGES if machine.version(name) is None]
    if absent and options.install:
        processes.pip_install(absent)
    elif absent:
        raise machine.UsageError(f"Add --install, or first: pip install {' '.join(absent)}")
    samples: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for statement in STATEMENTS.values():
        cpu_ms(statement)  # writes the .pyc files
    with machine.Progress("imports", options.rounds) as progress:
        for _ in range(options.rounds):
            for name, statement in STATEMENTS.items():
                samples[name].append(cpu_ms(statement))
            progress.step()
    above = {
        name: statistics.median(
            cost - bare for cost, bare in zip(costs, samples["bare"], strict=True)
        )
        for name, costs in samples.items()
    }
    ratio = above["handler"] / above["usual"]
    print(f"handler {above['handler']:.0f} ms, the usual libraries {above['usual']:.0f} ms CPU")
    print(f"ratio {ratio:.2f}")
    if options.json:
        facts = {"machine": machine.facts(), "ratio": round(ratio, 3), "samples_ms": samples}
        options.json.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return 0


@functools.cache
def _environment() -> dict[str, str]:
    variables = environment_variables(Settings(), "destination", "https://example.com", "")
    return {**os.environ, **variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}


def cpu_ms(statement: str) -> float:
    """CPU time of a fresh interpreter that runs one statement, in ms.

    Raises:
        UsageError: the statement fails.
    """
    process = subprocess.Popen(
        [sys.executable, "-c", statement], stderr=subprocess.DEVNULL, env=_environment()
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise machine.UsageError(f"This statement fails here: {statement}")
    return 1000 * (usage.ru_utime + usage.ru_stime)
