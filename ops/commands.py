"""The commands: each takes a stack and options, prints, and returns its exit code."""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Final

from function.contract import StackOutput
from ops import backfill, checkpoint, console, doctor, inventory, redrive, teardown
from ops.checkpoint import Checkpoint
from ops.finding import Finding
from ops.stack import Stack

OK, FAILED, MISUSED = 0, 1, 2


def run_redrive(stack: Stack, options: argparse.Namespace) -> int:
    """Show dead letters and, unless told not to, send them through again."""
    letters = redrive.read(stack, pattern=options.key, limit=options.limit)
    try:
        reasons = redrive.reasons(stack, letters)
    except BaseException:
        redrive.give_back(stack, letters)
        raise
    if options.json:
        _print_letters_as_json(letters, reasons)
    else:
        console.print_letters(letters, reasons)
    moved = 0
    if options.dry_run:
        redrive.give_back(stack, letters)
    else:
        with console.progress("Moving", len(letters)) as advance:
            for _letter in redrive.move_all(stack, letters):
                moved += 1
                advance(1)
    if not options.json:
        print(f"{len(letters)} dead letters, {moved} moved back")
    return OK


def _print_letters_as_json(letters: list[redrive.DeadLetter], reasons: dict[str, str]) -> None:
    for letter in letters:
        fields = {
            "message_id": letter.message_id,
            "keys": letter.keys,
            "reason": reasons.get(letter.message_id),
            "age_seconds": letter.age_seconds,
            "receives": letter.receives,
        }
        print(json.dumps(fields))


def run_backfill(stack: Stack, options: argparse.Namespace) -> int:
    """Send existing uploads through the queue, from where the state file says."""
    backfill.check_prefix(options.prefix)
    place = _place(stack, options)
    uploads = _uploads(stack, options, place)
    if options.dry_run:
        count = sum(1 for _ in uploads())
        print(
            json.dumps({"would_send": count}) if options.json else f"{count} uploads would be sent"
        )
        return OK
    count = _send(stack, uploads, options, place)
    if options.json:
        print(json.dumps({"sent": count, "sent_before": place.sent}))
    else:
        before = f", {place.sent} before" if place.sent else ""
        print(f"{count} uploads sent{before}")
    return OK


def _send(
    stack: Stack,
    uploads: Callable[[], Iterator[backfill.Existing]],
    options: argparse.Namespace,
    place: Checkpoint,
) -> int:
    """Send and remember each batch; only someone who watches has them counted first."""
    total = sum(1 for _ in uploads()) if console.is_terminal() else None
    count = 0
    with console.progress("Sending", total) as advance:
        for batch in backfill.send(stack, uploads(), per_second=options.rate):
            count += len(batch)
            advance(len(batch))
            if options.state:
                sent = Checkpoint(of=place.of, sent=place.sent + count, key=batch[-1].key)
                checkpoint.write(options.state, sent)
    return count


def _place(stack: Stack, options: argparse.Namespace) -> Checkpoint:
    listed = StackOutput.DESTINATION_BUCKET if options.gone else StackOutput.SOURCE_BUCKET
    of = f"{options.inventory or stack.outputs[listed]} {options.prefix}"
    return checkpoint.read(options.state, of) if options.state else Checkpoint(of=of)


def _uploads(
    stack: Stack, options: argparse.Namespace, place: Checkpoint
) -> Callable[[], Iterator[backfill.Existing]]:
    """What lists the uploads; a listing goes on behind a key, a report after a number of rows."""
    if options.gone:
        return partial(backfill.find_gone, stack, options.prefix, place.key)
    if not options.inventory:
        return partial(backfill.find, stack, options.prefix, place.key)
    report = inventory.read_manifest(stack, options.inventory)
    return partial(inventory.find, stack, report, options.prefix, place.sent)


def run_doctor(stack: Stack, options: argparse.Namespace) -> int:
    """Check a stack; findings are printed as they are made."""

    def show(finding: Finding) -> None:
        if options.json:
            print(json.dumps(asdict(finding)), flush=True)
        else:
            console.print_finding(finding)

    with console.progress("Checking", len(doctor.CHECKS)) as advance:

        def step(finding: Finding) -> None:
            show(finding)
            advance(1)

        return OK if doctor.examine(stack, step) else FAILED


def run_empty(stack: Stack, options: argparse.Namespace) -> int:
    """Delete all uploads and renditions for good; without ``--yes``, say how many there are."""
    counts = {bucket: teardown.count(stack, bucket) for bucket in teardown.buckets(stack)}
    if options.yes:
        teardown.stop(stack)
        with console.progress("Deleting", sum(counts.values())) as advance:
            counts = {bucket: teardown.empty(stack, bucket, advance) for bucket in counts}
    if options.json:
        print(json.dumps({"deleted" if options.yes else "would_delete": counts}))
        return OK
    for bucket, count in counts.items():
        print(f"{bucket}: {count} versions {'deleted' if options.yes else 'would be deleted'}")
    if not options.yes:
        print("Nothing was deleted; pass --yes to delete them for good.")
    return OK


COMMANDS: Final[dict[str, Callable[[Stack, argparse.Namespace], int]]] = {
    "redrive": run_redrive,
    "backfill": run_backfill,
    "doctor": run_doctor,
    "empty": run_empty,
}
