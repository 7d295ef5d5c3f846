"""``ops moderate``: list what waits for a moderator, approve it, reject it."""

import json
import time
from dataclasses import asdict
from typing import Final

from function.contract import Status, Verdict
from ops import invalidation, moderate, scope, waiting
from ops.commands import NO_TARGET, Target
from ops.console import human_age, print_note
from ops.moderate import GONE, OVERRULED, REPLACED, WAIT_SECONDS, Upload
from ops.stack import Stack, connected
from terminal import FAILED, OK, Misuse, counted, printable, progress

_OUTCOMES: Final[dict[str | None, str]] = {
    Status.READY: "approved, readers can see it",
    Status.REJECTED: "rejected, nothing of it is left for readers",
    Status.DELETED: "deleted meanwhile, nothing of it is left for readers",
    GONE: "permanently deleted meanwhile; another version has its key now, which waits for its own "
    "decision",
    REPLACED: "decided, and replaced by a newer upload, which waits for its own decision",
    OVERRULED: "not carried out, because a later decision about it counts; see the function's log",
    None: "sent, and not carried out within a minute; `ops redrive` shows if it failed; then run "
    "the same command again",
}


def list_waiting(*, target: Target = NO_TARGET) -> None:
    """List what waits, the oldest first; --json has the URL of a picture, good for five minutes."""
    with connected(target.stack, target.outputs) as stack:
        found = waiting.find(stack)
    if target.as_json:
        for held in found:
            print(json.dumps(asdict(held)))
        return
    # No table: a cell cuts or wraps a long name, which then cannot be copied.
    for held in found:
        like = held.looks_like_rejected
        facts = [
            f"waits for {human_age(held.age_seconds)}",
            f"{held.width} x {held.height} {held.format}",
            *([f"looks like the rejected {like['key']}"] if like else []),
        ]
        print(f"{printable(held.handle)}\n    {printable(', '.join(facts))}")
    print(f"{counted(len(found), 'upload')} {'waits' if len(found) == 1 else 'wait'}")


def approve(*keys: str, target: Target = NO_TARGET, reason: str = "") -> int:
    """Have uploads shown.

    Args:
        keys: Uploads: keys, or what `list` prints, which names the version that you saw.
        target: where.
        reason: Why, for the record.
    """
    return _decide(target, keys, Verdict.APPROVE, reason)


def reject(*keys: str, target: Target = NO_TARGET, reason: str = "") -> int:
    """Have uploads not shown, and taken away if readers could see them.

    Args:
        keys: Uploads: keys, or what `list` prints, which names the version that you saw.
        target: where.
        reason: Why, for the record.
    """
    return _decide(target, keys, Verdict.REJECT, reason)


def _decide(target: Target, keys: tuple[str, ...], verdict: Verdict, reason: str) -> int:
    """Send all decisions, then tell what came of each; return the exit code."""
    if not keys:
        raise Misuse("Name an upload, by its key or as `moderate list` prints it.")
    with connected(target.stack, target.outputs) as stack:
        uploads = [moderate.find(stack, key) for key in keys]
        with progress("Deciding", len(uploads)) as advance:
            decisions = [moderate.decide(stack, upload, verdict, reason) for upload in uploads]
            end = time.monotonic() + WAIT_SECONDS
            outcomes: list[str | None] = []
            for upload, decision in zip(uploads, decisions, strict=True):
                outcomes.append(moderate.follow(stack, upload, decision, end=end))
                advance(name=upload.key)
        # The CDN would fetch an upload again whose decision is not carried out yet.
        done = [upload for upload, told in zip(uploads, outcomes, strict=True) if told]
        if verdict == Verdict.REJECT:
            _invalidate(stack, [each for each in done if moderate.takes_down(stack, each)])
    for upload, outcome in zip(uploads, outcomes, strict=True):
        facts = {"key": upload.key, "version_id": upload.version_id, "status": outcome}
        told = _told(outcome, verdict)
        print(json.dumps(facts) if target.as_json else f"{upload.key}: {told}")
    return FAILED if {None, OVERRULED} & {*outcomes} else OK


def _told(outcome: str | None, verdict: Verdict) -> str:
    if (outcome, verdict) == (Status.REJECTED, Verdict.APPROVE):
        return "approved, but it cannot be rendered; its manifest says why"
    return _OUTCOMES.get(outcome, str(outcome))


def _invalidate(stack: Stack, uploads: list[Upload]) -> None:
    """Have the CDN forget what readers could see."""
    distribution = invalidation.distribution_of(stack) if uploads else None
    if distribution is None:
        return
    scopes = [scope.Scope(key=upload.key, prefixes=stack.prefixes) for upload in uploads]
    started = [invalidation.start(stack, distribution, each) for each in scopes]
    with progress("Waiting for the CDN to remove it", len(started)) as advance:
        for identity in started:
            invalidation.wait(stack, distribution, identity)
            advance()
    print_note("Browsers that have shown a rejected upload may keep its renditions.")
