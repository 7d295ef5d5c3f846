"""``python -m ops``: what an operator runs against a live stack."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import botocore.exceptions

from function.contract import UPLOADS
from ops.commands import COMMANDS, FAILED
from ops.console import screen
from ops.errors import OpsError
from ops.stack import connect, connect_to_outputs


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(
        prog="python -m ops",
        description="Operate a live stack.",
        epilog="Exit codes: 0 worked, 1 failed, 2 misused.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = [_shared()]
    again = commands.add_parser(
        "redrive", help="show dead letters and send them through again", parents=shared
    )
    again.add_argument(
        "--key", default="*", metavar="PATTERN", help="only these keys, e.g. '*.png'"
    )
    again.add_argument("--limit", type=_positive_int, metavar="N", help="at most this many")
    again.add_argument("--dry-run", action="store_true", help="show them and move none")
    fill = commands.add_parser(
        "backfill", help="send existing uploads through the queue again", parents=shared
    )
    fill.add_argument("--prefix", default=UPLOADS, help="only keys that start so (default: all)")
    listing = fill.add_mutually_exclusive_group()
    listing.add_argument(
        "--gone",
        action="store_true",
        help="send uploads whose deletion was missed: what was made of them is removed",
    )
    listing.add_argument(
        "--inventory",
        metavar="FILE|s3://…",
        help="take them from an S3 Inventory report in CSV: its manifest.json",
    )
    fill.add_argument("--rate", type=_positive, default=50.0, help="uploads a second (default: 50)")
    fill.add_argument(
        "--state",
        type=Path,
        metavar="FILE",
        help="remembers how far it got; the same command again goes on from there",
    )
    fill.add_argument("--dry-run", action="store_true", help="count them and send none")
    commands.add_parser(
        "doctor", help="check a stack from end to end, with a canary upload", parents=shared
    )
    empty = commands.add_parser(
        "empty", help="delete all uploads and renditions, before `pulumi destroy`", parents=shared
    )
    empty.add_argument("--yes", action="store_true", help="delete them rather than count them")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        stack = connect_to_outputs(options.outputs) if options.outputs else connect(options.stack)
        return COMMANDS[options.command](stack, options)
    except OpsError as error:
        return _fail(str(error))
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        return _fail(f"AWS refused or did not answer; check credentials and network: {error}")
    except KeyboardInterrupt:
        return _fail("Interrupted; nothing is lost, and the same command may be run again.")


def _shared() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    where = shared.add_mutually_exclusive_group(required=True)
    where.add_argument("--stack", metavar="NAME", help="stack to operate, e.g. dev, prod or local")
    where.add_argument(
        "--outputs",
        type=Path,
        metavar="FILE",
        help="its outputs, where there is no Pulumi: what `pulumi stack output --json` printed",
    )
    shared.add_argument("--json", action="store_true", help="print JSON, one object a line")
    return shared


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be more than 0, got {text}")
    return number


def _positive_int(text: str) -> int:
    return int(_positive(str(int(text))))


def _fail(sentence: str) -> int:
    screen(stderr=True).print(f"error: {sentence}", style="red", markup=False, soft_wrap=True)
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
