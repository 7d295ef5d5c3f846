"""``image-pipeline bench|local|ops``: the project's command lines, of an installed wheel."""

import os
import sys
from importlib import import_module
from typing import Final

from image_pipeline import TREE

PARTS: Final = {
    "bench": "measure the function: latency, memory and cost",
    "local": "run an AWS on this machine, with the pipeline in it",
    "ops": "operate a live stack",
}
"""Command -> what it is for; it is that of ``python -m`` in a checkout."""


def main() -> int:
    """Run one command of one part and return its exit code."""
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    if part in ("-h", "--help"):
        sys.stdout.write(_usage())
        return 0
    if part not in PARTS:
        sys.stderr.write(f"error: Name one of {', '.join(PARTS)}; got {part!r}.\n{_usage()}")
        return 2
    # Processes that a command starts find the same modules, and nothing of the current folder.
    os.environ["PYTHONPATH"] = str(TREE)
    try:
        run = import_module(f"{part}.__main__").main
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in PARTS:
            raise
        sys.stderr.write(
            f"error: `image-pipeline {part}` needs {error.name}, which is not installed; run "
            f"`pip install 'image-pipeline[{part}]'`.\n"
        )
        return 1
    return run(sys.argv[2:])


def _usage() -> str:
    lines = [f"  {part:8}{purpose}" for part, purpose in PARTS.items()]
    return "\n".join(["Usage: image-pipeline COMMAND", "", *lines, ""]) + "\n"
