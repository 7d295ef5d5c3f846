"""``ops backfill --batch-operations``: create a job, and show its progress until it ends."""

import json
import time
from datetime import UTC, datetime

import botocore.exceptions

from ops import backfill, jobs
from ops.jobs import Job, Progress
from ops.pace import Pace
from ops.stack import Stack
from terminal import Failure, Misuse, counted, progress


def run(
    stack: Stack, prefix: str | None, inventory: str | None, *, dry_run: bool, as_json: bool
) -> None:
    """Have S3 Batch Operations render uploads again, and wait until it has.

    Args:
        stack: where.
        prefix: start of the uploads' keys; None for all uploads.
        inventory: ``s3://`` address of a report's manifest.json, to take the uploads from.
        dry_run: describe the job instead of creating it.
        as_json: print JSON, one object a line.

    Raises:
        Misuse: a prefix of a report, which S3 Batch Operations takes as a whole.
        Failure: no upload has the prefix; the job could not be created, has failed or was
            cancelled, or tasks of it have failed; or AWS did not answer or someone pressed Ctrl-C,
            and the job goes on.
    """
    prefixes = backfill.prefixes_of(stack, prefix)
    if inventory and prefix is not None:
        raise Misuse("S3 Batch Operations takes a whole inventory; leave out --prefix.")
    report = jobs.find_report(stack, inventory) if inventory else None
    asked = jobs.request(stack, jobs.account_of(stack), prefixes, report)
    named = " or ".join(prefixes)
    if not inventory and not any(_has_uploads(stack, each) for each in prefixes):
        # S3 would bill the job, and it would fail after a while.
        raise Failure(f"No upload in {stack.source} starts with {named}; there is nothing to do.")
    if dry_run:
        where = f"in {inventory}" if inventory else f"that start with {named}"
        told = json.dumps({"would_create": asked})
        print(told if as_json else f"A job for all uploads {where} would be created")
        return
    job = jobs.create(stack, asked)
    try:
        print(json.dumps({"job": job.id}) if as_json else f"job {job.id}", flush=True)
        last = _follow(job)
    except KeyboardInterrupt as error:
        raise Failure(f"The job {job.id} goes on; {job.commands}") from error
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        # It may take days, for longer than credentials are valid.
        message = f"The job {job.id} goes on, but cannot be looked at ({error}); {job.commands}"
        raise Failure(message) from error
    if as_json:
        counts = {"total": last.total, "succeeded": last.succeeded, "failed": last.failed}
        print(json.dumps({"job": job.id, "status": last.status, **counts, "report": job.report}))
    _check(job, last)
    if not as_json:
        print(f"{counted(last.succeeded, 'upload')} done; {job.report} lists each result")


def _has_uploads(stack: Stack, prefix: str) -> bool:
    found = stack.client("s3").list_objects_v2(Bucket=stack.source, Prefix=prefix, MaxKeys=1)
    return bool(found.get("Contents"))


def _follow(job: Job) -> Progress:
    """Show a bar once the tasks are counted; return how the job ended."""
    steps = job.follow()
    with progress("Preparing", None):
        last = next(step for step in steps if step.status not in jobs.WAITING)
    before = shown = last.done
    pace = Pace(total=last.total - before, started=time.monotonic())
    with progress("Rendering", last.total) as advance:
        advance(before)
        for last in steps:
            now = datetime.now(UTC).astimezone()
            told = pace.describe(last.done - before, time.monotonic(), now)
            advance(last.done - shown, name=f"{last.status}, {last.failed} failed ({told})")
            shown = last.done
    return last


def _check(job: Job, last: Progress) -> None:
    """Raise a ``Failure`` unless every task has succeeded."""
    if last.status != "Complete":
        why = f" ({'; '.join(last.reasons)})" if last.reasons else ""
        raise Failure(
            f"The job {job.id} is {last.status}{why} with {last.succeeded} of "
            f"{counted(last.total, 'upload')} done; the same command makes a new job."
        )
    if not last.total:
        raise Failure(f"The job {job.id} found no upload in its list, and has done nothing.")
    if last.failed:
        raise Failure(
            f"{last.failed} of {counted(last.total, 'upload')} failed; {job.report} says why. Once "
            "that is fixed, send them again, with their --prefix or through the queue."
        )
