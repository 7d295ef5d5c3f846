"""``python -m ops``: what an operator runs against a live stack."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import botocore.exceptions
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

from ops import backfill, doctor, redrive
from ops.errors import OpsError
from ops.stack import Stack, connect

OK, FAILED = 0, 1


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(
        prog="python -m ops",
        description="Operate a live stack.",
        epilog="Exit codes: 0 worked, 1 failed, 2 misused.",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    again = commands.add_parser("redrive", help="show dead letters and send them through again")
    again.add_argument("--stack", required=True, help="stack to operate, e.g. dev, prod or local")
    again.add_argument("--key", default="*", metavar="PATTERN", help="only these keys, e.g. 'u1/*'")
    again.add_argument("--limit", type=int, help="at most this many")
    again.add_argument("--dry-run", action="store_true", help="show them and move none")
    again.add_argument("--json", action="store_true", help="one JSON object per dead letter")
    fill = commands.add_parser("backfill", help="send existing uploads through the queue again")
    fill.add_argument("--stack", required=True, help="stack to operate, e.g. dev, prod or local")
    fill.add_argument("--prefix", default="uploads/", help="only keys that start so (default: all)")
    fill.add_argument("--rate", type=float, default=50, help="uploads a second (default: 50)")
    fill.add_argument(
        "--state",
        type=Path,
        help="file that remembers how far it got; the same file again goes on from there",
    )
    fill.add_argument("--dry-run", action="store_true", help="count them and send none")
    look = commands.add_parser("doctor", help="check a stack from end to end, with a canary upload")
    look.add_argument("--stack", required=True, help="stack to check, e.g. dev, prod or local")
    look.add_argument("--json", action="store_true", help="one JSON object per finding")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(arguments)
    try:
        stack = connect(options.stack)
        if options.command == "doctor":
            return _doctor(stack, as_json=options.json)
        {"redrive": _redrive, "backfill": _backfill}[options.command](stack, options)
    except OpsError as error:
        return _fail(str(error))
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        return _fail(f"AWS refused or did not answer: {error}")
    return OK


def _fail(sentence: str) -> int:
    Console(stderr=True).print(f"error: {sentence}", style="red", markup=False, soft_wrap=True)
    return FAILED


def _backfill(stack: Stack, options: argparse.Namespace) -> None:
    after = backfill.read_state(options.state) if options.state else ""
    uploads = backfill.find(stack, options.prefix, after)
    if options.dry_run:
        print(f"{sum(1 for _ in uploads)} uploads would be sent")
        return

    def remember(upload: backfill.Existing) -> None:
        bar.advance(task)
        if options.state:
            backfill.write_state(options.state, upload.key)

    hidden = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), disable=hidden, transient=True) as bar:
        task = bar.add_task("Sending", total=None)
        count = backfill.send(stack, uploads, per_second=options.rate, on_sent=remember)
    print(f"{count} uploads sent")


def _doctor(stack: Stack, *, as_json: bool) -> int:
    def show(finding: doctor.Finding) -> None:
        if as_json:
            print(json.dumps(asdict(finding)), flush=True)
            return
        mark = "ok  " if finding.is_well else "FAIL"
        fix = f"; {finding.fix}" if finding.fix else ""
        print(f"{mark} {finding.check:<14} {finding.detail}{fix}", flush=True)

    return OK if doctor.examine(stack, show) else FAILED


def _redrive(stack: Stack, options: argparse.Namespace) -> None:
    letters = redrive.read(stack, pattern=options.key, limit=options.limit)
    _show(letters, as_json=options.json)
    if options.dry_run:
        redrive.give_back(stack, letters)
        moved = 0
    else:
        hidden = not sys.stderr.isatty()
        bar = Console(stderr=True)
        for letter in track(letters, "Moving", console=bar, disable=hidden, transient=True):
            redrive.move(stack, letter)
        moved = len(letters)
    if not options.json:
        print(f"{len(letters)} dead letters, {moved} moved back")


def _show(letters: Sequence[redrive.DeadLetter], *, as_json: bool) -> None:
    if as_json:
        for letter in letters:
            fields = ("message_id", "keys", "reason", "age_seconds")
            print(json.dumps({name: getattr(letter, name) for name in fields}))
        return
    if not letters:
        return
    table = Table("upload", "reason", "age")
    for letter in letters:
        age = f"{letter.age_seconds} s"
        table.add_row("\n".join(letter.keys) or "(no S3 event)", letter.reason or "unknown", age)
    Console(width=None if sys.stdout.isatty() else 120, highlight=False).print(table)


if __name__ == "__main__":
    sys.exit(main())
