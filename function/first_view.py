"""Lazy renditions at their first view: find the file, or make and store it.

Lazy formats are made likewise, by another function (``lazy_formats.py``).

Events of the same upload may be at work meanwhile (``reconcile.py``), and other views. Four rules
keep a file from outliving the version that it was made of:

* Nothing is made but of the version that a ready manifest names, and the manifest names what is
  made: an entry that it lacks, because the rendition is new in the settings, is added before the
  file is stored. So the invocation that removes the upload knows of the file.
* The entry is added by a conditional write, and only after the version was found in the source
  bucket. So nothing of an erased upload comes back (``ops/erase.py``).
* The file is stored only if there is none: of many views at one time, one stores.
* After the file is stored, the manifest is read again. If it names another version by now, the
  file is deleted, if it is still this one.

An upload may take too much time in a worker, or crash it. Then the manifest notes it, as
``failed_at`` of the entry, and no view tries this file again for ``ASK_AGAIN_SECONDS``: a stranger
could ask for it without end. An invocation that replaces the manifest clears the note.

A process that dies between the last two leaves a file that is stale only if the upload was replaced
or removed during the view; the second look of the invocation that did so deletes it.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from function.contention import Contended, back_off
from function.contract import Status
from function.contract.keys import MAX_KEY_BYTES, manifest_key, rendition_key
from function.engine.errors import DecoderBug, Reason, Stopped, Worn
from function.engine.record import Record
from function.engine.renditions import OutputFormat, Rendition
from function.engine.results import Rendered, Result
from function.environment import Environment
from function.events import not_ours
from function.lazy import (
    enter,
    entry_of,
    facts_beside,
    find_declared,
    is_recent,
    may_be_made,
)
from function.manifest import INTERNAL, Manifest, RenditionFacts, timestamp
from function.manifest_store import StoredManifest, read_manifest
from function.storage.bucket import ABSENT, FOREVER, Bucket, Headers
from function.storage.errors import Conflict, Gone
from function.versions import UNVERSIONED

MAX_ROUNDS: Final = 5
"""Attempts to make a rendition whose upload is being written at the same time."""

OneRendition = Callable[[bytes, str, OutputFormat], Iterator[Result]]
"""Makes one rendition of an upload's bytes, given its name and format."""


class GivenUp(Exception):
    """A rendition failed not long ago by a fault of ours, and is not tried again yet."""


class View(Record):
    """A lazy rendition that is there now."""

    facts: RenditionFacts
    body: bytes
    etag: str
    is_new: bool  # it was not there when this view began
    milliseconds: float = 0.0  # that making and storing it took; 0 where another view stored it
    # Key of the lazy format that was asked for, which this rendition stands in for.
    stands_in_for: str = ""
    # That format has to be asked for, because nobody did lately.
    is_wanted: bool = False


class FirstView(Record):
    """Finds or makes the lazy renditions of a stack."""

    environment: Environment
    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the renditions and manifests
    engine: OneRendition
    renditions: tuple[Rendition, ...]  # the lazy ones that it makes
    # Notes renditions that it gave up; not where a queue bounds the attempts.
    notes_failures: bool = False
    # Waits after a lost conditional write, given the number of the round.
    back_off: Callable[[int], None] = back_off

    def view(self, key: str) -> View | None:
        """Return the rendition at a destination key; None if there must be none.

        Raises:
            Rejected: the upload can be rendered no more, because the limits have changed or it was
                archived.
            Contended: the upload kept being written.
            GivenUp: it crashed a worker not long ago.
            Exception: a failure of ours.
        """
        name, _, file = key.rpartition("/")
        found = find_declared(self.renditions, file)
        if found is None or not is_name(name, file):
            return None
        is_new = False
        for attempt in range(1, MAX_ROUNDS + 1):
            read = read_manifest(self.destination, name)
            if read is None or not may_be_made(self.environment, read.manifest, name):
                return None
            manifest = read.manifest
            facts = facts_beside(self.environment, manifest, *found)
            stored = self.destination.get(key)
            if stored and stored.sequencer == manifest.source.sequencer:
                return View(facts, stored.body, stored.etag, is_new)
            if self.notes_failures:
                _check_failure(manifest, key)
            try:
                if stored:  # made of a version that was replaced
                    self.destination.delete_if(key, stored.etag)
                made = self._make(found, read, facts)
            except Gone:
                return None
            except Conflict:
                is_new = True
                self.back_off(attempt)
                continue
            if made:
                return made
        raise Contended(key)

    def _make(
        self,
        wanted: tuple[Rendition, OutputFormat],
        read: StoredManifest,
        facts: RenditionFacts,
    ) -> View | None:
        """Make and store a rendition; return None if its manifest was replaced meanwhile.

        Raises:
            Gone: the source bucket no longer has the version. One that keeps no versions may have
                another upload by now, which a moderator need not have seen.
            Conflict: another view has stored it, or the manifest was replaced.
        """
        started, manifest = time.perf_counter(), read.manifest
        source = manifest.source
        limit = self.environment.max_upload_bytes
        data = self.source.fetch(source.key, version_id=source.version_id, max_bytes=limit)
        if source.version_id in UNVERSIONED and hashlib.sha256(data).hexdigest() != source.sha256:
            raise Gone(source.key)
        if not entry_of(manifest, facts.key):
            # Before it is rendered: views of other new renditions replace the manifest, too.
            self._enter(facts, read)
        try:
            rendered = self._render(data, wanted)
        except (Stopped, DecoderBug) as error:
            if self.notes_failures:
                failure = Reason.TOO_COMPLEX if isinstance(error, Stopped) else INTERNAL
                self._note_failure(facts, manifest, failure)
            raise
        headers = Headers(facts.content_type, FOREVER, source.sequencer)
        etag = self.destination.put(facts.key, rendered.body, headers, expect=ABSENT)
        if not self._find_standing(facts.key, manifest):
            self.destination.delete_if(facts.key, etag)
            return None
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        return View(facts, rendered.body, etag, is_new=True, milliseconds=milliseconds)

    def _render(self, data: bytes, wanted: tuple[Rendition, OutputFormat]) -> Rendered:
        rendition, format_name = wanted
        try:
            results = list(self.engine(data, rendition.name, format_name))
        except Worn:
            results = list(self.engine(data, rendition.name, format_name))
        return next(result for result in results if isinstance(result, Rendered))

    def _enter(self, facts: RenditionFacts, read: StoredManifest) -> None:
        """Add an entry to a manifest."""
        enter(self.destination, self.environment.name_of(read.manifest.source.key), read, facts)

    def _note_failure(self, facts: RenditionFacts, manifest: Manifest, failure: str) -> None:
        """Note that a rendition was given up; where another invocation was first, it is not."""
        if read := self._find_standing(facts.key, manifest):
            noted = facts.replace(failed_at=timestamp(), failure=failure)
            with suppress(Conflict):
                self._enter(noted, read)

    def _find_standing(self, key: str, manifest: Manifest) -> StoredManifest | None:
        """Return the manifest that stands if it is ready, of the same version, and names a key.

        While a stack is updated, the function for uploads may have settings without the rendition.
        If it writes the manifest anew, nothing would name the file, so nothing would delete it.
        """
        read = read_manifest(self.destination, self.environment.name_of(manifest.source.key))
        if not read:
            return None
        latest = read.manifest
        is_same = latest.status == Status.READY and latest.source == manifest.source
        return read if is_same and entry_of(latest, key) else None


def _check_failure(manifest: Manifest, key: str) -> None:
    """Raise what a view raised that gave this rendition up, if that was not long ago."""
    entry = entry_of(manifest, key)
    if entry and is_recent(entry.failed_at):
        raise Stopped if entry.failure == Reason.TOO_COMPLEX else GivenUp(key)


def is_name(name: str, file: str) -> bool:
    """Return True if an upload can have a name, and a file beside its manifest.

    For others S3, or its client, has errors, which anyone could ask for and an alarm would tell of.
    """
    longest = max(manifest_key(name), rendition_key(name, file), key=len)
    return len(longest.encode()) <= MAX_KEY_BYTES and not not_ours(name)
