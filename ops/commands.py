"""The commands: each connects to a stack, prints, and says by an exit code what it found."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from function.contract import StackOutput
from ops import backfill as backfills
from ops import checkpoint, console, inventory, teardown
from ops import doctor as doctors
from ops import redrive as redrives
from ops.checkpoint import Checkpoint
from ops.finding import Finding
from ops.options import ALL_UPLOADS, NO_TARGET, Backfill, Target
from ops.stack import Stack, connected
from terminal import FAILED, OK, progress
from terminal import console as screen


def redrive(
    *,
    target: Target = NO_TARGET,
    key: str = "*",
    limit: Annotated[int | None, Parameter(validator=Number(gt=0))] = None,
    dry_run: bool = False,
) -> None:
    """Show dead letters and, unless told not to, send them through again.

    Args:
        target: where.
        key: Only uploads whose key matches this pattern, e.g. '*.png'.
        limit: At most this many.
        dry_run: Show them and move none.
    """
    with connected(target.stack, target.outputs) as stack:
        letters = redrives.read(stack, pattern=key, limit=limit)
        try:
            reasons = redrives.reasons(stack, letters)
        except BaseException:
            redrives.give_back(stack, letters)
            raise
        if target.as_json:
            _print_letters_as_json(letters, reasons)
        else:
            console.print_letters(letters, reasons)
        moved = 0
        if dry_run:
            redrives.give_back(stack, letters)
        else:
            with progress("Moving", len(letters)) as advance:
                for letter in redrives.move_all(stack, letters):
                    moved += 1
                    advance(name=" ".join(letter.keys))
        if not target.as_json:
            print(f"{len(letters)} dead letters, {moved} moved back")


def _print_letters_as_json(letters: list[redrives.DeadLetter], reasons: dict[str, str]) -> None:
    for letter in letters:
        fields = {
            "message_id": letter.message_id,
            "keys": letter.keys,
            "reason": reasons.get(letter.message_id),
            "age_seconds": letter.age_seconds,
            "receives": letter.receives,
        }
        print(json.dumps(fields))


def backfill(*, target: Target = NO_TARGET, options: Backfill = ALL_UPLOADS) -> None:
    """Send existing uploads through the queue, from where the state file says."""
    with connected(target.stack, target.outputs) as stack:
        backfills.check_prefix(options.prefix)
        place = _place(stack, options)
        uploads = _uploads(stack, options, place)
        if options.dry_run:
            count = sum(1 for _ in uploads())
            told = json.dumps({"would_send": count})
            print(told if target.as_json else f"{count} uploads would be sent")
            return
        count = _send(stack, uploads, options, place)
        if target.as_json:
            print(json.dumps({"sent": count, "sent_before": place.sent}))
        else:
            before = f", {place.sent} before" if place.sent else ""
            print(f"{count} uploads sent{before}")


def _send(
    stack: Stack,
    uploads: Callable[[], Iterator[backfills.Existing]],
    options: Backfill,
    place: Checkpoint,
) -> int:
    """Send and remember each batch; only for someone who watches are they counted first."""
    total = sum(1 for _ in uploads()) if screen(stderr=True).is_terminal else None
    count = 0
    with progress("Sending", total) as advance:
        for batch in backfills.send(stack, uploads(), per_second=options.rate):
            count += len(batch)
            advance(len(batch), name=batch[-1].key)
            if options.state:
                sent = Checkpoint(of=place.of, sent=place.sent + count, key=batch[-1].key)
                checkpoint.write(options.state, sent)
    return count


def _place(stack: Stack, options: Backfill) -> Checkpoint:
    listed = StackOutput.DESTINATION_BUCKET if options.gone else StackOutput.SOURCE_BUCKET
    of = f"{options.inventory or stack.outputs[listed]} {options.prefix}"
    return checkpoint.read(options.state, of) if options.state else Checkpoint(of=of)


def _uploads(
    stack: Stack, options: Backfill, place: Checkpoint
) -> Callable[[], Iterator[backfills.Existing]]:
    """Return a listing of uploads: S3's goes on behind a key, a report's after a number of rows."""
    if options.gone:
        return partial(backfills.find_gone, stack, options.prefix, place.key)
    if not options.inventory:
        return partial(backfills.find, stack, options.prefix, place.key)
    report = inventory.read_manifest(stack, options.inventory)
    return partial(inventory.find, stack, report, options.prefix, place.sent)


def doctor(*, target: Target = NO_TARGET) -> int:
    """Check a stack; findings are printed as they are made."""
    with (
        connected(target.stack, target.outputs) as stack,
        progress("Checking", len(doctors.CHECKS)) as advance,
    ):

        def show(finding: Finding) -> None:
            if target.as_json:
                print(json.dumps(asdict(finding)), flush=True)
            else:
                console.print_finding(finding)
            advance(name=finding.check)

        return OK if doctors.examine(stack, show) else FAILED


def empty(*, target: Target = NO_TARGET, yes: bool = False) -> None:
    """Delete all uploads and renditions for good; without ``yes``, say how many there are.

    Args:
        target: where.
        yes: Delete them rather than count them.
    """
    with connected(target.stack, target.outputs) as stack:
        counts = {bucket: teardown.count(stack, bucket) for bucket in teardown.buckets(stack)}
        if yes:
            teardown.stop(stack)
            with progress("Deleting", sum(counts.values())) as advance:
                counts = {bucket: teardown.empty(stack, bucket, advance) for bucket in counts}
    if target.as_json:
        print(json.dumps({"deleted" if yes else "would_delete": counts}))
        return
    for bucket, count in counts.items():
        print(f"{bucket}: {count} versions {'deleted' if yes else 'would be deleted'}")
    if not yes:
        print("Nothing was deleted; pass --yes to delete them for good.")
