"""``python -m ops``: what an operator runs against a live stack."""

import sys
from collections.abc import Sequence
from typing import Final

from terminal import app, run

APP: Final = app("python -m ops", "Operate a live stack.")
"""All commands; a command's module is imported when it is asked for, since boto3 is slow."""

APP.command(
    "ops.commands:redrive", name="redrive", help="Show dead letters and send them through again."
)
APP.command(
    "ops.commands:backfill",
    name="backfill",
    help="Send existing uploads through the queue again.",
)
APP.command(
    "ops.commands:doctor",
    name="doctor",
    help="Check a stack from end to end, with a canary upload.",
)
APP.command(
    "ops.commands:empty",
    name="empty",
    help="Delete all uploads and renditions, before `pulumi destroy`.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(APP, arguments)


if __name__ == "__main__":
    sys.exit(main())
