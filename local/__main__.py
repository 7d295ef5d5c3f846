"""``python -m local``: the embedded AWS by hand."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from terminal import Misuse, app, run

APP: Final = app(
    "python -m local",
    "An AWS on this machine that runs the same Pulumi program, with IAM enforced.",
)
"""All commands; their module is imported when one is asked for, since Pulumi and boto3 are slow."""

APP.command(
    "local.commands:up",
    name="up",
    help="Start the embedded AWS and deploy the stack, or update it.",
)
APP.command(
    "local.commands:put",
    name="put",
    help="Upload files anonymously and wait for their renditions.",
)
APP.command("local.commands:ls", name="ls", help="List uploads and what became of them.")
APP.command("local.commands:logs", name="logs", help="Print the function's log.")
APP.command("local.commands:down", name="down", help="Stop the embedded AWS and delete its state.")
APP.command(
    "local.commands:demo",
    name="demo",
    help="Deploy, upload sample photos, show the renditions.",
)
APP.meta.suppress_keyboard_interrupt = False

_STATE: Final = Path(__file__).resolve().parent.parent / ".local"


@APP.meta.default
def _run_in_folder(
    command: Annotated[str, Parameter(show=False)] = "",
    /,
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    folder: Annotated[Path, Parameter(env_var="IMAGE_PIPELINE_LOCAL")] = _STATE,
) -> Any:
    """Run a command on the embedded AWS of one folder.

    Args:
        command: its name.
        tokens: its own options and arguments.
        folder: Where the embedded AWS keeps its state.
    """
    if not command:
        raise Misuse("Name a command; --help lists them.")
    call, bound, _ = APP.parse_args([command, *tokens], exit_on_error=False, print_error=False)
    return call(*bound.args, folder=folder.resolve(), **bound.kwargs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    return run(APP.meta, arguments)


if __name__ == "__main__":
    sys.exit(main())
