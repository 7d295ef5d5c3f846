"""The commands of ``python -m local``; ``folder`` is where the embedded AWS keeps its state."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter, validators

from function.contract import Status
from local import demo as demos
from local import server as servers
from local.console import results_table, summary
from local.listing import print_logs, print_objects
from local.uploader import find_files
from terminal import FAILED, OK, Misuse, console

Folder = Annotated[Path, Parameter(parse=False)]
Port = Annotated[int, Parameter(validator=validators.Number(gte=0, lte=65535))]


def up(*, folder: Folder, port: Port = 0, stack: str = "local") -> None:
    """Start the embedded AWS, deploy a stack and print its outputs.

    Args:
        folder: its state.
        port: TCP port; 0 takes a free one.
        stack: Stack to deploy.
    """
    server = demos.up(folder, port, stack)
    for name, value in server.outputs.items():
        print(f"{name:<20} {value}")
    print(f"{'endpoint':<20} {server.endpoint}")


def put(
    paths: list[Path],
    /,
    *,
    folder: Folder,
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Upload files anonymously, wait for their renditions, and say whether all are ready.

    Args:
        paths: Files and folders to upload.
        folder: the server's state.
        as_json: Print one JSON object per file, and no table.

    Raises:
        Misuse: one of the paths does not exist, or may not be read.
    """
    server = servers.require(folder)
    missing = [path for path in paths if not os.path.exists(path)]  # noqa: PTH110 (raises no error)
    if missing:
        raise Misuse(f"{missing[0]} does not exist.")
    results = demos.put(server, find_files(paths))
    if as_json:
        print("\n".join(result.to_json() for result in results))
    else:
        console().print(results_table(results))
        print(summary(results))
    return FAILED if any(result.status != Status.READY for result in results) else OK


def ls(*, folder: Folder) -> None:
    """List uploads and what became of them."""
    print_objects(servers.require(folder))


def logs(*, folder: Folder, follow: bool = False) -> None:
    """Print the function's log.

    Args:
        folder: the server's state.
        follow: Go on until Ctrl-C.
    """
    print_logs(servers.require(folder), follow=follow)


def down(*, folder: Folder) -> None:
    """Stop the embedded AWS and delete all that it kept."""
    print("Stopped." if servers.stop(folder) else "The embedded AWS was not running.")


def demo(*, folder: Folder, photos: Path | None = None, keep: bool = False) -> int:
    """Deploy, upload photos, and show their renditions.

    Args:
        folder: the server's state.
        photos: A folder with your own photos.
        keep: Leave the embedded AWS running.
    """
    return demos.run(folder, photos, keep=keep)
