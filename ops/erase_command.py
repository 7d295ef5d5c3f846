"""``ops erase`` and ``ops list``: ask, erase, prove it, and leave a record."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Annotated, Final, Literal

from cyclopts import Parameter

from ops import erase as erasures
from ops import invalidation, scope, versions
from ops.commands import NO_TARGET, Target
from ops.console import print_note
from ops.erase import Erasure, Place
from ops.stack import connected
from terminal import Failure, Misuse, counted, printable, progress

LABELS: Final = {
    Place.UPLOADS: "uploads: versions and delete markers",
    Place.UNFINISHED: "uploads that were never completed",
    Place.DESTINATION: "renditions and manifests",
    Place.INDEX: "entries in the index of duplicates",
    Place.QUOTAS: "quota items",
    Place.MESSAGES: "messages",
    Place.LETTERS: "dead letters",
}

User = Annotated[str | None, Parameter(name="--user")]


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """One line of the audit: the operator, the erased uploads, the time and the result.

    ``subject`` is the SHA-256 of the key or prefix. The key itself may name a person, and the
    record stays after the erasure, so it does not contain the key.
    """

    outcome: Literal["erased", "failed", "interrupted"]
    kind: Literal["user", "prefix", "key"]
    subject: str
    operator: str  # ARN of the principal that ran the command
    source_bucket: str
    started: str
    ended: str
    found: dict[Place, int]
    left: dict[Place, int] | None  # None if nothing was counted again
    passes: int | None
    invalidation: str | None


def list_uploads(
    key: str | None = None, /, *, target: Target = NO_TARGET, user: User = None
) -> None:
    """List all versions of uploads.

    Args:
        key: One key, or a prefix that ends with /.
        target: where.
        user: All uploads of a user, by the sub of the user's tokens.
    """
    scope.require_one(key, user)
    count, size = 0, 0
    with connected(target.stack, target.outputs) as stack:
        wanted = scope.parse(key, user, stack.prefixes)
        found = (versions.find(stack, stack.source, each, wanted.holds) for each in wanted.keys)
        for batch in chain.from_iterable(found):
            for version in batch:
                print(json.dumps(asdict(version)) if target.as_json else _line(version))
                count, size = count + 1, size + version.bytes
    if not target.as_json:
        print(f"{counted(count, 'version')}, {size:,} bytes")


def erase(
    key: str | None = None,
    /,
    *,
    target: Target = NO_TARGET,
    user: User = None,
    dry_run: bool = False,
    yes: bool = False,
    audit: Path | None = None,
) -> None:
    """Erase uploads and all that was made of them, for good.

    Args:
        key: One key, or a prefix that ends with /.
        target: where.
        user: All uploads of a user, by the sub of the user's tokens.
        dry_run: Count what would be erased, and erase nothing.
        yes: Do not ask.
        audit: File that gets a line of JSON about this run.
    """
    scope.require_one(key, user)
    if not (yes or dry_run or (sys.stdin.isatty() and not target.as_json)):
        raise Misuse("There is nobody to ask; pass --yes to erase, or --dry-run to count.")
    with connected(target.stack, target.outputs) as stack:
        erasure = erasures.prepare(stack, scope.parse(key, user, stack.prefixes))
        if dry_run or not target.as_json:
            _print_counts(erasure, as_json=target.as_json)
        if dry_run or not (yes or _confirm()):
            return
        record = _run(erasure, audit)
        if target.as_json:
            print(json.dumps(asdict(record)))
        else:
            _print_proof(record, erasure)


def _line(version: versions.Version) -> str:
    state = "deleted" if version.is_marker else "current" if version.is_latest else "old"
    key = printable(version.key)
    return f"{key}  {state}  {version.bytes:,} bytes  {version.modified}  {version.version_id}"


def _print_counts(erasure: Erasure, *, as_json: bool) -> None:
    would = erasure.count()
    paths = invalidation.paths(erasure.scope) if erasure.distribution else []
    if as_json:
        print(json.dumps({"would_erase": would, "would_invalidate": paths}))
        return
    for place, count in would.items():
        print(f"{count:>9,}  {LABELS[place]}")
    for path in paths:
        print(f"           {path} of the CDN")
    seconds = erasure.seconds * erasures.QUIET_PASSES
    print(f"That takes {seconds} seconds or more: no invocation that has begun may outlast it.")


def _confirm() -> bool:
    print("Erase all that for good? Type yes: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() == "yes":
        return True
    print("Nothing was erased.")
    return False


def _run(erasure: Erasure, audit: Path | None) -> AuditLine:
    """Erase, and append a line to the audit even if that fails.

    Raises:
        Failure: see ``Erasure.run``; the audit cannot be written; or someone pressed Ctrl-C.
    """
    operator = erasure.stack.client("sts").get_caller_identity()["Arn"]
    started, result, outcome = _now(), erasure.result, "failed"
    if audit:
        _append(audit, "")
    try:
        erasure.run(_wait)
        outcome = "erased"
    except KeyboardInterrupt as error:
        outcome = "interrupted"
        message = "Interrupted; a part is erased. Run the same command again: it erases the rest."
        raise Failure(message) from error
    finally:
        record = AuditLine(
            outcome=outcome,
            kind=erasure.scope.kind,
            subject=erasure.scope.digest,
            operator=operator,
            source_bucket=erasure.stack.source,
            started=started,
            ended=_now(),
            found=result.found,
            left=result.left,
            passes=result.passes,
            invalidation=result.invalidation,
        )
        if audit:
            _append(audit, f"{json.dumps(asdict(record))}\n")
    if not any(record.found.values()):
        print_note(
            "Nothing of it was found. If that is not what you expected, check what you named: a "
            "prefix ends with /, and --user takes the sub of the tokens as it is."
        )
    return record


def _wait(seconds: float) -> None:
    whole = round(seconds)
    with progress("Waiting for invocations to end", whole) as advance:
        for _second in range(whole):
            time.sleep(1)
            advance()


def _print_proof(record: AuditLine, erasure: Erasure) -> None:
    left = record.left or {}
    print(f"{'found':>9}  {'left':>5}")
    for place, label in LABELS.items():
        if place in left:
            print(f"{record.found.get(place, 0):>9,}  {left[place]:>5,}  {label}")
    if record.invalidation:
        paths = " ".join(invalidation.paths(erasure.scope))
        print(f"Removed from the CDN: {paths} (invalidation {record.invalidation})")
    print(f"Erased by {record.operator}; listed again at {record.ended}: nothing is left.")


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        lost = f" The line that it lacks: {text.strip()}" if text else ""
        raise Failure(f"{path} cannot be written: {error.strerror}.{lost}") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
