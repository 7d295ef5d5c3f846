"""``ops backfill``: send uploads through the queue again, or make a job of S3 Batch Operations."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter

from ops import backfill as backfills
from ops import backfill_queue, checkpoint, console, gone, inventory, job_command
from ops.checkpoint import Checkpoint
from ops.commands import NO_TARGET, Target, named
from ops.pace import Pace
from ops.processing import processed
from ops.stack import Stack, connected
from terminal import Misuse, PositiveNumber, at_most_one_of, counted, progress

_SOURCE: Final = Group("Source", validator=at_most_one_of)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Backfill:
    """The uploads to send through the queue again, and how to send them."""

    prefix: str | None = None
    """Only keys that start with this."""

    gone: Annotated[bool, Parameter(group=_SOURCE)] = False
    """Send uploads whose deletion was missed, so that their renditions are removed."""

    inventory: Annotated[str | None, Parameter(group=_SOURCE, validator=named)] = None
    """Take the uploads from an S3 Inventory report in CSV: path or s3:// address of its
    manifest.json."""

    rate: PositiveNumber = 50.0
    """Uploads a second."""

    state: Annotated[Path | None, Parameter(validator=named)] = None
    """File that remembers how far it got; the same command, run again, goes on from there."""

    batch_operations: bool = False
    """Have S3 Batch Operations invoke a separate function for each upload, without the queue."""

    dry_run: bool = False
    """Count the uploads and send none."""


ALL_UPLOADS: Final = Backfill()


def backfill(*, target: Target = NO_TARGET, options: Backfill = ALL_UPLOADS) -> None:
    """Send existing uploads through their queue from where the state file says, and wait."""
    if options.batch_operations:
        _run_job(target, options)
        return
    with connected(target.stack, target.outputs) as stack:
        prefixes = backfills.prefixes_of(stack, options.prefix)
        of = f"{_listed(stack, options)} {' '.join(prefixes)}"
        place = checkpoint.read(options.state, of) if options.state else Checkpoint(of=of)
        uploads = _uploads(stack, options, place)
        if options.dry_run:
            count = _count(stack, options, place)
            told = json.dumps({"would_send": count})
            print(told if target.as_json else f"{counted(count, 'upload')} would be sent")
            return
        if queue := backfill_queue.find(stack):
            uploads = queue.limit(uploads)
        else:
            console.print_note(
                "This stack has no queue of backfills yet, so new uploads wait behind this one; "
                "deploy this release with `pulumi up`."
            )
        if options.state:
            checkpoint.write(options.state, place)  # fail first if it cannot be written
        total = None if options.gone else _count(stack, options, place)
        # Also waits for messages that an earlier run sent.
        has_messages = total != 0 or place.sent > 0
        with processed(queue if has_messages else None):
            count = _send(stack, uploads, options, place, total)
        if target.as_json:
            print(json.dumps({"sent": count, "sent_before": place.sent}))
        else:
            before = f", {place.sent} before" if place.sent else ""
            print(f"{counted(count, 'upload')} sent{before}")


def _run_job(target: Target, options: Backfill) -> None:
    others = {"--gone": options.gone, "--state": options.state}
    others["--rate"] = options.rate != ALL_UPLOADS.rate
    for name, is_given in others.items():
        if is_given:
            raise Misuse(f"{name} has no effect with --batch-operations; leave it out.")
    with connected(target.stack, target.outputs) as stack:
        job_command.run(
            stack,
            options.prefix,
            options.inventory,
            dry_run=options.dry_run,
            as_json=target.as_json,
        )


def _send(
    stack: Stack,
    uploads: Iterator[backfills.Existing],
    options: Backfill,
    place: Checkpoint,
    total: int | None,
) -> int:
    """Send batches, remember each, and show the rate and the time of the end.

    ``total`` is the number of uploads. Uploads that are gone are not counted first, because
    counting them takes as long as sending them.
    """
    pace, count = Pace(total=total, started=time.monotonic()), 0
    with progress("Sending", total) as advance:
        for batch in backfills.send(stack, uploads, per_second=options.rate):
            count += len(batch)
            told = pace.describe(count, time.monotonic(), datetime.now(UTC).astimezone())
            advance(len(batch), name=f"{batch[-1].key} ({told})")
            if options.state:
                sent = Checkpoint(of=place.of, sent=place.sent + count, key=batch[-1].key)
                checkpoint.write(options.state, sent)
    return count


def _listed(stack: Stack, options: Backfill) -> str:
    """Return an id of the uploads' list: a bucket, or a report by a file that only it has."""
    if options.inventory:
        report = inventory.read_manifest(stack, options.inventory)
        return " ".join([options.inventory, *report.files[:1]])
    return stack.destination if options.gone else stack.source


def _uploads(stack: Stack, options: Backfill, place: Checkpoint) -> Iterator[backfills.Existing]:
    """List uploads: a bucket's listing resumes after a key, a report after a number of rows."""
    if options.inventory:
        report = inventory.read_manifest(stack, options.inventory)
        prefixes = backfills.prefixes_of(stack, options.prefix)
        return inventory.find(stack, report, prefixes, place.sent)
    find = gone.find if options.gone else backfills.find
    return chain.from_iterable(find(stack, *each) for each in _rest(stack, options, place))


def _rest(stack: Stack, options: Backfill, place: Checkpoint) -> Iterator[tuple[str, str]]:
    """Yield each prefix that is not finished, in key order, with the last key that is done."""
    prefixes = backfills.prefixes_of(stack, options.prefix)
    if options.gone and options.prefix is None:
        prefixes = stack.prefixes[:1]  # a manifest is that of the name, whichever prefix has it
    for prefix in prefixes:
        if place.key.startswith(prefix):
            yield prefix, place.key
        elif prefix > place.key:
            yield prefix, ""


def _count(stack: Stack, options: Backfill, place: Checkpoint) -> int:
    """Return how many uploads ``_uploads`` lists."""
    if options.inventory or options.gone:
        return sum(1 for _ in _uploads(stack, options, place))
    return sum(backfills.count(stack, *each) for each in _rest(stack, options, place))
