"""Drive the program in the current folder with the real Pulumi engine, by orders on stdin.

``engine.py`` starts this file by its path in a separate process, so that the program imports the
packages of the folder it lies in: that of an older release, say. Each order is one line, and so is
each ``OrderResult``, in JSON. This file imports nothing of ours: it would be the other release's.
"""

import json
import os
import runpy
import signal
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pulumi import automation as auto


@dataclass(frozen=True, kw_only=True)
class Step:
    """The change to one resource by an operation; ``diffs`` are the inputs that differ."""

    op: str  # e.g. same, create, update, replace, delete
    urn: str
    type: str
    diffs: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, kw_only=True)
class OrderResult:
    """The answer to an order; fields that the order does not ask for are empty."""

    error: str = ""  # all that the Pulumi CLI has printed, if it failed
    exists: bool = False  # whether there is such a stack
    steps: list[Step] = field(default_factory=list[Step])  # of an operation
    outputs: dict[str, str] = field(default_factory=dict[str, str])  # of the stack
    # As the engine's state has them, with its keys: urn, type, id, inputs and so on.
    resources: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    @classmethod
    def parse(cls, line: str) -> "OrderResult":
        """Read an answer from a line of JSON."""
        raw = json.loads(line)
        return cls(**raw | {"steps": [Step(**step) for step in raw["steps"]]})

    @property
    def counts(self) -> dict[str, int]:
        """How many resources an operation treats in each way, e.g. create or same."""
        return Counter(step.op for step in self.steps)

    def to_line(self) -> str:
        """Return the line that ``parse`` reads back."""
        return json.dumps(asdict(self)) + "\n"


def main() -> None:
    """Serve orders until they end."""
    # A handler, as opposed to ignoring it: the CLI, which stops at SIGINT, inherits no handler.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    sys.path.insert(0, str(Path.cwd()))
    setup: dict[str, Any] = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the program or a library prints is no answer
    workspace = auto.LocalWorkspace(
        work_dir=setup["folder"],
        program=_program,
        pulumi_command=auto.PulumiCommand(setup["cli"]),
        secrets_provider=setup["secrets_provider"],
    )
    name, stack = setup["stack"], None
    for line in sys.stdin:
        do = line.strip()
        try:
            if do == "exists":
                answer = OrderResult(exists=_exists(name, workspace))
            else:
                stack = stack or _open(name, workspace)
                answer = _serve(stack, workspace, do)
        except auto.errors.CommandError as error:
            answer = OrderResult(error=str(error))
        answers.write(answer.to_line())
        answers.flush()


def _program() -> None:
    runpy.run_path("__main__.py", run_name="__main__")


def _exists(name: str, workspace: auto.LocalWorkspace) -> bool:
    with _selection(name, workspace):
        try:
            workspace.select_stack(name)
        except auto.errors.StackNotFoundError:
            return False
    return True


def _open(name: str, workspace: auto.LocalWorkspace) -> auto.Stack:
    with _selection(name, workspace):
        return auto.Stack.create_or_select(name, workspace)


@contextmanager
def _selection(name: str, workspace: auto.LocalWorkspace) -> Generator[None]:
    """Keep what the user has selected in this folder: Pulumi selects what it makes or removes."""
    stacks = (found for found in workspace.list_stacks() if found.current and found.name != name)
    selected = next(stacks, None)
    try:
        yield
    finally:
        if selected:
            workspace.select_stack(selected.name)


def _serve(stack: auto.Stack, workspace: auto.LocalWorkspace, do: str) -> OrderResult:
    match do:
        case "export":
            return OrderResult(
                resources=(stack.export_stack().deployment or {}).get("resources", [])
            )
        case "outputs":
            return OrderResult(outputs=_values(stack.outputs()))
        case "remove":
            with _selection(stack.name, workspace):
                workspace.remove_stack(stack.name)
            return OrderResult()
        case _:
            return _operate(stack, do)


def _operate(stack: auto.Stack, do: str) -> OrderResult:
    steps: list[Step] = []

    def note(event: auto.events.EngineEvent) -> None:
        # A refresh knows what it has found only at the end of each step.
        found = event.res_outputs_event if do == "refresh" else event.resource_pre_event
        if found:
            step = found.metadata
            op = str(getattr(step.op, "value", step.op))
            diffs = sorted(step.diffs or [])
            steps.append(Step(op=op, urn=step.urn, type=step.type, diffs=diffs))

    result = getattr(stack, do)(on_event=note)
    return OrderResult(steps=steps, outputs=_values(getattr(result, "outputs", {})))


def _values(outputs: Mapping[str, auto.OutputValue]) -> dict[str, str]:
    return {name: output.value for name, output in outputs.items()}


if __name__ == "__main__":
    main()
