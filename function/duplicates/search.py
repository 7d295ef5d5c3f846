"""Search for duplicates: the same bytes by SHA-256, and similar images by perceptual hash.

``lookup.py`` says in which buckets of the index both are looked for.
"""

import hashlib
import json
import operator
from collections.abc import Iterator, Sequence

from function.contract import DuplicateSearch, Status
from function.duplicates.index import Entry, Index
from function.duplicates.lookup import (
    MAX_DISTANCE,
    exact_bucket,
    hamming_distance,
    near_buckets,
    probes,
)
from function.duplicates.rejected import RejectedPictures, match
from function.engine.record import Record
from function.engine.renditions import Encoders, Hdr
from function.engine.results import Fingerprint
from function.environment import Environment
from function.manifest import Manifest
from function.manifest_store import read_manifest
from function.moderation_record import Recognised
from function.storage.bucket import Bucket
from function.storage.deadline import Deadline


class ExactDuplicate(Record):
    """Manifest of an earlier upload of the same bytes, and whether its recipe is today's."""

    manifest: Manifest
    has_same_recipe: bool


class Duplicates(Record):
    """Finds the upload that another one duplicates, and keeps the index up to date."""

    index: Index  # the stack's table
    destination_bucket: Bucket  # bucket of the manifests, which confirm or refute index entries
    near: bool  # similar images are duplicates, too
    recipe: str  # digest of the stack's settings for renditions; see ``recipe_of``

    def find_exact(
        self, name: str, sha256: str, *, heeds_rejected: bool = True
    ) -> ExactDuplicate | None:
        """Return the earliest upload of the same bytes; None if this is the first.

        Raises:
            Recognised: a moderator rejected these bytes, unless that is not heeded.
        """
        entries = self.index.find([exact_bucket(sha256)])
        if heeds_rejected and match(entries):
            raise Recognised
        for entry in _earlier(entries, name):
            manifest = self._confirm(entry)
            if manifest and manifest.source.sha256 == sha256:
                return ExactDuplicate(manifest, has_same_recipe=entry.recipe == self.recipe)
            self.index.delete([(entry.bucket, entry.name)])
        return None

    def find_near(
        self, name: str, fingerprint: Fingerprint, *, heeds_rejected: bool = True
    ) -> Manifest | None:
        """Return the manifest of the most similar upload before this one; None if there is none.

        Raises:
            Recognised: a moderator rejected a similar image, unless that is not heeded.
        """
        if not self.near:
            return None
        entries = self.index.find(probes(fingerprint))
        if heeds_rejected and match(entries, fingerprint.perceptual_hash):
            raise Recognised
        earlier = _earlier(entries, name)
        distances = [
            (hamming_distance(entry.perceptual_hash, fingerprint.perceptual_hash), entry)
            for entry in earlier
        ]
        for distance, entry in sorted(distances, key=operator.itemgetter(0)):
            if distance > MAX_DISTANCE:
                return None
            manifest = self._confirm(entry)
            if manifest and manifest.perceptual_hash == entry.perceptual_hash:
                return manifest
            self.index.delete([(entry.bucket, entry.name)])
        return None

    @property
    def rejected(self) -> RejectedPictures:
        """The rejected pictures in the same index."""
        return RejectedPictures(self.index, self.near)

    def record(self, name: str, old: Manifest | None, new: Manifest) -> None:
        """Enter an upload whose manifest has been written, and delete the entries of the old one.

        Another invocation may have replaced or removed the manifest before these entries were
        there for it to delete. So the manifest is read again after they are written, and entries
        that do not match it are deleted.
        """
        entered = set(self._buckets(new))
        perceptual_hash = new.perceptual_hash or ""
        self.index.put(
            Entry(bucket, name, new.processed_at, perceptual_hash, self.recipe)
            for bucket in entered
        )
        latest = self._read(name)
        outdated = (entered | set(self._buckets(old))) - set(self._buckets(latest))
        self.index.delete((bucket, name) for bucket in outdated)

    def forget(self, name: str, manifest: Manifest) -> None:
        """Delete the entries of an upload that is being removed."""
        self.index.delete((bucket, name) for bucket in self._buckets(manifest))

    def _buckets(self, manifest: Manifest | None) -> Iterator[str]:
        if manifest and manifest.source.sha256 and manifest.perceptual_hash:
            yield exact_bucket(manifest.source.sha256)
            if self.near:
                yield from near_buckets(manifest.perceptual_hash)

    def _confirm(self, entry: Entry) -> Manifest | None:
        manifest = self._read(entry.name)
        return manifest if manifest and manifest.status == Status.READY else None

    def _read(self, name: str) -> Manifest | None:
        found = read_manifest(self.destination_bucket, name)
        return found.manifest if found else None


def connect(environment: Environment, bucket: Bucket, deadline: Deadline) -> Duplicates:
    """Open the index of a stack that looks for duplicates."""
    near = environment.duplicates == DuplicateSearch.NEAR
    index = Index(environment.index_table, deadline)
    return Duplicates(index, bucket, near, recipe_of(environment))


def recipe_of(environment: Environment) -> str:
    """Return a short digest of the settings that decide what renditions look like.

    Renditions that were made by other settings are not copied: this stack would render others. A
    field more in ``Rendition`` changes each digest, so that each copy is rendered once again. Lazy
    renditions are never copied, so they do not count.
    """
    renditions = [rendition.to_dict() for rendition in environment.eager]
    settings = [renditions, environment.background, environment.quality]
    if not environment.native_decoder:  # the default has the digest that it had before the setting
        settings.append("Pillow's decoders")
    if environment.hdr == Hdr.DROP:
        settings.append("no gain maps")
    if environment.encoders != Encoders.V0_1:  # which had no name yet
        settings.append(f"encoders {environment.encoders}")
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]


def _earlier(entries: Sequence[Entry], name: str) -> list[Entry]:
    """Return others' entries from before this upload's own, earliest first, each name once."""
    entries = [entry for entry in entries if not entry.rejected]
    own = [(entry.since, entry.name) for entry in entries if entry.name == name]
    ordered = sorted(entries, key=lambda entry: (entry.since, entry.name))
    before = [e for e in ordered if e.name != name and (not own or (e.since, e.name) < min(own))]
    return list({entry.name: entry for entry in reversed(before)}.values())[::-1]
