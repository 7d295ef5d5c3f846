"""Run the real Pulumi engine on one stack, by the Automation API in a separate process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bench.signals import uninterrupted
from terminal import Failure

DRIVE: Final = Path(__file__).with_name("drive.py")

STOP_SECONDS: Final = 600
"""How long an operation may take to stop: the engine finishes the requests that it has sent, and
CloudFront takes minutes for one."""

_MOST_ERRORS: Final = 3


class EngineError(Failure):
    """The engine ended with an error; its text is all that the Pulumi CLI has printed."""

    def errors(self) -> str:
        """Return the CLI's errors alone, at most three, on one line."""
        lines = (line.strip() for line in str(self).splitlines())
        found = dict.fromkeys(line for line in lines if "error: " in line)
        return " ".join([*found][:_MOST_ERRORS]) or " ".join(str(self).split())


@dataclass(kw_only=True)
class Engine:
    """Preview, update and destroy one stack.

    Attributes:
        tree: the program's folder.
        folder: folder of the project file and the stack's settings.
        stack: name of the stack, which is created by the first order.
        cli: folder whose ``bin`` has the Pulumi CLI; None takes the one on PATH.
        variables: environment variables over those of this process.
        secrets_provider: what encrypts a new stack's secrets; None for the backend's default.
    """

    tree: Path
    folder: Path
    stack: str
    cli: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    secrets_provider: str | None = None
    _process: subprocess.Popen[str] | None = field(default=None, init=False)
    _is_busy: bool = field(default=False, init=False)

    @property
    def is_busy(self) -> bool:
        """True while an operation runs."""
        return self._is_busy

    def run(self, do: str, **options: Any) -> dict[str, Any]:
        """Have the engine do something and return what it did.

        Args:
            do: ``preview``, ``up``, ``refresh``, ``destroy``, ``export``, ``outputs`` or
                ``remove``, which removes the stack and its settings file.
            options: arguments of the Automation API's method of that name.

        Raises:
            EngineError: it could not.
        """
        process = self._process or self._start()
        assert process.stdin  # noqa: S101 (both are pipes)
        assert process.stdout  # noqa: S101
        self._is_busy = True
        process.stdin.write(json.dumps({"do": do, **options}) + "\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(
            process.stdout.readline() or '{"error": "the driver has ended"}'
        )
        self._is_busy = False
        if "error" in answer:
            raise EngineError(answer["error"])
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
            if self._is_busy:
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.communicate(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        self._is_busy = False

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
            env=os.environ | dict(self.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C is ours to pass on
        )
        return self._process


def changes(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an operation did: by kind of step, the type and name of each resource.

    For updates and replacements, the inputs that differ are told as well.
    """
    done: dict[str, dict[str, Any]] = {}
    for step in result["steps"]:
        if step["op"] in ("update", "replace", "create", "delete"):
            what = f"{step['type']} {step['urn'].rpartition('::')[2]}"
            done.setdefault(step["op"], {})[what] = step["diffs"]
    return {
        op: dict(sorted(found.items())) if op in ("update", "replace") else sorted(found)
        for op, found in done.items()
    }
