"""The newest upload of a key wins: a key's events, in any order, end in what the key holds now.

S3 delivers events late, twice, out of order and at the same time, and a process may die anywhere.
``decide`` therefore trusts no order. It compares what the destination shows with what the key
holds, and ``Reconciler`` acts on it until both agree. Three rules make that safe:

* A manifest is replaced or deleted only if it is still the one that was read (a conditional write),
  and it was read before the key was looked up. So no invocation writes what is older than it read.
* After a write, the invocation looks at the key again: it may have been removed in the meantime.
* After replacing a manifest, it checks the renditions. Renditions are written without a
  condition, so an invocation that lost may have overwritten them. One that died is redelivered, and
  checks them then.
"""

import random
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Final

from function.contract import MAX_KEY_BYTES, Status, manifest_key, rendition_key
from function.engine.errors import DecoderBug, Reason
from function.engine.record import Record
from function.engine.renditions import file_name
from function.environment import Environment
from function.events import Event, EventKind
from function.manifest import (
    CACHE_CONTROL,
    CONTENT_TYPE,
    INTERNAL,
    ErrorFacts,
    Manifest,
    SourceFacts,
    Timings,
)
from function.process import Engine, Processor, timestamp
from function.storage.bucket import ABSENT, Bucket, Headers
from function.storage.errors import Conflict, Gone
from function.versions import ObjectVersion, is_newer

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates

MAX_ROUNDS: Final = 16
"""Decisions about one event before SQS delivers it again. Five are enough without contention."""

PAUSE: Final = 0.25
"""Backoff with jitter: round n waits a random time up to n x PAUSE seconds."""


class KeyTooLong(Exception):
    """A manifest's key would be longer than S3 allows, so nothing can be told of the upload."""


class Contended(Exception):
    """Other invocations kept writing the same key; the message is delivered again."""


class State(Record):
    """One key on both sides."""

    standing: Manifest | None  # the manifest at the destination, if there is one
    etag: str  # its entity tag, ``ABSENT`` without a manifest
    # The version that the source key holds; None if nothing, or a delete marker.
    held: ObjectVersion | None
    # The version that ``standing`` is about still exists in the source bucket.
    is_retained: bool = True
    # Whether the destination has all that ``standing`` names, and nothing else of this upload; None
    # if that has not been checked.
    is_whole: bool | None = None


class Step(Enum):
    """The next step for a key."""

    SKIP = "skip"
    """The destination shows what the key holds: there is nothing to do."""

    REPAIR = "repair"
    """The manifest is right: check its renditions, and delete those that it does not name."""

    REMOVE = "remove"
    """The key holds nothing: delete the manifest and all renditions."""


class Render(Record):
    """Make the renditions and the manifest of a version, in place of what is there."""

    version: ObjectVersion


def decide(event: Event, state: State) -> Step | Render:
    """Return the next step towards a destination that shows what the key holds."""
    standing, held = state.standing, state.held
    if held is None:
        return Step.SKIP if standing is None and state.is_whole else Step.REMOVE
    if (
        standing is None
        or standing.status == Status.DELETED
        or is_newer(held.sequencer, standing.source.sequencer)
    ):
        return Render(_sequenced(held, event, standing))
    is_shown = standing.source.version_id == held.version_id
    is_redriven = standing.status == Status.FAILED and event.kind == EventKind.CREATED
    if event.kind == EventKind.BACKFILL or is_redriven:
        return Render(standing.source.version if is_shown else _sequenced(held, event, standing))
    # The key holds another version. If the one shown still exists, the other one is newer, and its
    # own event is under way. If not, an older one is back, which may have no event left.
    if not is_shown and not state.is_retained:
        return Render(_sequenced(held, event, standing))
    if state.is_whole is None:
        return Step.REPAIR
    return Step.SKIP if state.is_whole else Render(standing.source.version)


def _sequenced(held: ObjectVersion, event: Event, standing: Manifest | None) -> ObjectVersion:
    """Return the version with a sequencer that is newer than the standing manifest's.

    A version that was found by a look at the key has none. It gets the event's, or if that is older
    than the manifest, the manifest's with one more digit: newer than that manifest, and older than
    every later event.
    """
    if held.sequencer:
        return held
    sequencer = event.version.sequencer
    if standing and not is_newer(sequencer, standing.source.sequencer):
        sequencer = f"{standing.source.sequencer}1"
    return held.replace(sequencer=sequencer)


def back_off(attempt: int) -> None:
    """Wait a random time, so that invocations that collided once do not collide again."""
    time.sleep(random.uniform(0, PAUSE * attempt))  # noqa: S311 - nothing secret


class Reconciler(Record):
    """Makes the destination agree with what a key of the source bucket holds."""

    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the renditions and manifests
    files: tuple[str, ...]  # file names of all renditions that this stack makes of an upload
    processor: Processor  # writes a version's renditions and returns its manifest
    # Index to keep up to date; None where the stack does not look for duplicates.
    duplicates: "Duplicates | None" = None
    # Waits after a lost conditional write, given the number of the round.
    back_off: Callable[[int], None] = back_off

    @classmethod
    def build(
        cls,
        environment: Environment,
        source: Bucket,
        destination: Bucket,
        engine: Engine,
        duplicates: "Duplicates | None" = None,
    ) -> "Reconciler":
        """Build the reconciler of a stack, which renders by ``Processor``."""
        return cls(
            source=source,
            destination=destination,
            files=tuple(
                file_name(r.name, name) for r in environment.renditions for name in r.formats
            ),
            processor=Processor(environment, source, destination, engine, duplicates),
            duplicates=duplicates,
        )

    def reconcile(self, event: Event, *, is_last: bool = False) -> Manifest | None:
        """Process one event, however often, late or early it comes.

        With ``is_last`` it will not come again by itself. Then a decoder's bug is recorded in a
        manifest, so that the uploader gets an answer, before it is raised.

        Returns:
            The manifest that was written, with status ``deleted`` where everything was removed;
            None if the destination was up to date.

        Raises:
            KeyTooLong: the key is so long that S3 could not store its manifest.
            Gone: the event's version no longer exists, and there was nothing to do about it.
            Contended: other invocations kept writing the same key.
            DecoderBug: the engine failed in a way that damaged files do not explain.
            Exception: a failure of ours; the caller lets SQS deliver the event again. What was
                written by then is named by no manifest, and the next delivery writes it again.
        """
        _check_length(manifest_key(event.version.name))
        written: Manifest | None = None
        gone: Gone | None = None
        state: State | None = None
        for attempt in range(1, MAX_ROUNDS + 1):
            state = state or self._observe(event)
            step = decide(event, state)
            if step is Step.SKIP:
                if gone and not written:
                    raise gone
                return written
            try:
                if step is Step.REPAIR:
                    state = self._repair(event, state)
                    continue
                if step is Step.REMOVE:
                    done, state = self._remove(event, state)
                else:
                    done, state = self._render(event, step.version, state, is_last=is_last)
                written = done or written
            except Gone as error:
                gone, state = error, None
            except Conflict:
                state = None
                self.back_off(attempt)
                continue
            # From now on the event is only a reason to look at the key.
            event = event.replace(kind=EventKind.CHANGED)
        raise Contended(event.version.key)

    def _observe(self, event: Event) -> State:
        found = self.destination.read(manifest_key(event.version.name))
        standing, etag = (Manifest.from_json(found[0]), found[1]) if found else (None, ABSENT)
        if event.kind == EventKind.CREATED and (
            standing is None or is_newer(event.version.sequencer, standing.source.sequencer)
        ):
            # The event itself says what the key holds. If that is no longer true, its own fetch or
            # the look after the write finds out, so the usual upload waits for no request here.
            return State(standing=standing, etag=etag, held=event.version)
        return self._look_up(event, standing, etag)

    def _look_up(
        self, event: Event, standing: Manifest | None, etag: str, *, is_whole: bool | None = None
    ) -> State:
        """Return the state of a key whose manifest is known."""
        key, shown = event.version.key, standing.source.version_id if standing else None
        held = self.source.head(key)
        is_other = held and shown and held.version_id not in {None, shown}
        return State(
            standing=standing,
            etag=etag,
            held=held,
            is_retained=not is_other or self.source.has_version(key, shown or ""),
            is_whole=is_whole,
        )

    def _render(
        self, event: Event, version: ObjectVersion, state: State, *, is_last: bool
    ) -> tuple[Manifest | None, State | None]:
        bug: DecoderBug | None = None
        try:
            if not _fits(rendition_key(version.name, max(self.files, key=len))):
                manifest = _refused(version)
            else:
                may_copy = event.kind != EventKind.BACKFILL
                manifest = self.processor.process(version, may_copy=may_copy)
        except DecoderBug as error:
            if not is_last or _is_ready(state.standing, version):
                raise
            bug, manifest = error, _failed(version)
        if self._is_archived_since(manifest, state):
            return None, state.replace(is_whole=True)
        etag = self._write_manifest(manifest, expect=state.etag)
        if self.duplicates:
            self.duplicates.record(version.name, state.standing, manifest)
        if bug:
            self._delete_unnamed(state.standing, manifest)
            raise bug
        if state.standing is None and manifest.error is None:
            return manifest, self._look_up(event, manifest, etag, is_whole=True)
        self._delete_unnamed(state.standing, manifest)
        return manifest, None

    def _delete_unnamed(self, former: Manifest | None, manifest: Manifest) -> None:
        kept = {rendition.key for rendition in manifest.renditions}
        self.destination.delete([key for key in _keys(former) if key not in kept] if former else [])

    def _repair(self, event: Event, state: State) -> State | None:
        """Check the renditions of the standing manifest; return None after a change."""
        standing = state.standing
        if standing is None:
            return None
        named = set(_keys(standing))
        found = self.destination.sequencers(named | self._possible_keys(event))
        is_whole = all(found[key] == standing.source.sequencer for key in named)
        newest = _newest(event, standing)
        # A rejection may come after some renditions were stored, and a process may die between a
        # manifest and its cleaning up. What is newer belongs to an invocation that is at work.
        strays = [key for key in found if key not in named and _is_outdated(found[key], newest)]
        if is_whole and strays:
            self.destination.delete(strays)
            return None
        return state.replace(is_whole=is_whole)

    def _remove(self, event: Event, state: State) -> tuple[Manifest | None, State | None]:
        """Delete an upload's manifest and renditions, unless there are none.

        A manifest of status ``deleted`` stands while renditions are being removed. An invocation
        that renders a newer version in the meantime has to replace it, and so checks its renditions
        afterwards.
        """
        standing, newest = state.standing, _newest(event, state.standing)
        keys = self._possible_keys(event)
        if standing:
            keys |= set(_keys(standing))
        elif not any(_is_outdated(s, newest) for s in self.destination.sequencers(keys).values()):
            return None, state.replace(is_whole=True)
        if self.duplicates and standing:
            self.duplicates.forget(event.version.name, standing)
        version = event.version.replace(sequencer=newest)
        deleted = Manifest(
            status=Status.DELETED,
            source=SourceFacts(**version.to_dict()),
            timings_ms=Timings(),
            processed_at=timestamp(),
        )
        etag = self._write_manifest(deleted, expect=state.etag)
        self.destination.delete(sorted(keys))
        self.destination.delete_if(manifest_key(event.version.name), etag)
        return deleted, self._look_up(event, None, ABSENT, is_whole=True)

    def _write_manifest(self, manifest: Manifest, *, expect: str) -> str:
        """Replace the manifest whose entity tag is ``expect``; return the new one's entity tag."""
        headers = Headers(CONTENT_TYPE, CACHE_CONTROL, manifest.source.sequencer)
        key, body = manifest_key(manifest.source.name), manifest.to_json()
        try:
            return self.destination.put(key, body, headers, expect=expect)
        except Conflict:
            # If the answer to a write is lost, its retry finds what the first attempt has written.
            found = self.destination.read(key)
            if found is None or found[0] != body:
                raise
            return found[1]

    def _is_archived_since(self, manifest: Manifest, state: State) -> bool:
        """Return True if an upload was archived after its renditions were made, which then stay.

        A lifecycle rule may move old uploads to an archive storage class, and a backfill asks for
        all of them. That they cannot be read any more is no reason to delete their renditions.
        """
        standing = state.standing
        if manifest.error is None or manifest.error.code != Reason.ARCHIVED or standing is None:
            return False
        found = self.destination.sequencers(_keys(standing))
        return (
            standing.status == Status.READY
            and standing.source.version_id == manifest.source.version_id
            and all(sequencer == standing.source.sequencer for sequencer in found.values())
        )

    def _possible_keys(self, event: Event) -> set[str]:
        """Return the keys that renditions of an upload may have; S3 has none that are too long.

        A rendition that the stack got later may have a longer name than those that were stored.
        """
        keys = {rendition_key(event.version.name, file) for file in self.files}
        return {key for key in keys if _fits(key)}


def _is_ready(standing: Manifest | None, version: ObjectVersion) -> bool:
    """Return True if a manifest has renditions of this very version, which then stay."""
    return (
        standing is not None
        and standing.status == Status.READY
        and standing.source.version_id == version.version_id
    )


def _failed(version: ObjectVersion) -> Manifest:
    message = "This image could not be processed. That is our fault; your file is kept."
    return _without_renditions(version, Status.FAILED, ErrorFacts(code=INTERNAL, message=message))


def _refused(version: ObjectVersion) -> Manifest:
    message = "The name of this upload is too long for the names of its renditions."
    error = ErrorFacts(code=Reason.KEY_TOO_LONG, message=message)
    return _without_renditions(version, Status.REJECTED, error)


def _without_renditions(version: ObjectVersion, status: Status, error: ErrorFacts) -> Manifest:
    return Manifest(
        status=status,
        error=error,
        source=SourceFacts(**version.to_dict()),
        timings_ms=Timings(),
        processed_at=timestamp(),
    )


def _fits(key: str) -> bool:
    return len(key.encode()) <= MAX_KEY_BYTES


def _check_length(key: str) -> None:
    if not _fits(key):
        raise KeyTooLong(f"{key} has over {MAX_KEY_BYTES} bytes")


def _keys(manifest: Manifest) -> list[str]:
    return [rendition.key for rendition in manifest.renditions]


def _newest(event: Event, standing: Manifest | None) -> str:
    """Return the newer of the sequencers of an event and of the standing manifest."""
    sequencer = event.version.sequencer
    if standing and is_newer(standing.source.sequencer, sequencer):
        return standing.source.sequencer
    return sequencer


def _is_outdated(found: str | None, newest: str) -> bool:
    """Return True if a rendition exists and was made from no version newer than ``newest``."""
    return found is not None and not is_newer(found, newest)
