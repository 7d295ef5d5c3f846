"""Run a module's tests on each of its mutations, side by side, each in a copy of the tree."""

import multiprocessing
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.testing import run_tests
from cosmic_ray.work_item import TestOutcome, WorkerOutcome
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.mutants.modules import ROOT, Change, Module
from tests.mutants.mutations import Mutation, choose

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

PYTHON = ROOT / ".venv/bin/python"
PYTEST = (
    f"{PYTHON} -m pytest -c pyproject.toml -x -q -p no:cacheprovider --hypothesis-seed=0"
    # A test that hangs ends by itself, before the time limit of them all.
    " -o faulthandler_timeout=60 -o faulthandler_exit_on_timeout=true"
)
NATIVE = "function/engine/_native.abi3.so"


class BaselineFailed(Exception):
    """The tests of a module fail without any mutation."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of one mutation."""

    module: str
    change: Change
    is_noticed: bool
    diff: str


def run(modules: dict[str, Module], *, sample: int | None, seed: str, jobs: int) -> list[Result]:
    """Try mutations of each module.

    Raises:
        BaselineFailed: a module's tests fail without any.
    """
    with _pool(jobs) as pool, _progress() as progress:
        task = progress.add_task("unchanged", total=len(modules))
        baselines = {name: pool.submit(_baseline, module) for name, module in modules.items()}
        limits: dict[str, float] = {}
        for name, baseline in baselines.items():
            limits[name] = 10 + 4 * baseline.result()
            progress.advance(task)
        started = {
            name: [
                pool.submit(_try, name, module, mutation, limits[name])
                for mutation in choose(module.files, sample=sample, seed=f"{seed}:{name}")
            ]
            for name, module in modules.items()
        }
        task = progress.add_task("changed", total=sum(map(len, started.values())))
        results: list[Result] = []
        for name, futures in started.items():
            for future in futures:
                results.append(future.result())
                progress.advance(task)
            noticed = sum(future.result().is_noticed for future in futures)
            progress.console.print(f"{name}: {noticed} of {len(futures)} noticed", highlight=False)
    return results


def _command(module: Module) -> str:
    return " ".join([PYTEST, *map(str, module.tests)])


def _baseline(module: Module) -> float:
    """Return the seconds that a module's tests take when they pass."""
    command, started = _command(module), time.monotonic()
    outcome, output = run_tests(command, timeout=600)
    if outcome != TestOutcome.SURVIVED:
        raise BaselineFailed(f"the tests fail as they are: {command}\n{output}")
    return time.monotonic() - started


def _try(name: str, module: Module, mutation: Mutation, limit: float) -> Result:
    """Run a module's tests on a mutation of it, for so many seconds at most."""
    # Cosmic Ray's tests write no bytecode, but the engine's worker gets no environment. Python
    # tells a file by its size and the second it was written in.
    shutil.rmtree(mutation.spec.module_path.parent / "__pycache__", ignore_errors=True)
    result = mutate_and_test([mutation.spec], _command(module), limit)
    if result.worker_outcome != WorkerOutcome.NORMAL or result.test_outcome is None:
        raise RuntimeError(f"Cosmic Ray could not try a mutation: {result}")
    is_noticed = result.test_outcome == TestOutcome.KILLED
    return Result(
        module=name, change=mutation.change, is_noticed=is_noticed, diff=result.diff or ""
    )


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Start workers, each in its own copy of the working tree."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: Queue[Path] = multiprocessing.Queue()
        for number in range(jobs):
            copy = Path(folder) / str(number)
            _copy_tree(copy)
            copies.put(copy)
        pool = ProcessPoolExecutor(jobs, initializer=_enter, initargs=(copies,))
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


def _enter(copies: "Queue[Path]") -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # after Ctrl-C the tests at work end first
    os.chdir(copies.get())


def _copy_tree(to: Path) -> None:
    """Copy the files that Git tracks or would add, as they are; link what is built."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in [*names.split("\0")[:-1], NATIVE]:
        if (ROOT / name).is_file():  # else deleted since
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    for name in (".venv", ".cache"):
        (to / name).symlink_to(ROOT / name)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )
