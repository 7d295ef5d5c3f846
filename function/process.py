"""The newest wins: one key's events, in any order, end in what the key holds now."""

import dataclasses
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from function.contract import manifest_key, rendition_key
from function.engine.renditions import file_name
from function.environment import Environment
from function.events import Upload
from function.manifest import (
    CACHE_CONTROL,
    CONTENT_TYPE,
    DELETED,
    Manifest,
    SourceFacts,
    Timings,
)
from function.produce import now, produce
from function.storage.bucket import ABSENT, ARCHIVED, STORE_THREADS, Bucket, Headers
from function.storage.errors import Conflict, Gone
from function.versions import ObjectVersion, is_newer

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates

MAX_ATTEMPTS: Final = 8
"""Rounds against others who write the same key at the same time, before SQS tries again."""

PAUSE: Final = 0.25
"""Seconds by which the longest pause before a round grows from round to round; pauses are random,
so that those who met once do not meet again."""


class Contended(Exception):
    """Others kept writing the same key; the message is delivered again."""


def process(
    upload: Upload,
    environment: Environment,
    source_bucket: Bucket,
    destination_bucket: Bucket,
    duplicates: "Duplicates | None" = None,
) -> Manifest | None:
    """Bring the destination to the newest version of an upload's key, or to nothing.

    Events arrive more than once, late and at the same time; the manifest decides. It is replaced or
    deleted only by its reader (conditional requests), and only by a newer event (the sequencer).
    Whoever finds a newer one has perhaps written over its renditions, and puts them right before
    leaving, as does the next delivery of whoever died before that. Whoever has written a manifest
    looks at what the key holds: the event that removed this version may have come and gone.

    Returns:
        The manifest that was written, whose status is ``deleted`` where everything was removed;
        None if what is there is as new and whole.

    Raises:
        Gone: the version of the upload is no longer there.
        Contended: others kept writing the same key.
        Exception: anything transient (S3, memory); the caller lets SQS deliver it again. What was
            written by then is harmless: no manifest names it, and the next try writes it anew.
    """
    job = _Job(environment, source_bucket, destination_bucket, duplicates)
    gone: Gone | None = None
    for _attempt in _attempts():
        if upload.removed or upload.reprocess:
            held = source_bucket.head(upload.key)
            if held is None:
                return _or_raise(job.remove(upload), gone)
            # Removing an old version leaves the latest; removing the latest brings back an old one.
            if upload.removed and job.stands_for(upload, held):
                return _or_raise(None, gone)
            upload = _as_held(upload, held)
        try:
            manifest = job.bring(upload)
        except Gone as error:
            # The event of its removal may have come before a process died that left renditions.
            gone, upload = error, job.as_removed(upload)
            continue
        standing = manifest or job.standing(upload.name)
        # After a manifest of someone else's they look, now or on their next delivery.
        if standing is None or not _is_about(standing, upload):
            return manifest
        held = source_bucket.head(upload.key)
        if held is None:
            return job.remove(upload)
        # A newer version has its own event, but an older one that is back may have none left.
        if not job.is_replaced_by(held, upload) or job.stands_for(upload, held):
            return manifest
        upload = _just_after(standing, _as_held(upload, held))
    raise Contended(upload.key)


def _or_raise(manifest: Manifest | None, gone: Gone | None) -> Manifest | None:
    """Return what was written; if that is nothing, and the upload's version is gone, say so."""
    if gone and manifest is None:
        raise gone
    return manifest


def _attempts() -> Iterator[int]:
    """Rounds, with a pause before each but the first."""
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            time.sleep(random.uniform(0, PAUSE * attempt))  # noqa: S311 - nothing secret
        yield attempt


@dataclass(frozen=True)
class _Job:
    """The steps of ``process``, and the buckets that they work on."""

    environment: Environment
    source_bucket: Bucket
    destination_bucket: Bucket
    duplicates: "Duplicates | None"

    def bring(self, upload: Upload) -> Manifest | None:
        """Make the manifest and renditions of an upload, unless newer ones are there."""
        written: Manifest | None = None
        for _attempt in _attempts():
            current, etag = self._read_manifest(upload.name)
            target = upload
            if current and not is_newer(upload.sequencer, current.source.sequencer):
                again = upload.reprocess and written is None
                if self._is_whole(current) and not again:
                    if self._remove_strays(upload, current):
                        continue
                    return written
                missed = again and not _is_about(current, upload)
                target = _just_after(current, upload) if missed else _upload_of(current, upload)
            manifest = produce(
                target,
                self.environment,
                self.source_bucket,
                self.destination_bucket,
                self.duplicates,
            )
            if current and self._is_archived_since(current, manifest):
                return written
            try:
                self._write_manifest(manifest, upload.name, expect=etag)
            except Conflict:
                continue
            written = manifest
            if self.duplicates:
                self.duplicates.record(upload.name, current, manifest)
            if current is None and manifest.error is None:
                return manifest
            if current:
                self._remove_leftovers(current, manifest)
        raise Contended(upload.key)

    def remove(self, upload: Upload) -> Manifest | None:
        """Delete an upload's manifest and renditions, unless a newer version is there.

        A manifest of status ``deleted`` stands while renditions are being removed: a newer version
        that is made meanwhile has to replace it, and so is noticed.
        """
        for _attempt in _attempts():
            current, etag = self._read_manifest(upload.name)
            sequencer = upload.sequencer
            if current and is_newer(current.source.sequencer, sequencer):
                if not upload.reprocess:
                    return self.bring(_upload_of(current, upload))
                sequencer = current.source.sequencer
            keys = set(self._possible_keys(upload))
            keys |= {rendition.key for rendition in current.renditions} if current else set()
            if current is None and not any(self._is_outdated(key, sequencer) for key in keys):
                return None
            if self.duplicates and current:
                self.duplicates.forget(upload.name, current)
            gone = _deleted(upload, sequencer)
            try:
                mark = self._write_manifest(gone, upload.name, expect=etag)
                self.destination_bucket.delete(sorted(keys))
                self.destination_bucket.delete_if(manifest_key(upload.name), mark)
            except Conflict:
                continue
            return gone
        raise Contended(upload.key)

    def stands_for(self, upload: Upload, held: ObjectVersion) -> bool:
        """Return whether the manifest that stands is about what the key holds, and whole.

        Not so beside renditions of a newer version: their maker died, or will write over these.
        """
        current = self.standing(upload.name)
        if current is None or current.source.version_id != held.version_id:
            return False
        if current.status == DELETED or not self._is_whole(current):
            return False
        others = set(self._possible_keys(upload)) - {r.key for r in current.renditions}
        found = (self.destination_bucket.sequencer(key) for key in sorted(others))
        return not any(s is not None and is_newer(s, current.source.sequencer) for s in found)

    def as_removed(self, upload: Upload) -> Upload:
        """Return the removal of an upload, or of the newer one that its manifest is about."""
        current, removal = self.standing(upload.name), dataclasses.replace(upload, removed=True)
        if current and not is_newer(upload.sequencer, current.source.sequencer):
            return _just_after(current, removal)
        return removal

    def is_replaced_by(self, held: ObjectVersion, upload: Upload) -> bool:
        """Return whether an older version is back in place of the upload's, which was removed."""
        if upload.version_id is None or held.version_id in (None, upload.version_id):
            return False
        return not self.source_bucket.has_version(upload.key, upload.version_id)

    def standing(self, name: str) -> Manifest | None:
        """Return the manifest that stands, if there is one."""
        return self._read_manifest(name)[0]

    def _read_manifest(self, name: str) -> tuple[Manifest | None, str]:
        """The manifest that stands, and its entity tag for a conditional write."""
        found = self.destination_bucket.read(manifest_key(name))
        return (Manifest.from_json(found[0]), found[1]) if found else (None, ABSENT)

    def _write_manifest(self, manifest: Manifest, name: str, *, expect: str) -> str:
        """Replace the manifest that ``expect`` is the entity tag of; returns the new one's."""
        headers = Headers(
            content_type=CONTENT_TYPE,
            cache_control=CACHE_CONTROL,
            sequencer=manifest.source.sequencer,
        )
        key, body = manifest_key(name), manifest.to_json()
        return self.destination_bucket.put(key, body, headers, expect=expect)

    def _is_whole(self, manifest: Manifest) -> bool:
        """Whether everything that a manifest names is there and of its own version."""
        keys = [rendition.key for rendition in manifest.renditions]
        with ThreadPoolExecutor(STORE_THREADS) as pool:
            found = pool.map(self.destination_bucket.sequencer, keys)
            return all(sequencer == manifest.source.sequencer for sequencer in found)

    def _is_archived_since(self, current: Manifest, manifest: Manifest) -> bool:
        """Return True if an upload was archived after its renditions were made; they stay then.

        A lifecycle rule may move old uploads to an archive storage class, and a backfill asks for
        all of them. That they cannot be read any more is no reason to delete their renditions.
        """
        return (
            manifest.error is not None
            and manifest.error["code"] == ARCHIVED
            and current.status == "ready"
            and current.source.version_id == manifest.source.version_id
            and self._is_whole(current)
        )

    def _remove_leftovers(self, old: Manifest, new: Manifest) -> None:
        """Delete what the old manifest named and the new one does not."""
        kept = {rendition.key for rendition in new.renditions}
        self.destination_bucket.delete([r.key for r in old.renditions if r.key not in kept])

    def _remove_strays(self, upload: Upload, current: Manifest) -> bool:
        """Delete what no manifest names and is not newer; False if there is nothing.

        Asked after a rejection, which may come when some renditions are stored, and when an event
        comes late or again, the sign that someone may have died between writing a manifest and
        cleaning up. What is newer belongs to someone still at work.
        """
        named = {rendition.key for rendition in current.renditions}
        strays = [
            key
            for key in self._possible_keys(upload)
            if key not in named and self._is_outdated(key, current.source.sequencer)
        ]
        self.destination_bucket.delete(strays)
        return bool(strays)

    def _possible_keys(self, upload: Upload) -> list[str]:
        return [
            rendition_key(upload.name, file_name(rendition.name, format_name))
            for rendition in self.environment.renditions
            for format_name in rendition.formats
        ]

    def _is_outdated(self, key: str, sequencer: str) -> bool:
        found = self.destination_bucket.sequencer(key)
        return found is not None and not is_newer(found, sequencer)


def _is_about(manifest: Manifest, upload: Upload) -> bool:
    return manifest.source.version_id == upload.version_id


def _upload_of(manifest: Manifest, upload: Upload) -> Upload:
    """The upload that a manifest is about, which has the same bucket and key as ours."""
    source = manifest.source
    return dataclasses.replace(
        upload,
        version_id=source.version_id,
        etag=source.etag,
        sequencer=source.sequencer,
        size=source.bytes,
        removed=False,
    )


def _just_after(manifest: Manifest, upload: Upload) -> Upload:
    """An upload that no event told of, which the key was found to hold in place of the manifest's.

    Longer than the manifest's by a digit, its sequencer is newer than that, and older than any real
    event's: it takes the place of that manifest, and never of a newer one.
    """
    sequencer = f"{manifest.source.sequencer}1"
    return dataclasses.replace(upload, sequencer=sequencer, reprocess=False)


def _as_held(upload: Upload, held: ObjectVersion) -> Upload:
    """An event's upload with the version that its key holds now."""
    return dataclasses.replace(
        upload, version_id=held.version_id, etag=held.etag, size=held.bytes, removed=False
    )


def _deleted(upload: Upload, sequencer: str) -> Manifest:
    return Manifest(
        status=DELETED,
        source=SourceFacts(
            key=upload.key,
            version_id=upload.version_id,
            etag=upload.etag,
            sequencer=sequencer,
            bytes=upload.size,
        ),
        timings_ms=Timings(),
        processed_at=now(),
    )
