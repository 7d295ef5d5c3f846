"""The state of a key, which an invocation reads before it decides what to do about it.

The manifest is read first, then the source bucket and the moderators' decisions. So an invocation
never writes anything older than the manifest that it replaces (``reconcile.py``).
"""

from typing import TYPE_CHECKING

from function.contract import Verdict
from function.contract.keys import source_key, upload_name
from function.decision import State, replaces
from function.engine.record import Record
from function.events import Event, EventKind
from function.manifest import Manifest
from function.manifest_store import read_manifest
from function.storage.bucket import ABSENT, Bucket
from function.versions import ObjectVersion

if TYPE_CHECKING:
    from function.holder import Holder


class Observer(Record):
    """Finds the state of keys."""

    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the manifests
    prefixes: tuple[str, ...]  # of the uploads, the one of new uploads first
    holder: "Holder | None" = None  # knows what moderators decided

    def observe(
        self, event: Event, new: ObjectVersion | None
    ) -> tuple[Event, State, ObjectVersion | None]:
        """Return an event with the state of its key, and the new version if it has no manifest.

        A version without one has no tag, because a rejection is written before the tag. If the
        upload to show has another key, the event is changed to check that key.
        """
        found = read_manifest(self.destination, upload_name(event.version.key, self.prefixes))
        standing, etag = (found.manifest, found.etag) if found else (None, ABSENT)
        if len(self.prefixes) > 1 or (standing and standing.source.key != event.version.key):
            key = self._key_to_show(event)
            if key is None and standing and not standing.source.key.startswith(self.prefixes):
                # Of a prefix that the stack has no more, where the role may not look.
                shown = standing.source.version
                event = event.replace(kind=EventKind.CHANGED, version=shown)
                return event, State(standing, etag, shown, is_whole=True), None
            if key and key != event.version.key:
                version = event.version.replace(key=key, version_id=None, etag="", bytes=0)
                event, new = event.replace(kind=EventKind.CHANGED, version=version), None
        if is_of(standing, new):
            new = None
        if event.kind == EventKind.CREATED and (
            standing is None
            or (replaces(event.version, standing.source) and not self._is_late(event, standing))
        ):
            # The event itself says what the key holds. If that is no longer true, the fetch or the
            # check after the write finds out, so the usual upload waits for no request here.
            verdict = self._verdict(event, standing, event.version)
            return event, State(standing, etag, event.version, verdict=verdict), new
        return event, self.look_up(event, standing, etag), new

    def _key_to_show(self, event: Event) -> str | None:
        """Return the first key that holds an upload of the event's name, in the prefixes' order."""
        name, own = upload_name(event.version.key, self.prefixes), event.version.key
        for key in (source_key(name, prefix) for prefix in self.prefixes):
            if (key == own and event.kind == EventKind.CREATED) or self.source.head(key):
                return key
        return None

    def _is_late(self, event: Event, standing: Manifest) -> bool:
        """Return True if the key still holds what its manifest shows, whatever sequencers say.

        Where there are several prefixes, the manifest's may be made of another key's, of which an
        event was at work (``decision._sequenced``); an older upload's would seem to be newer. The
        event of the version itself is never late: another invocation may have stored renditions of
        an older version with the same borrowed sequencer, and this event's tells them apart.
        """
        if len(self.prefixes) == 1 or standing.source.key != event.version.key:
            return False
        held = self.source.head(event.version.key)
        if held is None or held.version_id != standing.source.version_id:
            return False
        return held.version_id is None or held.version_id != event.version.version_id

    def look_up(
        self, event: Event, standing: Manifest | None, etag: str, *, is_whole: bool | None = None
    ) -> State:
        """Return the state of a key whose manifest is known."""
        key, shown = event.version.key, standing.source.version_id if standing else None
        held = self.source.head(key)
        is_other = held and shown and held.version_id not in {None, shown}
        is_retained = not is_other or self.source.has_version(key, shown or "")
        verdict = shown_verdict = self._verdict(event, standing, held)
        if is_other and standing:
            shown_verdict = self._verdict(event, standing, standing.source)
        return State(standing, etag, held, is_retained, is_whole, verdict, shown_verdict)

    def _verdict(
        self, event: Event, standing: Manifest | None, version: ObjectVersion | None
    ) -> Verdict | None:
        """Return what was decided about a version; it is read after the manifest.

        A new upload of a stack without moderation costs no request.
        """
        if not self.holder or not version:
            return None
        moderation = self.holder.moderation
        is_new = event.kind == EventKind.CREATED and not (standing and standing.is_bare)
        return None if is_new and not moderation.is_active else moderation.verdict(version)


def is_of(manifest: Manifest | None, version: ObjectVersion | None) -> bool:
    """Return True if a manifest is of this version."""
    if manifest is None or version is None:
        return False
    shown = manifest.source
    return (shown.key, shown.version_id) == (version.key, version.version_id)
