"""The commands and their options: each connects to a stack, prints, and returns an exit code."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Group, Parameter
from cyclopts.validators import Number

from ops import backfill_queue, console, teardown
from ops import doctor as doctors
from ops import redrive as redrives
from ops.processing import processed
from ops.stack import Stack, connected
from terminal import (
    FAILED,
    OK,
    Failure,
    counted,
    one_of,
    progress,
)

_STACK: Final = Group("Stack", validator=one_of)


def named(_type: object, value: object) -> None:
    """Refuse an empty file name, which an unset shell variable would give."""
    if value in ("", Path()):
        raise ValueError("It must name a file.")


def _named_stack(_type: object, value: object) -> None:
    if value == "":
        raise ValueError("It must name a stack.")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Target:
    """The stack that a command works on, and how the command prints."""

    stack: Annotated[str | None, Parameter(group=_STACK, validator=_named_stack)] = None
    """Stack to operate, e.g. dev, prod or local."""

    outputs: Annotated[Path | None, Parameter(group=_STACK, validator=named)] = None
    """Its outputs, where there is no Pulumi: a file that `pulumi stack output --json` wrote."""

    as_json: Annotated[bool, Parameter(name="--json")] = False
    """Print JSON, one object a line."""


# The group's validator refuses this default: a stack must be named.
NO_TARGET: Final = Target()


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
        most = min(limit or redrives.MOST_READ, redrives.MOST_READ)
        letters, moved = redrives.read(stack, pattern=key, limit=most), 0
        try:
            reasons = redrives.reasons(stack, letters)
            is_backfill = not dry_run and any(letter.is_backfill for letter in letters)
            queue = backfill_queue.find(stack) if is_backfill else None
            show = console.print_letters_as_json if target.as_json else console.print_letters
            show(letters, reasons)
            if not dry_run:
                with processed(queue), progress("Moving", len(letters)) as advance:
                    for letter in redrives.move_all(stack, letters):
                        moved += 1
                        advance(name=" ".join(letter.keys))
        finally:
            redrives.give_back(stack, letters[moved:])
        if not target.as_json:
            print(f"{counted(len(letters), 'dead letter')}, {moved} moved back")
        if len(letters) == redrives.MOST_READ:
            console.print_note(
                f"A command reads {redrives.MOST_READ:,} dead letters, so there may be more; once "
                "these are moved, the same command reads the next ones."
            )


def doctor(*, target: Target = NO_TARGET) -> int:
    """Check a stack; findings are printed as they are made."""
    code = OK
    with (
        connected(target.stack, target.outputs) as stack,
        progress("Checking", len(doctors.CHECKS)) as advance,
    ):
        for finding in doctors.examine(stack):
            if target.as_json:
                print(json.dumps(asdict(finding)), flush=True)
            else:
                console.print_finding(finding)
            advance(name=finding.check)
            code = FAILED if finding.level == "fail" else code
    return code


def empty(*, target: Target = NO_TARGET, yes: bool = False) -> None:
    """Delete all uploads and renditions for good; without ``yes``, say how many there are.

    Args:
        target: where.
        yes: Delete them rather than count them.
    """
    with connected(target.stack, target.outputs) as stack:
        buckets = teardown.own_buckets(stack)
        kept = [name for name in (stack.source, stack.destination) if name not in buckets]
        counts = {bucket: teardown.count(stack, bucket) for bucket in buckets}
        if yes:
            counts = _empty(stack, counts)
    if target.as_json:
        print(json.dumps({"deleted" if yes else "would_delete": counts}))
        return
    for bucket in kept:
        print(f"{bucket}: left as it is, because it is not the stack's own")
    for bucket, count in counts.items():
        print(f"{bucket}: {counted(count, 'version')} {'deleted' if yes else 'would be deleted'}")
    if not yes:
        print("Nothing was deleted; pass --yes to delete them for good.")


def _empty(stack: Stack, counts: dict[str, int]) -> dict[str, int]:
    """Stop a stack and empty its buckets; return how many versions were deleted of each.

    Raises:
        Failure: see ``teardown``; or someone pressed Ctrl-C.
    """
    try:
        teardown.stop(stack)
        with progress("Deleting", sum(counts.values())) as advance:
            deleted = {bucket: teardown.empty(stack, bucket, advance) for bucket in counts}
        teardown.check_stopped(stack)
    except KeyboardInterrupt as error:
        message = (
            "Interrupted; uploads may be denied and a part deleted. Run the same command again to "
            "delete the rest, or `pulumi up --refresh` to take uploads again."
        )
        raise Failure(message) from error
    return deleted
