"""Drive the program in the current folder with the real Pulumi engine, by orders on stdin.

``engine.py`` starts this file by its path in a separate process, so that the program imports the
packages of the folder it lies in: that of an older release, say. Each order is one line, and so is
each answer, in JSON.
"""

import json
import os
import runpy
import signal
import sys
from collections import Counter
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pulumi import automation as auto


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
                answer = {"exists": _exists(name, workspace)}
            else:
                stack = stack or _open(name, workspace)
                answer = _serve(stack, workspace, do)
        except auto.errors.CommandError as error:
            answer = {"error": str(error)}
        answers.write(json.dumps(answer) + "\n")
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


def _serve(stack: auto.Stack, workspace: auto.LocalWorkspace, do: str) -> dict[str, Any]:
    match do:
        case "export":
            return {"resources": (stack.export_stack().deployment or {}).get("resources", [])}
        case "outputs":
            return {"outputs": _values(stack.outputs())}
        case "remove":
            with _selection(stack.name, workspace):
                workspace.remove_stack(stack.name)
            return {}
        case _:
            return _operate(stack, do)


def _operate(stack: auto.Stack, do: str) -> dict[str, Any]:
    steps: list[dict[str, Any]] = []

    def note(event: auto.events.EngineEvent) -> None:
        # A refresh knows what it has found only at the end of each step.
        found = event.res_outputs_event if do == "refresh" else event.resource_pre_event
        if found:
            step = found.metadata
            op = str(getattr(step.op, "value", step.op))
            diffs = sorted(step.diffs or [])
            steps.append({"op": op, "urn": step.urn, "type": step.type, "diffs": diffs})

    result = getattr(stack, do)(on_event=note)
    outputs = {"outputs": _values(result.outputs)} if hasattr(result, "outputs") else {}
    return {"steps": steps, "counts": Counter(step["op"] for step in steps), **outputs}


def _values(outputs: Mapping[str, auto.OutputValue]) -> dict[str, Any]:
    return {name: output.value for name, output in outputs.items()}


if __name__ == "__main__":
    main()
