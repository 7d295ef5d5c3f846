"""``python -m local``: the embedded AWS by hand."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from function.contract import Status
from local import demo
from local import server as servers
from local.console import console, results_table, summary
from local.errors import LocalError
from local.listing import print_logs, print_objects
from local.uploader import find_files

OK, FAILED, MISUSED = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(
        prog="python -m local",
        description="An AWS on this machine that runs the same Pulumi program, with IAM enforced.",
        epilog="Exit codes: 0 worked, 1 failed, 2 misused.",
    )
    top.add_argument(
        "--folder",
        type=Path,
        default=servers.default_folder(),
        help="where it keeps its state (default: $IMAGE_PIPELINE_LOCAL or .local)",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start it and deploy the stack; again: update the stack")
    up.add_argument("--port", type=int, default=0, help="TCP port (default: a free one)")
    up.add_argument("--stack", default="local", help="stack to deploy (default: local)")
    put = commands.add_parser("put", help="upload files anonymously and wait for their renditions")
    put.add_argument("paths", nargs="+", type=Path, metavar="FILE|DIR", help="what to upload")
    put.add_argument("--json", action="store_true", help="one JSON object per file, and no table")
    commands.add_parser("ls", help="list uploads and what became of them")
    logs = commands.add_parser("logs", help="print the function's log")
    logs.add_argument("--follow", action="store_true", help="go on until Ctrl-C")
    commands.add_parser("down", help="stop it and delete all that it kept")
    show = commands.add_parser("demo", help="deploy, upload sample photos, show the renditions")
    show.add_argument("--photos", type=Path, help="a folder with your own photos")
    show.add_argument("--keep", action="store_true", help="leave the embedded AWS running")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except LocalError as error:
        console(stderr=True).print(f"error: {error}", style="red", markup=False, soft_wrap=True)
        return FAILED
    except KeyboardInterrupt:
        return FAILED


def _run(options: argparse.Namespace) -> int:
    folder: Path = options.folder.resolve()
    match options.command:
        case "up":
            _up(folder, options.port, options.stack)
        case "put":
            return _put(folder, options.paths, as_json=options.json)
        case "ls":
            print_objects(servers.require(folder))
        case "logs":
            print_logs(servers.require(folder), follow=options.follow)
        case "down":
            stopped = servers.stop(folder)
            print("Stopped." if stopped else "The embedded AWS was not running.")
        case _:
            return demo.run(folder, options.photos, keep=options.keep)
    return OK


def _up(folder: Path, port: int, stack: str) -> None:
    server = demo.up(folder, port, stack)
    for name, value in server.outputs.items():
        print(f"{name:<20} {value}")
    print(f"{'endpoint':<20} {server.endpoint}")


def _put(folder: Path, paths: list[Path], *, as_json: bool) -> int:
    server = servers.require(folder)
    missing = [path for path in paths if not path.exists()]
    if missing:
        console(stderr=True).print(f"error: {missing[0]} does not exist.", style="red")
        return MISUSED
    results = demo.put(server, find_files(paths))
    if as_json:
        print("\n".join(result.to_json() for result in results))
    else:
        console().print(results_table(results))
        print(summary(results))
    return FAILED if any(result.status != Status.READY for result in results) else OK


if __name__ == "__main__":
    sys.exit(main())
