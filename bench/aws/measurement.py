"""The measurement of a clone: made, tried, invoked at every setup, and removed whatever happens."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, product
from threading import Event
from typing import Final

import botocore.exceptions

from bench.aws import cloning, versions
from bench.aws.clone import Clone, Removal
from bench.aws.code import Code
from bench.aws.deployed import Deployed
from bench.aws.invocation import LATEST, CannotRun, Invoker
from bench.signals import uninterrupted, with_clean_up
from bench.sweep.results import Run, Samples, Setup, Unmeasured
from bench.sweep.workloads import Workload
from terminal import Failure, console, progress

PARALLEL: Final = 5
"""Most invocations at once; our choice."""

SHARE: Final = 10
"""The account's unreserved concurrency over the clone's: a new account has 10 in all ("Lambda
quotas", Lambda developer guide, read 2026-11-27), and the live function needs them."""

_PAUSE_S: Final = 2.0

AWS_ERRORS: Final = (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError)
"""A refusal of AWS, and no answer."""


@dataclass(kw_only=True)
class Measurement:
    """A clone under measurement, and what is known so far.

    ``complete`` says that no run is missing; ``removal`` is the result of removing the clone.
    """

    clone: Clone
    deployed: Deployed
    workload: Workload
    code: Code
    memory: tuple[int, ...]
    batches: tuple[int, ...]
    samples: int  # warm runs of each setup
    runs: dict[Setup, list[Run]] = field(default_factory=dict[Setup, list[Run]])
    refusals: dict[Setup, str] = field(default_factory=dict[Setup, str])  # why runs are missing
    unmeasured: list[Unmeasured] = field(default_factory=list[Unmeasured])
    complete: bool = False
    removal: Removal | None = None

    @property
    def cases(self) -> list[Samples]:
        """The setups that were invoked, with what is done of them."""
        return [
            Samples.of(self.workload, setup, runs, cut_short=self.refusals.get(setup, ""))
            for setup, runs in self.runs.items()
            if runs or setup in self.refusals
        ]

    def run(self) -> None:
        """Make the clone, measure it, and remove it.

        Raises:
            KeyboardInterrupt: a signal came; the clone is removed, and the cases are what is done.
            Failure: the clone does not work, or the function rejects the workload.
        """
        with_clean_up(self._measure, self._remove)

    def _measure(self) -> None:
        for architecture, why in self.code.missing.items():
            self._leave_out(architecture, "no bundle", why)
        needed = islice(self.workload.turns(), (self.samples + 1) * max(self.batches))
        invoker = Invoker.of(self.clone, needed)
        setups = list(product(self.code.zips, self.memory, self.batches))
        with progress("Making the clone", 2 + 2 * len(self.code.zips) + len(setups)) as advance:
            role_arn = cloning.make(self.clone, self.deployed)
            advance(name="buckets and role")
            invoker.send_files()
            advance(name="files")
            able = list[str]()
            for architecture, code in self.code.zips.items():
                cloning.make_function(self.clone, self.deployed, role_arn, architecture, code)
                advance(name=f"function for {architecture}")
                if self._works(invoker, architecture):
                    able.append(architecture)
                advance(name=f"{architecture} tried")
            wanted = [
                Setup(architecture=architecture, memory_mb=size, batch_size=batch)
                for architecture, size, batch in setups
                if architecture in able
            ]
            published = versions.publish(self.clone, self.deployed, wanted, advance)
        self._invoke_all(invoker, published)
        self.complete = not any(case.is_cut_short for case in self.cases)

    def _works(self, invoker: Invoker, architecture: str) -> bool:
        """Process one upload, which a new role may not do at once; False if it cannot run here."""
        first = next(self.workload.turns())
        deadline = time.monotonic() + cloning.ROLE_SECONDS
        while True:
            try:
                with uninterrupted():  # it would write on after its bucket was emptied
                    run = invoker.invoke(architecture, LATEST, [first])
            except CannotRun as error:
                self._leave_out(architecture, "could not run here", str(error))
                return False
            if run.report.outcome == "ok":
                return True
            if run.report.outcome == "rejected":
                raise Failure(f"The function rejects this workload: {run.why}.")
            if time.monotonic() > deadline:
                raise Failure(f"The clone for {architecture} does not work: {run.why}.")
            time.sleep(_PAUSE_S)

    def _leave_out(self, architecture: str, outcome: str, why: str) -> None:
        place = self.deployed.measured_on
        self.unmeasured.append(
            Unmeasured(architecture=architecture, measured_on=place, outcome=outcome, why=why)
        )

    def _invoke_all(self, invoker: Invoker, published: dict[Setup, str]) -> None:
        """Measure all setups, some at once; the runs of one are made one after the other."""
        self.runs = {setup: [] for setup in published}
        limits = self.clone.stack.client("lambda").get_account_settings()["AccountLimit"]
        stop = Event()
        pool = ThreadPoolExecutor(parallel(limits["UnreservedConcurrentExecutions"]))

        def finish() -> None:
            stop.set()
            pool.shutdown(cancel_futures=True)

        with progress("Measuring", len(published) * (self.samples + 1)) as advance:

            def measure(setup: Setup) -> None:
                step = partial(advance, name=str(setup))
                self._invoke(invoker, setup, published[setup], stop, step)

            with_clean_up(lambda: list(pool.map(measure, published)), finish)

    def _invoke(
        self,
        invoker: Invoker,
        setup: Setup,
        version: str,
        stop: Event,
        advance: Callable[[], None],
    ) -> None:
        turns, runs = self.workload.turns(), self.runs[setup]
        for _ in range(self.samples + 1):
            if stop.is_set():
                return
            files = list(islice(turns, setup.batch_size))
            try:
                run = invoker.invoke(setup.architecture, version, files)
            except (*AWS_ERRORS, Failure) as error:
                # The figures of the other setups are not lost with it.
                self.refusals[setup] = str(error)
                return
            runs.append(run)
            advance()
            if run.report.outcome != "ok":
                return

    def _remove(self) -> None:
        console(stderr=True).print("Removing the clone …", soft_wrap=True)
        self.removal = self.clone.remove()


def parallel(unreserved: int) -> int:
    """Return how many invocations may run at once in an account, beside the live function's."""
    return max(1, min(PARALLEL, unreserved // SHARE))
