"""The steps that ``decide`` asks for, carried out at the destination.

``reconcile.py`` has the rules that make this safe while others are at work on the same key.
"""

from typing import TYPE_CHECKING, Final, TypeGuard

from function.contract import Status, Verdict
from function.contract.keys import rendition_key, upload_name
from function.decision import Hold, Refuse, State, Write
from function.destination_keys import DestinationKeys, fits, rendition_keys, stored_keys
from function.engine.errors import DecoderBug, Reason
from function.engine.record import Record
from function.events import Event, EventKind
from function.manifest import INTERNAL, ErrorFacts, Manifest
from function.manifest_store import delete_manifest, write_manifest
from function.moderation_record import Recognised
from function.observe import Observer, is_of
from function.process import Processor
from function.storage.bucket import ABSENT, Bucket
from function.storage.errors import Gone
from function.versions import ObjectVersion, is_newer

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates
    from function.holder import Holder

_FAULT: Final = ErrorFacts(
    INTERNAL, "This image could not be processed. That is our fault; your file is kept."
)
_TOO_LONG: Final = ErrorFacts(
    Reason.KEY_TOO_LONG, "The name of this upload is too long for the names of its renditions."
)


class Abandoned(DecoderBug):
    """A decoder's bug on the last delivery, after the upload's manifest was made to tell of it."""

    def __init__(self, bug: DecoderBug, manifest: Manifest) -> None:
        super().__init__(*bug.args)
        self.manifest = manifest


class StepRunner(Record):
    """Writes, repairs and removes what the destination has of an upload."""

    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the renditions and manifests
    observer: Observer  # reads the state of a key
    keys: DestinationKeys
    processor: Processor  # writes a version's renditions and returns its manifest
    duplicates: "Duplicates | None"  # index to keep up to date
    holder: "Holder | None"  # holds uploads for a moderator

    def write(
        self, event: Event, step: Write, state: State, *, is_last: bool
    ) -> tuple[Manifest | None, State | None]:
        """Make what a step asks for, then replace the manifest.

        Returns:
            The manifest that was written, and the state after it, if that is known; no manifest if
            the upload was archived, and all stays.

        Raises:
            Gone: the version no longer exists.
            Conflict: another invocation has replaced the manifest.
            Abandoned: ``is_last`` is true, and the decoder failed by a bug.
            Exception: a failure of ours.
        """
        version, standing, bug = step.version, state.standing, None
        name = self._name(event.version)
        try:
            manifest = self._make(event, step, state)
        except DecoderBug as error:
            if not is_last or _is_ready(standing, version):
                raise
            bug, manifest = error, Manifest.without_renditions(version, Status.FAILED, _FAULT)
        holds = self.holder is not None and self.holder.moderation.holds
        if manifest.error and (holds or isinstance(step, Hold)):
            manifest = manifest.bare()
        if self._is_archived_since(manifest, standing, step):
            return None, state.replace(is_whole=True)
        lazy = self.keys.lazy(name, standing) if standing else set[str]()
        stored = stored_keys(manifest)
        shown = stored | (stored_keys(standing) if is_of(standing, version) else set[str]())
        replaced = rendition_keys(standing) - stored
        # If this process died after the manifest, nothing would name those of former settings. Once
        # a manifest says that an upload is held or rejected, readers can get nothing of it. Once
        # they can learn the new version's URLs, a CDN would cache old lazy files under these.
        is_ready = manifest.status == Status.READY
        first = replaced - self.keys.possible(name) if is_ready else replaced
        first |= lazy - shown
        self.destination.delete(sorted(first))
        manifest = manifest.replace(look_again=bool(lazy))
        etag = self._write_manifest(manifest, state.etag)
        if self.duplicates:
            # The next delivery repairs files, but not the index.
            self.duplicates.record(name, standing, manifest)
        self._clear_held(version, state, manifest)
        # Not the lazy files again: views of this manifest may have stored new ones by now. The
        # check that follows deletes those of an older version.
        self.destination.delete(sorted(replaced - first))
        if standing is None and manifest.error is None:
            # A process that died may have rendered a version that is now held, so its files are
            # looked for.
            is_whole = None if manifest.status == Status.HELD else True
            return manifest, self.observer.look_up(event, manifest, etag, is_whole=is_whole)
        if bug:
            raise Abandoned(bug, manifest) from bug
        return manifest, None

    def _make(self, event: Event, step: Write, state: State) -> Manifest:
        """Return the manifest of a version, after storing everything that it names."""
        version = step.version
        if self.holder and isinstance(step, Refuse):
            return self.holder.refuse(version, state.standing)
        if self.holder and isinstance(step, Hold):
            return self.holder.hold(version, came_back=_came_back(event, state, version))
        if fits(rendition_key(self._name(version), max(self.keys.files, key=len))):
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

    def repair(self, event: Event, state: State) -> State | None:
        """Check the renditions of the standing manifest; return None after a change."""
        standing = state.standing
        if standing is None:
            return None
        name = self._name(event.version)
        named = self.keys.readable(standing) | self.keys.shown_to_moderators(standing)
        shown = standing.source.sequencer
        possible = self.keys.possible(name) | self.keys.held(name)
        found = self.destination.sequencers(named | possible)
        is_whole = all(found[key] == shown for key in named)
        newest = _newest(event, standing)
        made = {key for key in rendition_keys(standing) if found.get(key) == shown}
        # A rejection may come after some renditions were stored, and a process may die between
        # writing a manifest and cleaning up. A first view may store a lazy rendition of a version
        # that was replaced meanwhile. Newer objects belong to an invocation that is still running.
        kept = named | made
        strays = [key for key in found if key not in kept and _is_outdated(found[key], newest)]
        if is_whole and strays:
            self.destination.delete(strays)
            return None
        return state.replace(is_whole=is_whole)

    def remove(self, event: Event, state: State) -> tuple[Manifest | None, State | None]:
        """Delete an upload's manifest and renditions, unless there are none.

        A manifest of status ``deleted`` stands while renditions are being removed. An invocation
        that renders a newer version in the meantime has to replace it, and so checks its renditions
        afterwards.
        """
        standing, newest = state.standing, _newest(event, state.standing)
        name = self._name(event.version)
        keys = self.keys.possible(name) | self.keys.held(name)
        former = rendition_keys(standing) - keys
        if standing is None:
            found = self.destination.sequencers(keys).values()
            if not any(_is_outdated(sequencer, newest) for sequencer in found):
                return None, state.replace(is_whole=True)
        elif self.duplicates:
            self.duplicates.forget(name, standing)
        # An event that is late has the entity tag and the length of what may have been held.
        version = event.version.replace(sequencer=newest, etag="", bytes=0)
        deleted = Manifest.without_renditions(version, Status.DELETED)
        if standing and self.keys.lazy(name, standing):
            deleted = deleted.replace(look_again=True)
        # After the manifest, nothing would name those of former settings.
        self.destination.delete(sorted(former))
        etag = self._write_manifest(deleted, state.etag)
        self.destination.delete(sorted(keys))
        delete_manifest(self.destination, name, etag)
        return deleted, self.observer.look_up(event, None, ABSENT, is_whole=True)

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
        named = self.keys.shown_to_moderators(standing)
        is_held = isinstance(step, Hold) and bool(named)
        if not standing or not (is_held or _is_ready(standing, manifest.source)):
            return False
        keys = self.keys.readable(standing) | named
        found = self.destination.sequencers(keys)
        return all(sequencer == standing.source.sequencer for sequencer in found.values())

    def _clear_held(self, version: ObjectVersion, state: State, manifest: Manifest) -> None:
        """Delete what was kept for moderators of a version that no longer waits."""
        if not self.holder:
            return
        waited = self.keys.shown_to_moderators(state.standing)
        if state.verdict:
            waited |= self.holder.moderation.keys_of(version)
        self.destination.delete(sorted(waited - self.keys.shown_to_moderators(manifest)))

    def _write_manifest(self, manifest: Manifest, etag: str) -> str:
        """Replace the manifest whose entity tag this is; return the new one's."""
        source = manifest.source
        return write_manifest(
            self.destination,
            self._name(source),
            manifest.to_json(),
            sequencer=source.sequencer,
            expect=etag,
        )

    def _name(self, version: ObjectVersion) -> str:
        return upload_name(version.key, self.observer.prefixes)


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


def _newest(event: Event, standing: Manifest | None) -> str:
    """Return the newer of the sequencers of an event and of the standing manifest."""
    own, shown = event.version.sequencer, standing.source.sequencer if standing else ""
    return shown if is_newer(shown, own) else own


def _is_outdated(found: str | None, newest: str) -> bool:
    """Return True if a rendition exists and was made from no version newer than ``newest``."""
    return found is not None and not is_newer(found, newest)
