"""Drive the program in the current folder with the real Pulumi engine, by orders on stdin.

Run by path in a process of its own (``support.py`` starts it), because a release's program and its
packages are those of that release's folder. Each order and each answer is one line of JSON.
"""

import json
import os
import runpy
import sys
import time
from collections import Counter
from pathlib import Path

from pulumi import automation as auto


def main() -> None:
    """Serve orders until they end."""
    sys.path.insert(0, str(Path.cwd()))
    setup = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the program or a library prints is no answer
    workspace = auto.LocalWorkspace(
        work_dir=setup["folder"],
        program=lambda: runpy.run_path("__main__.py", run_name="__main__"),
        pulumi_command=auto.PulumiCommand(setup["cli"]),
    )
    stack = auto.Stack.create_or_select(setup["stack"], workspace)
    for line in sys.stdin:
        answers.write(json.dumps(_serve(stack, json.loads(line))) + "\n")
        answers.flush()


def _serve(stack: auto.Stack, order: dict) -> dict:
    if order["do"] == "export":
        return {"resources": stack.export_stack().deployment["resources"]}
    steps = []

    do = order.pop("do")

    def note(event: auto.events.EngineEvent) -> None:
        # What a refresh has found is only known at the end of its step.
        found = event.res_outputs_event if do == "refresh" else event.resource_pre_event
        if found:
            step = found.metadata
            steps.append(
                {
                    "op": str(getattr(step.op, "value", step.op)),
                    "urn": step.urn,
                    "type": step.type,
                    "diffs": sorted(step.diffs or []),
                }
            )

    begin = time.monotonic()
    try:
        result = getattr(stack, do)(on_event=note, **order)
    except auto.errors.CommandError as error:
        return {"error": str(error), "steps": steps}
    answer = {
        "steps": steps,
        "counts": Counter(step["op"] for step in steps),
        "seconds": round(time.monotonic() - begin, 1),
        "text": result.stdout,
    }
    if hasattr(result, "outputs"):
        answer["outputs"] = {name: output.value for name, output in result.outputs.items()}
    return answer


if __name__ == "__main__":
    main()
