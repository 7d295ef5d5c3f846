"""Run the real Pulumi engine on one stack, by the Automation API in a separate process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.accept.drive import OrderResult, Step
from bench.signals import uninterrupted
from terminal import Failure

DRIVE: Final = Path(__file__).with_name("drive.py")

STOP_SECONDS: Final = 600
"""How long an operation may take to stop: the engine finishes the requests that it has sent, and
CloudFront takes minutes for one."""


class EngineError(Failure):
    """The engine ended with an error; ``args[0]`` is all that the Pulumi CLI has printed."""

    def __str__(self) -> str:
        """Return the CLI's errors alone, at most three, on one line."""
        printed = super().__str__()
        found = dict.fromkeys(line.strip() for line in printed.splitlines() if "error: " in line)
        return " ".join([*found][:3] or printed.split())


@dataclass(kw_only=True)
class Engine:
    """Preview, update and destroy one stack, which the first operation makes if it is new."""

    tree: Path  # the program's folder
    folder: Path  # of the project file and the stack's settings
    stack: str
    cli: Path | None = None  # folder whose ``bin`` has the Pulumi CLI; None takes the one on PATH
    variables: Mapping[str, str] = field(default_factory=dict[str, str])  # over this process's
    secrets_provider: str | None = None  # of a new stack; None for the backend's default
    is_busy: bool = field(default=False, init=False)  # an operation runs
    _process: subprocess.Popen[str] | None = field(default=None, init=False)

    def run(self, do: str) -> OrderResult:
        """Have the engine do something and return what it did; raise ``EngineError`` if it failed.

        It can do ``preview``, ``up``, ``refresh``, ``destroy``, ``export``, ``outputs``, ``exists``
        (which makes no stack) and ``remove`` (the stack and its settings file).
        """
        process = self._process or self._start()
        assert process.stdin  # noqa: S101 (both are pipes)
        assert process.stdout  # noqa: S101
        self.is_busy = True
        process.stdin.write(do + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        self.is_busy = False
        answer = OrderResult.parse(line) if line else OrderResult(error="the driver has ended")
        if answer.error:
            raise EngineError(answer.error)
        return answer

    def close(self) -> None:
        """End the process; an operation that was interrupted is stopped as Ctrl-C stops Pulumi.

        The engine then finishes the requests that it has sent and saves the stack's state, so that
        no resource is forgotten and no lock stays.
        """
        process, self._process = self._process, None
        if process is None:
            return
        with uninterrupted():
            if self.is_busy:
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        self.is_busy = False

    def _start(self) -> subprocess.Popen[str]:
        setup = {
            "folder": str(self.folder),
            "stack": self.stack,
            "cli": self.cli and str(self.cli),
            "secrets_provider": self.secrets_provider,
        }
        self._process = subprocess.Popen(
            [sys.executable, str(DRIVE), json.dumps(setup)],
            cwd=self.tree,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true", **self.variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C is ours to pass on
        )
        return self._process


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The resources that an operation changes, each as its type and name, in order.

    An update and a replacement have the inputs that differ besides.
    """

    create: list[str] = field(default_factory=list[str])
    delete: list[str] = field(default_factory=list[str])
    update: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    replace: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def __bool__(self) -> bool:
        """Return True if anything changes."""
        return any(vars(self).values())

    def __str__(self) -> str:
        """Return the kinds of change that there are, each with its resources."""
        return str({kind: found for kind, found in vars(self).items() if found})


def changes(answer: OrderResult) -> Changes:
    """Return what an operation changes."""

    def named(op: str) -> dict[str, list[str]]:
        return dict(sorted((_name(step), step.diffs) for step in answer.steps if step.op == op))

    return Changes(
        create=list(named("create")),
        delete=list(named("delete")),
        update=named("update"),
        replace=named("replace"),
    )


def _name(step: Step) -> str:
    return f"{step.type} {step.urn.rpartition('::')[2]}"
