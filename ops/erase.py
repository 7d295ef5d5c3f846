"""Erases uploads with all that was made of them, so that nothing of them comes back.

The function may be at work on an upload while it is erased, and so may the one that makes lazy
renditions. They write renditions only in an invocation that has found the upload, and a manifest
only in one that has found the upload or some rendition. So the command clears the buckets in
several passes, and waits between two passes for longer than any invocation can run:

1. The last pass that finds an upload deletes its last version. An invocation with its bytes ends
   before
2. the next pass, which deletes the last renditions. An invocation that saw one of these ends before
3. the next pass, which deletes the last manifests of status ``deleted``. From then on, every event
   finds neither the upload nor anything made of it, and writes nothing.

The command ends after a pass that finds nothing. tests/unit/function/test_reconcile.py searches for
a history of crashes and races that brings something back.

There is no state to keep, because everything still there is still to do. So the same command goes
on after an interruption, and changes nothing if it is run again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from function.contract import VIEW_SECONDS, StackOutput
from function.contract.keys import DECISIONS, HELD, MANIFEST
from function.engine.renditions import FORMATS
from ops import invalidation, queued, tables, versions
from ops.scope import Scope
from ops.stack import Stack
from terminal import Failure, progress

MARGIN: Final = 10
"""Seconds for requests that an invocation had sent when Lambda ended it."""

QUIET_PASSES: Final = 2
"""Passes after the last one that finds an upload; see above."""

MOST_PASSES: Final = 8
"""Passes after which the command fails, because uploads keep coming."""


_MADE: Final = (MANIFEST, *(f".{format_.extension}" for format_ in FORMATS.values()))
"""Ends of the names of manifests, and of renditions of these and former settings."""


class Place(StrEnum):
    """Kinds of places that keep parts of an upload, as the command's JSON names them."""

    UPLOADS = "upload_versions"
    UNFINISHED = "unfinished_uploads"
    DESTINATION = "destination_versions"
    INDEX = "index_entries"
    QUOTAS = "quota_items"
    MESSAGES = "messages"
    LETTERS = "dead_letters"


@dataclass(frozen=True, kw_only=True)
class Store:
    """One such place; both functions return how many items of the uploads it had."""

    count: Callable[[], int]
    clear: Callable[[], int]


@dataclass(kw_only=True)
class Result:
    """Counts of what an erasure has found so far, and of what its last look found left."""

    found: dict[Place, int] = field(default_factory=dict[Place, int])
    left: dict[Place, int] | None = None  # None before the last look
    passes: int | None = None  # number of passes over the buckets; None before the last one
    invalidation: str | None = None  # id of the CDN's invalidation; None before it, or without one


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """Uploads to erase from a stack; ``result`` says how far it got, also after a failure."""

    stack: Stack
    scope: Scope
    stores: dict[Place, Store]
    seconds: int  # longest that an invocation, with its requests, can go on
    distribution: str | None
    result: Result = field(default_factory=Result)

    def count(self) -> dict[Place, int]:
        """Return how much there is, without waiting messages: counting them would receive them."""
        return {place: store.count() for place, store in self.stores.items()}

    def run(self, wait: Callable[[float], None] = time.sleep) -> None:
        """Erase, and look again.

        Args:
            wait: waits for some seconds.

        Raises:
            Failure: uploads keep coming, or something was there again at the end.
        """
        self.result.passes = self.clear_buckets(wait)
        identity = None
        if self.distribution:
            identity = invalidation.start(self.stack, self.distribution, self.scope)
            self.result.invalidation = identity
        for place in (Place.INDEX, Place.QUOTAS):
            self._clear(place)
        self._clear_queues()
        if self.distribution and identity:
            invalidation.wait(self.stack, self.distribution, identity)
        queued.wait_for_readers(self.stack)
        messages = queued.remove_waiting(self.stack, self.scope)
        self._note(Place.MESSAGES, messages)
        left = self.count() | {Place.MESSAGES: messages}
        self.result.left = left
        if again := [f"{left[place]} {place}" for place in left if left[place]]:
            raise Failure(
                f"Something was there again at the end ({', '.join(again)}): someone uploads or a "
                "redrive runs; stop that, and run the same command again."
            )

    def clear_buckets(self, wait: Callable[[float], None]) -> int:
        """Clear both buckets in as many passes as it takes, and return how many it took.

        Raises:
            Failure: uploads keep coming.
        """
        quiet = 0
        for number in range(1, MOST_PASSES + 1):
            uploads = self._clear(Place.UPLOADS) + self._clear(Place.UNFINISHED)
            written = self._clear(Place.DESTINATION)
            # An interrupted command may have deleted the uploads just before this one's first pass.
            quiet = 0 if uploads or number == 1 else quiet + 1
            if quiet >= QUIET_PASSES and not written:
                return number
            if number < MOST_PASSES:
                wait(self.seconds)
        raise Failure(
            f"Uploads kept coming in {MOST_PASSES} passes; stop them (a form is valid for minutes) "
            "and run the same command again."
        )

    def _clear(self, place: Place) -> int:
        """Clear a place, if the stack has it, and remember how much there was."""
        cleared = self.stores[place].clear() if place in self.stores else 0
        self._note(place, cleared)
        return cleared

    def _note(self, place: Place, cleared: int) -> None:
        found = self.result.found
        found[place] = found.get(place, 0) + cleared

    def _clear_queues(self) -> None:
        """Delete messages until none is left, then dead letters, which messages may become."""
        self._note(Place.MESSAGES, queued.remove_waiting(self.stack, self.scope))
        queued.wait_for_function(self.stack)
        while removed := queued.remove_waiting(self.stack, self.scope):
            self._note(Place.MESSAGES, removed)
        queued.wait_for_readers(self.stack)
        self._clear(Place.LETTERS)


def prepare(stack: Stack, scope: Scope) -> Erasure:
    """Return an erasure that has deleted nothing yet.

    The index is read from the function's variables, so that outputs of any release suffice.

    Raises:
        Failure: the outputs name no CDN although there is one.
    """
    lambda_, outputs = stack.client("lambda"), stack.outputs
    function = lambda_.get_function_configuration(FunctionName=outputs[StackOutput.FUNCTION_NAME])
    timeouts = [function["Timeout"]]
    if batch := outputs.get(StackOutput.BATCH_FUNCTION_ARN):
        timeouts.append(lambda_.get_function_configuration(FunctionName=batch)["Timeout"])
    if StackOutput.VIEW_FUNCTION_NAME in outputs:
        timeouts.append(VIEW_SECONDS)
    index = function.get("Environment", {}).get("Variables", {}).get("INDEX_TABLE", "")
    return Erasure(
        stack=stack,
        scope=scope,
        stores=_stores(stack, scope, index),
        seconds=max(timeouts) + MARGIN,
        distribution=invalidation.distribution_of(stack),
    )


def _stores(stack: Stack, scope: Scope, index: str) -> dict[Place, Store]:
    sources = [(stack, stack.source, key, scope.holds) for key in scope.keys]
    stores = {
        Place.UPLOADS: _all([_bucket(*source) for source in sources]),
        Place.UNFINISHED: _all([_unfinished(*source) for source in sources]),
        Place.DESTINATION: _all([_made(stack, scope, prefix) for prefix in ("", HELD, DECISIONS)]),
    }
    if index:
        entries = tables.index_entries(stack, index, scope)
        stores[Place.INDEX] = Store(count=entries.count, clear=entries.clear)
    quotas = stack.outputs.get(StackOutput.QUOTA_TABLE)
    if quotas and scope.user:
        items = tables.quota_items(stack, quotas, scope.user)
        stores[Place.QUOTAS] = Store(count=items.count, clear=items.clear)
    stores[Place.LETTERS] = Store(
        count=partial(queued.count_letters, stack, scope),
        clear=partial(queued.remove_letters, stack, scope),
    )
    return stores


def _made(stack: Stack, scope: Scope, prefix: str) -> Store:
    """Return the function's objects for uploads, under a prefix of the destination bucket.

    In a bucket that is not the stack's own, other files may be beside them.
    """
    is_shared = stack.adopts("destination") and not prefix

    def holds(key: str) -> bool:
        is_ours = not is_shared or key.rpartition("/")[2].endswith(_MADE)
        return is_ours and scope.holds_destination(key.removeprefix(prefix))

    return _bucket(stack, stack.destination, f"{prefix}{scope.destination}", holds)


def _all(stores: list[Store]) -> Store:
    return Store(
        count=lambda: sum(store.count() for store in stores),
        clear=lambda: sum(store.clear() for store in stores),
    )


def _unfinished(stack: Stack, bucket: str, key: str, holds: Callable[[str], bool]) -> Store:
    source = (stack, bucket, key, holds)
    return Store(
        count=lambda: len(versions.find_unfinished(*source)),
        clear=partial(versions.abort_unfinished, *source),
    )


def _bucket(stack: Stack, bucket: str, prefix: str, holds: Callable[[str], bool]) -> Store:
    find = partial(versions.find, stack, bucket, prefix, holds)

    def clear() -> int:
        with progress("Deleting", None) as advance:
            return versions.delete(stack, bucket, find(), advance)

    return Store(count=lambda: versions.count(find()), clear=clear)
