"""The newest upload of a key wins: a key's events, in any order, end in what the key holds now.

A process may die anywhere, and others may be at work on the same key. ``Reconciler`` acts on what
``decide`` says until the key and the destination agree. Four rules make that safe:

* A manifest is replaced or deleted only if it is still the one that was read (a conditional write),
  and it was read before the key was looked up. So no invocation writes anything older than it read.
* After a write, the invocation reads the key again: the upload may have been removed meanwhile.
* Lazy renditions come and go while a manifest stands (``first_view.py``), and it lists the ones
  that may have a file. Files of another version are deleted before a manifest is replaced, and
  again by the check below. Some time later, once first views of the old version have ended, the
  key is checked again (``Manifest.look_again``).
* After replacing a manifest, it checks the renditions. Renditions are written without a condition,
  so an invocation that lost may have overwritten them. If an invocation dies, its event is
  delivered again, and the next one checks them then.
"""

import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, TypeGuard

from function.contract import Status, Verdict
from function.contract.keys import MAX_KEY_BYTES, PREFIXES, manifest_key, rendition_key, upload_name
from function.decision import Hold, Refuse, State, Step, Write, decide
from function.engine.errors import DecoderBug, Reason
from function.engine.record import Record
from function.environment import Environment
from function.events import Event, EventKind
from function.manifest import CACHE_CONTROL, CONTENT_TYPE, INTERNAL, ErrorFacts, Manifest
from function.moderation_record import Recognised
from function.observe import Observer, is_of
from function.process import Engine, Processor
from function.storage.bucket import ABSENT, Bucket, Headers
from function.storage.deadline import Deadline
from function.storage.errors import Conflict, Gone
from function.versions import ObjectVersion, is_newer

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates
    from function.holder import Holder
    from function.rejections import Rejections

MAX_ROUNDS: Final = 16
"""Decisions about one event before SQS delivers it again. Seven are enough without contention."""

PAUSE: Final = 0.25
"""Backoff with jitter: round n waits a random time up to n x PAUSE seconds."""

_FAULT: Final = ErrorFacts(
    INTERNAL, "This image could not be processed. That is our fault; your file is kept."
)
_TOO_LONG: Final = ErrorFacts(
    Reason.KEY_TOO_LONG, "The name of this upload is too long for the names of its renditions."
)


class KeyTooLong(Exception):
    """A manifest's key would be longer than S3 allows, so nothing can be told of the upload."""


class Abandoned(DecoderBug):
    """A decoder's bug on the last delivery, after the upload's manifest was made to tell of it.

    ``look_again`` is that of the manifest.
    """

    def __init__(self, bug: DecoderBug, manifest: Manifest) -> None:
        super().__init__(*bug.args)
        self.look_again = manifest.look_again


class Contended(Exception):
    """Other invocations kept writing the same key; the message is delivered again."""


def back_off(attempt: int, deadline: Deadline | None = None) -> None:
    """Wait a random time, so that invocations that collided once do not collide again.

    Raises:
        OutOfTime: the invocation has to end before.
    """
    pause = random.uniform(0, PAUSE * attempt)  # noqa: S311 - nothing secret
    (deadline or Deadline()).sleep(pause)


class Reconciler(Record):
    """Makes the destination agree with the version that a key of the source bucket holds."""

    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the renditions and manifests
    files: tuple[str, ...]  # file names of all renditions that this stack makes of an upload
    processor: Processor  # writes a version's renditions and returns its manifest
    # Index to keep up to date; None where the stack does not look for duplicates.
    duplicates: "Duplicates | None" = None
    # Tags rejected uploads; None where they do not expire.
    rejections: "Rejections | None" = None
    # File names of those renditions that are made when they are first viewed.
    lazy_files: tuple[str, ...] = ()
    # Waits after a lost conditional write, given the number of the round.
    back_off: Callable[[int], None] = back_off
    prefixes: tuple[str, ...] = PREFIXES  # of the uploads, the one of new uploads first
    # Holds uploads for a moderator, and knows what was decided.
    holder: "Holder | None" = None

    @classmethod
    def build(
        cls,
        environment: Environment,
        source: Bucket,
        destination: Bucket,
        engine: Engine,
        duplicates: "Duplicates | None" = None,
        *,
        rejections: "Rejections | None" = None,
        holder: "Holder | None" = None,
    ) -> "Reconciler":
        """Build the reconciler of a stack, which renders by ``Processor``."""
        processor = Processor(environment, source, destination, engine, duplicates)
        return cls(
            source,
            destination,
            environment.files,
            processor,
            duplicates,
            rejections,
            environment.lazy_files,
            prefixes=environment.upload_prefixes,
            holder=holder,
        )

    def reconcile(self, event: Event, *, is_last: bool = False) -> Manifest | None:
        """Process one event, however often, late or early it comes.

        ``is_last`` says that SQS will not deliver it again. Then a decoder's bug is recorded in a
        manifest, so that the uploader gets an answer, before it is raised.

        Returns:
            The manifest that was written, with status ``deleted`` where everything was removed;
            None if the destination was up to date.

        Raises:
            KeyTooLong: the key is so long that S3 could not store its manifest.
            Gone: the event's version no longer exists, and there was nothing to do about it.
            Contended: other invocations kept writing the same key.
            DecoderBug: the engine failed in a way that damaged files do not explain. It is
                ``Abandoned`` if a manifest records it.
            Exception: a failure of ours; the caller lets SQS deliver the event again. No manifest
                names the objects written by then, and the next delivery writes them again.
        """
        key = manifest_key(self._name(event.version))
        if not _fits(key):
            raise KeyTooLong(f"{key} has over {MAX_KEY_BYTES} bytes")
        delivered, gone = event, self._take_decision(event)
        written: Manifest | None = None
        state: State | None = None
        new = event.version if event.kind == EventKind.CREATED else None
        for attempt in range(1, MAX_ROUNDS + 1):
            event, state, new = (event, state, new) if state else self._observer.observe(event, new)
            step = decide(event, state, holds=self._holds)
            if step is Step.SKIP:
                if self._follow(state.standing, new) or self._ask(state.standing):
                    # Another invocation may have replaced the manifest before the tag was set, or
                    # the moderator has decided at once.
                    state = None
                    continue
                self._take_down(delivered, state.standing)
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
                    done, state = self._render(event, step, state, is_last=is_last)
                written = _latest(written, done)
            except Gone as error:
                gone, state = error, None
            except Conflict:
                state = None
                self.back_off(attempt)
                continue
            # From now on the event is only a reason to look at the key.
            event = event.replace(kind=EventKind.CHANGED)
        raise Contended(event.version.key)

    @property
    def _observer(self) -> Observer:
        """Reads the state of a key."""
        return Observer(self.source, self.destination, self.prefixes, self.holder)

    def _name(self, version: ObjectVersion) -> str:
        return upload_name(version.key, self.prefixes)

    def _render(
        self, event: Event, step: Write, state: State, *, is_last: bool
    ) -> tuple[Manifest | None, State | None]:
        version, standing, bug = step.version, state.standing, None
        try:
            manifest = self._make(event, step, state)
        except DecoderBug as error:
            if not is_last or _is_ready(standing, version):
                raise
            bug, manifest = error, Manifest.without_renditions(version, Status.FAILED, _FAULT)
        if manifest.error and (self._holds or isinstance(step, Hold)):
            manifest = manifest.bare()
        if self._is_archived_since(manifest, standing, step):
            return None, state.replace(is_whole=True)
        lazy = self._lazy_keys(event, standing) if standing else set[str]()
        stored = {*_stored_keys(manifest)}
        shown = stored | {*(_stored_keys(standing) if is_of(standing, version) else ())}
        replaced = {*_keys(standing)} - stored
        # If this process died after the manifest, nothing would name those of former settings. Once
        # a manifest says that an upload is held or rejected, readers can get nothing of it. Once
        # they can learn the new version's URLs, a CDN would cache old lazy files under these.
        is_ready = manifest.status == Status.READY
        first = replaced - self._possible_keys(event) if is_ready else replaced
        first |= lazy - shown
        self.destination.delete(sorted(first))
        manifest = manifest.replace(look_again=bool(lazy))
        etag = self._write_manifest(manifest, expect=state.etag)
        if self.duplicates:
            # The next delivery repairs files, but not the index.
            self.duplicates.record(self._name(version), standing, manifest)
        self._clear_held(version, state, manifest)
        # Not the lazy files again: views of this manifest may have stored new ones by now. The
        # check that follows deletes those of an older version.
        self.destination.delete(sorted(replaced - first))
        if standing is None and manifest.error is None:
            # A process that died may have rendered a version that is now held, so its files are
            # looked for.
            is_whole = None if manifest.status == Status.HELD else True
            return manifest, self._observer.look_up(event, manifest, etag, is_whole=is_whole)
        if bug:
            self._follow(manifest, new=None)
            raise Abandoned(bug, manifest) from bug
        return manifest, None

    def _make(self, event: Event, step: Write, state: State) -> Manifest:
        """Return the manifest of a version, after storing everything that it names."""
        version = step.version
        if self.holder and isinstance(step, Refuse):
            return self.holder.refuse(version, state.standing)
        if self.holder and isinstance(step, Hold):
            return self.holder.hold(version, came_back=_came_back(event, state, version))
        if _fits(rendition_key(self._name(version), max(self.files, key=len))):
            return self._process(event, version, state)
        if self.source.head(version.key) is None:
            raise Gone(version.key)
        return Manifest.without_renditions(version, Status.REJECTED, _TOO_LONG)

    def _process(self, event: Event, version: ObjectVersion, state: State) -> Manifest:
        """Render a version, or hold it if it matches a rejected picture."""
        is_approved, may_copy = state.verdict == Verdict.APPROVE, event.kind != EventKind.BACKFILL
        heeds = self.holder is not None and not (is_approved or _is_ready(state.standing, version))
        try:
            manifest = self.processor.process(version, may_copy=may_copy, heeds_rejected=heeds)
        except Recognised:
            if not self.holder:
                raise
            return self.holder.hold(version, came_back=_came_back(event, state, version))
        if self.holder and is_approved:
            self.holder.accept(version, manifest)
        return manifest

    def _repair(self, event: Event, state: State) -> State | None:
        """Check the renditions of the standing manifest; return None after a change."""
        standing = state.standing
        if standing is None:
            return None
        named = self._readable_keys(standing) | self._keys_named(standing)
        shown = standing.source.sequencer
        possible = self._possible_keys(event) | self._held_keys(event)
        found = self.destination.sequencers(named | possible)
        is_whole = all(found[key] == shown for key in named)
        newest = _newest(event, standing)
        made = {key for key in _keys(standing) if found.get(key) == shown}
        # A rejection may come after some renditions were stored, and a process may die between
        # writing a manifest and cleaning up. A first view may store a lazy rendition of a version
        # that was replaced meanwhile. Newer objects belong to an invocation that is still running.
        kept = named | made
        strays = [key for key in found if key not in kept and _is_outdated(found[key], newest)]
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
        keys = self._possible_keys(event) | self._held_keys(event) | set(_keys(standing))
        if standing is None:
            found = self.destination.sequencers(keys).values()
            if not any(_is_outdated(sequencer, newest) for sequencer in found):
                return None, state.replace(is_whole=True)
        elif self.duplicates:
            self.duplicates.forget(self._name(event.version), standing)
        # An event that is late has the entity tag and the length of what may have been held.
        version = event.version.replace(sequencer=newest, etag="", bytes=0)
        deleted = Manifest.without_renditions(version, Status.DELETED)
        if standing and self._lazy_keys(event, standing):
            deleted = deleted.replace(look_again=True)
        # Nothing would name those of former settings after the manifest.
        self.destination.delete(sorted(keys - self._possible_keys(event) - self._held_keys(event)))
        etag = self._write_manifest(deleted, expect=state.etag)
        self.destination.delete(sorted(keys))
        self._delete_manifest(version, etag)
        return deleted, self._observer.look_up(event, None, ABSENT, is_whole=True)

    def _write_manifest(self, manifest: Manifest, *, expect: str) -> str:
        """Replace the manifest whose entity tag is ``expect``; return the new one's entity tag."""
        headers = Headers(CONTENT_TYPE, CACHE_CONTROL, manifest.source.sequencer)
        key, body = manifest_key(self._name(manifest.source)), manifest.to_json()
        try:
            return self.destination.put(key, body, headers, expect=expect)
        except Conflict:
            # If the answer to a write is lost, its retry finds what the first attempt has written.
            found = self.destination.read(key)
            if found is None or found[0] != body:
                raise
            return found[1]

    def _delete_manifest(self, version: ObjectVersion, etag: str) -> None:
        """Delete the manifest whose entity tag this is."""
        key = manifest_key(self._name(version))
        try:
            self.destination.delete_if(key, etag)
        except Conflict:
            # If the answer to a deletion is lost, its retry finds no manifest.
            if self.destination.read(key):
                raise

    def _is_archived_since(
        self, manifest: Manifest, standing: Manifest | None, step: Write
    ) -> bool:
        """Return True if an upload was archived after its renditions were made, which then stay.

        A lifecycle rule may move old uploads to an archive storage class, and a backfill asks for
        all of them. That they cannot be read any more is no reason to delete their renditions, or
        the picture that a moderator has to see.
        """
        if manifest.error is None or manifest.error.code != Reason.ARCHIVED:
            return False
        named = self._keys_named(standing)
        is_held = isinstance(step, Hold) and bool(named)
        if not standing or not (is_held or _is_ready(standing, manifest.source)):
            return False
        keys = self._readable_keys(standing) | named
        found = self.destination.sequencers(keys)
        return all(sequencer == standing.source.sequencer for sequencer in found.values())

    def _take_decision(self, event: Event) -> Gone | None:
        """Record a moderator's decision, if the event is one, before anything follows from it.

        Of a version that is gone only the CDN may still have something.
        """
        if event.decision and self.holder:
            try:
                self.holder.take(event.version, event.decision)
            except Gone as error:
                return error
        return None

    def _take_down(self, event: Event, standing: Manifest | None) -> None:
        """Have the CDN forget what a moderator rejected, once the event is carried out."""
        if self.holder:
            self.holder.take_down(event, standing)

    @property
    def _holds(self) -> bool:
        """True if every upload waits for a moderator."""
        return self.holder is not None and self.holder.moderation.holds

    def _ask(self, standing: Manifest | None) -> bool:
        """Have a moderator asked about an upload that waits; return True if they have decided."""
        if not self.holder or not standing or standing.status != Status.HELD:
            return False
        return self.holder.moderation.ask_about(standing)

    def _held_keys(self, event: Event) -> set[str]:
        """Return the keys of what is kept of an upload for moderators."""
        name = self._name(event.version)
        return self.holder.moderation.keys_kept(name) if self.holder else set()

    def _keys_named(self, standing: Manifest | None) -> set[str]:
        """Return the keys of what is kept for moderators while a manifest stands."""
        return self.holder.moderation.keys_named(standing) if self.holder else set()

    def _clear_held(self, version: ObjectVersion, state: State, manifest: Manifest) -> None:
        """Delete what was kept for moderators of a version that no longer waits."""
        if not self.holder:
            return
        waited = self._keys_named(state.standing)
        if state.verdict:
            waited |= self.holder.moderation.keys_of(version)
        self.destination.delete(sorted(waited - self._keys_named(manifest)))

    def _follow(self, manifest: Manifest | None, new: ObjectVersion | None) -> bool:
        """Make an upload's tag agree with its manifest; return True if it did not agree.

        A ``new`` upload that was not rejected costs no request.
        """
        if not self.rejections or not manifest:
            return False
        if not manifest.source.key.startswith(self.prefixes):
            return False
        if manifest.status != Status.REJECTED and is_of(manifest, new):
            return False
        return self.rejections.follow(manifest)

    def _possible_keys(self, event: Event) -> set[str]:
        """Return the keys that renditions of an upload may have; S3 has none that are too long.

        A rendition that was added to the stack later may have a longer name than the stored ones.
        """
        return _keys_of(self._name(event.version), self.files)

    def _readable_keys(self, standing: Manifest) -> set[str]:
        """Return the keys of a manifest's renditions that the function may still read.

        Its role allows the files that the stack has. Another, of a rendition or a format that was
        taken out of the settings, cannot be made again anyway.
        """
        return {key for key in _stored_keys(standing) if key.rpartition("/")[2] in self.files}

    def _lazy_keys(self, event: Event, standing: Manifest) -> set[str]:
        """Return the keys at which first views of a manifest may have stored something."""
        declared = {facts.key for facts in standing.renditions if facts.lazy}
        return declared | _keys_of(self._name(event.version), self.lazy_files)


def _latest(before: Manifest | None, written: Manifest | None) -> Manifest | None:
    """Return the manifest written last; a second check that is due stays due."""
    if before and written and before.look_again:
        return written.replace(look_again=True)
    return written or before


def _came_back(event: Event, state: State, version: ObjectVersion) -> bool:
    """Return True if readers may have seen a version that is about to be held.

    Any event may be the first to find that a newer version or a delete marker was removed. A new
    version is found by its own event, and one that waits already was new when it began to.
    """
    is_new = event.kind == EventKind.CREATED and version == event.version
    standing = state.standing
    waits = standing is not None and standing.status == Status.HELD and is_of(standing, version)
    return not (is_new or waits)


def _is_ready(standing: Manifest | None, version: ObjectVersion) -> TypeGuard[Manifest]:
    """Return True if a manifest has renditions of this version, which then stay."""
    return standing is not None and standing.status == Status.READY and is_of(standing, version)


def _fits(key: str) -> bool:
    return len(key.encode()) <= MAX_KEY_BYTES


def _keys_of(name: str, files: Iterable[str]) -> set[str]:
    keys = (rendition_key(name, file) for file in files)
    return {key for key in keys if _fits(key)}


def _keys(manifest: Manifest | None) -> list[str]:
    return [rendition.key for rendition in manifest.renditions] if manifest else []


def _stored_keys(manifest: Manifest | None) -> list[str]:
    return [rendition.key for rendition in manifest.stored] if manifest else []


def _newest(event: Event, standing: Manifest | None) -> str:
    """Return the newer of the sequencers of an event and of the standing manifest."""
    own, shown = event.version.sequencer, standing.source.sequencer if standing else ""
    return shown if is_newer(shown, own) else own


def _is_outdated(found: str | None, newest: str) -> bool:
    """Return True if a rendition exists and was made from no version newer than ``newest``."""
    return found is not None and not is_newer(found, newest)
