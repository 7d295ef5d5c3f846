"""Lazy formats at a view: answer with another format, and have the one that is wanted made.

No reader waits for the encoder of a lazy format. A view that finds none answers with the JPEG (or
PNG) of the same rendition, and sends one message to the queue of ``lazy_formats.py``. Before the
message, the time is written into the manifest, as ``asked_at`` of the format's entry, by a
conditional write: so of many views at one time one sends, and the note goes with the manifest when
the upload is replaced, deleted or erased. If the message is lost, or its file could not be made, a
view asks again after ``ASK_AGAIN_SECONDS``.
"""

from collections.abc import Callable

from function.contract import Status
from function.contract.keys import rendition_key
from function.contract.messages import format_asked
from function.engine.record import Record
from function.engine.renditions import file_name
from function.environment import Environment
from function.first_view import FirstView, View, is_name
from function.lazy import (
    enter,
    entry_of,
    facts_beside,
    find_declared,
    is_recent,
    may_be_made,
)
from function.manifest import Manifest, timestamp
from function.manifest_store import StoredManifest, read_manifest
from function.storage.bucket import Bucket
from function.storage.errors import Conflict


class FormatView(Record):
    """Finds the lazy renditions and formats of a stack, or something to show in their place."""

    environment: Environment
    destination: Bucket  # bucket of the renditions and manifests
    first_views: FirstView  # makes the renditions for which a reader waits
    send: Callable[[str], None]  # sends a message to the queue of lazy formats

    def view(self, key: str) -> View | None:
        """Return the rendition at a destination key, or one in its place; None if there is none.

        Raises:
            Exception: as ``FirstView.view``.
        """
        name, _, file = key.rpartition("/")
        found = find_declared(self.environment.in_background, file)
        if found is None or not is_name(name, file):
            return self.first_views.view(key)
        read = self._read(name)
        if read is None:
            return None
        manifest = read.manifest
        entry, stored = entry_of(manifest, key), self.destination.get(key)
        if entry and stored and stored.sequencer == manifest.source.sequencer:
            return View(entry, stored.body, stored.etag, is_new=False)
        view = self._stand_in(name, found[0].name, manifest)
        is_wanted = self._may_ask(manifest, key)
        return view and view.replace(stands_in_for=key, is_wanted=is_wanted)

    def ask(self, key: str) -> bool:
        """Have the lazy format at a destination key made; return False if somebody else did.

        Raises:
            Exception: a failure of ours.
        """
        name, _, file = key.rpartition("/")
        found, read = find_declared(self.environment.in_background, file), self._read(name)
        if not found or not read:
            return False
        manifest = read.manifest
        if not self._may_ask(manifest, key):
            return False
        # To the microsecond, by which a view knows what it has written itself.
        asked_at = timestamp("microseconds")
        facts = facts_beside(self.environment, manifest, *found).replace(asked_at=asked_at)
        try:
            enter(self.destination, name, read, facts)
        except Conflict:  # another view was first, or the upload was replaced or deleted
            return False
        self.send(format_asked(manifest.source.key, key))
        return True

    def _read(self, name: str) -> StoredManifest | None:
        """Return the manifest of a ready upload."""
        read = read_manifest(self.destination, name)
        return read if read and read.manifest.status == Status.READY else None

    def _may_ask(self, manifest: Manifest, key: str) -> bool:
        """Return False for what no view has to ask for, or none may."""
        name = key.rpartition("/")[0]
        return may_be_made(self.environment, manifest, name) and not _is_asked(manifest, key)

    def _stand_in(self, name: str, rendition_name: str, manifest: Manifest) -> View | None:
        """Return a rendition in the format that every reader can show; None if it is gone."""
        renditions = self.environment.renditions
        declared = next(each for each in renditions if each.name == rendition_name)
        if declared.stand_in is None:
            return None
        key = rendition_key(name, file_name(rendition_name, declared.stand_in))
        if declared.lazy:
            return self.first_views.view(key)
        # While the upload is being replaced this may be the new one's, as in the bucket.
        entry, stored = entry_of(manifest, key), self.destination.get(key)
        return View(entry, stored.body, stored.etag, is_new=False) if entry and stored else None


def _is_asked(manifest: Manifest, key: str) -> bool:
    """Return True if a view has asked for a lazy format lately."""
    entry = entry_of(manifest, key)
    return entry is not None and is_recent(entry.asked_at)
