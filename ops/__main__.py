"""``python -m ops``: commands for the operator of a live stack."""

import sys
from collections.abc import Sequence
from typing import Final

from terminal import app, run

APP: Final = app("python -m ops", "Operate a live stack.")
"""All commands; a command's module is imported when it is asked for, since boto3 is slow."""

for _name, _help in {
    "redrive": "Show dead letters and send them through again.",
    "doctor": "Check a stack from end to end, with a canary upload.",
    "empty": "Delete all uploads and renditions, before `pulumi destroy`.",
}.items():
    APP.command(f"ops.commands:{_name}", name=_name, help=_help)

APP.command(
    "ops.backfill_command:backfill",
    name="backfill",
    help="Send existing uploads through the queue again.",
)

for _name, (_function, _help) in {
    "list": ("list_uploads", "List a user's uploads, or those of a prefix, with old versions."),
    "erase": ("erase", "Erase a user's uploads, or those of a prefix, and all made of them."),
}.items():
    APP.command(f"ops.erase_command:{_function}", name=_name, help=_help)


MODERATE: Final = app("moderate", "Decide what readers may see of uploads that wait.")

for _name, (_function, _help) in {
    "list": ("list_waiting", "List the uploads that wait for a moderator."),
    "approve": ("approve", "Show uploads to readers."),
    "reject": ("reject", "Keep uploads from readers, and take them away if they were shown."),
}.items():
    MODERATE.command(f"ops.moderate_command:{_function}", name=_name, help=_help)

APP.command(MODERATE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(APP, arguments)


if __name__ == "__main__":
    sys.exit(main())
