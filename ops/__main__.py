"""``python -m ops``: commands for the operator of a live stack."""

import sys
from collections.abc import Sequence
from typing import Final

from terminal import app, run

APP: Final = app("python -m ops", "Operate a live stack.")
"""All commands; a command's module is imported when it is asked for, since boto3 is slow."""

for _name, _help in {
    "redrive": "Show dead letters and send them through again.",
    "backfill": "Send existing uploads through the queue again.",
    "doctor": "Check a stack from end to end, with a canary upload.",
    "empty": "Delete all uploads and renditions, before `pulumi destroy`.",
}.items():
    APP.command(f"ops.commands:{_name}", name=_name, help=_help)

for _name, (_function, _help) in {
    "list": ("list_uploads", "List a user's uploads, or those of a prefix, with old versions."),
    "erase": ("erase", "Erase a user's uploads, or those of a prefix, and all made of them."),
}.items():
    APP.command(f"ops.erase_command:{_function}", name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(APP, arguments)


if __name__ == "__main__":
    sys.exit(main())
