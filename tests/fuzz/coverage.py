"""Fuzzing guided by coverage: ``python -m tests.fuzz.coverage [TARGET ...]``.

libFuzzer changes inputs and keeps the ones that reach new code of a target: ``jpeg``, ``rows`` and
``resample`` are C code, compiled by clang with AddressSanitizer and UndefinedBehaviorSanitizer;
``readers`` is the Python code that reads an upload's bytes, run by atheris. An input that breaks
what a harness expects is a finding, kept under ``.cache/fuzz`` and repeated with ``--input``. A run
starts from ``tests/fuzz/corpus`` and from what earlier runs found.
"""

# ruff: noqa: T201

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tests.fuzz.targets import TARGETS, Target, ToolError

FOLDER = Path(".cache/fuzz")
TIMEOUT = 10
"""Seconds that one input may take."""

ENVIRONMENT = {"ASAN_OPTIONS": "quarantine_size_mb=32"}
"""Freed memory that AddressSanitizer keeps from reuse; its default, 256 MB, is all resident."""


def run(target: Target, command: list[str], *options: str) -> tuple[bool, str]:
    """Run a target's program with options of libFuzzer; return if it found nothing, and its log."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [
            *(*command, *target.options, f"-max_len={target.longest}", f"-timeout={TIMEOUT}"),
            *(f"-artifact_prefix={FOLDER}/{target.name}-", "-print_final_stats=1", *options),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, **ENVIRONMENT},
    )
    return not done.returncode, done.stdout


def fuzz(options: argparse.Namespace, target: Target, command: list[str]) -> bool:
    """Run one target and print a line; return if it found nothing."""
    found = FOLDER / "corpus" / target.name
    found.mkdir(parents=True, exist_ok=True)
    target.corpus.mkdir(parents=True, exist_ok=True)
    runs = target.executions if options.runs is None else options.runs
    limits = [f"-runs={runs}", f"-max_total_time={options.seconds}"]
    began = time.monotonic()
    is_clean, log = run(
        target, command, *limits, f"-seed={options.seed}", str(found), str(target.corpus)
    )
    (FOLDER / f"{target.name}.log").write_text(log, encoding="utf-8")
    runs = re.findall(r"^stat::number_of_executed_units: *(\d+)", log, re.MULTILINE) or ["no"]
    edges = re.findall(r" cov: (\d+) ", log) or ["no"]
    reached = f"{edges[-1]} edges, {edges[0]} of them by the corpus"
    seconds = time.monotonic() - began
    print(f"{target.name}: {runs[-1]} executions in {seconds:.0f} s, {reached}", flush=True)
    if not is_clean:
        print(explain(target, log), flush=True)
    return is_clean


def explain(target: Target, log: str) -> str:
    """Return a finding in two lines: what it is, and how to repeat it."""
    signs = r"^(?:not as expected: |SUMMARY: |\w*(?:Error|Exception)\b).*|.*runtime error: .*"
    found = re.findall(signs, log, re.MULTILINE)
    written = re.findall(r"Test unit written to (\S+)", log)
    repeat = f"python -m tests.fuzz.coverage {target.name} --input {written[-1]}" if written else ""
    return f"  {found[0] if found else log[-300:]}\n  {repeat or f'see {FOLDER}/{target.name}.log'}"


def minimise(target: Target, command: list[str]) -> bool:
    """Replace the corpus in the repository by the smallest inputs that reach every edge found.

    libFuzzer names an input by its SHA-1. Files of other names were put there by hand, and stay.
    """
    found = FOLDER / "corpus" / target.name
    found.mkdir(parents=True, exist_ok=True)
    fresh = FOLDER / "minimised" / target.name
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    merge = ("-merge=1", "-use_counters=0", str(fresh), str(target.corpus), str(found))
    is_clean, log = run(target, command, *merge)
    if is_clean:
        for path in target.corpus.glob("?" * 40):
            path.unlink()
        shutil.copytree(fresh, target.corpus, dirs_exist_ok=True)
        print(f"{target.name}: {len(list(fresh.iterdir()))} inputs in {target.corpus}")
    else:
        print(explain(target, log))
    return is_clean


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.coverage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = ", ".join(TARGETS)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{names}; without, all")
    parser.add_argument("--runs", type=int, help="executions of each target (else as make fuzz)")
    parser.add_argument("--seconds", type=int, default=0, help="stop a target after this time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2, help="targets at the same time")
    parser.add_argument("--input", type=Path, help="run one target on this file alone")
    parser.add_argument("--minimise", action="store_true", help="rewrite tests/fuzz/corpus")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.targets if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]}, only {names}")
    if options.input and (len(options.targets) != 1 or not options.input.is_file()):
        parser.error("--input needs one target and a file that exists")
    targets = [TARGETS[name] for name in options.targets or TARGETS]
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        commands = [target.build(FOLDER) for target in targets]
    except ToolError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.input:
        is_clean, log = run(targets[0], commands[0], str(options.input))
        print(log)
        return int(not is_clean)
    if options.minimise:
        clean = list(map(minimise, targets, commands))
    else:
        with ThreadPoolExecutor(options.processes) as pool:
            clean = list(pool.map(partial(fuzz, options), targets, commands))
    return int(not all(clean))


if __name__ == "__main__":
    sys.exit(main())
