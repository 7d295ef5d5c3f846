"""Pictures that moderators rejected, which are recognised by their bytes and by their look.

Their entries are in the buckets of the index that every search reads anyway, so no further query is
needed. They come first there, because only the first entries of a large bucket are read. They are
not hints: nothing else of the picture is left to confirm them, and they stay until the rejection is
taken back or the upload is erased (``ops erase``).
"""

from collections.abc import Iterable

from function.contract.keys import PREFIXES, REJECTED_MARK, rejected_entry, upload_name
from function.duplicates.index import Entry, Index
from function.duplicates.lookup import (
    MAX_DISTANCE,
    exact_bucket,
    hamming_distance,
    near_buckets,
    probes,
)
from function.engine.record import Record
from function.engine.results import Fingerprint
from function.manifest import timestamp
from function.moderation_record import Resemblance
from function.versions import ObjectVersion


class RejectedPictures(Record):
    """The rejected pictures of a stack's index."""

    index: Index
    near: bool  # similar pictures are known again, too
    prefixes: tuple[str, ...] = PREFIXES  # of the uploads

    def find(self, sha256: str, seen: Fingerprint | None) -> Resemblance | None:
        """Return the rejected picture that one equals or is most similar to; None if there is none.

        Args:
            sha256: of the upload's bytes.
            seen: its fingerprint; without one, only the same bytes are known again.
        """
        if same := match(self.index.find([exact_bucket(sha256)])):
            return same
        if not self.near or not seen:
            return None
        return match(self.index.find(probes(seen)), seen.perceptual_hash)

    def remember(self, version: ObjectVersion, sha256: str, perceptual_hash: str | None) -> None:
        """Enter the picture of a version that was rejected."""
        name, since, seen = self._name_of(version), timestamp(), perceptual_hash or ""
        self.index.put(
            Entry(bucket, name, since, seen, "", rejected=version.key)
            for bucket in self._buckets(sha256, perceptual_hash)
        )

    def forget(self, version: ObjectVersion, sha256: str, perceptual_hash: str | None) -> None:
        """Delete the entries of a version, whose rejection was taken back."""
        name = self._name_of(version)
        self.index.delete((bucket, name) for bucket in self._buckets(sha256, perceptual_hash))

    def _buckets(self, sha256: str, perceptual_hash: str | None) -> list[str]:
        near = near_buckets(perceptual_hash) if self.near and perceptual_hash else ()
        return [exact_bucket(sha256), *near]

    def _name_of(self, version: ObjectVersion) -> str:
        return rejected_entry(upload_name(version.key, self.prefixes), version.version_id or "")


def match(entries: Iterable[Entry], perceptual_hash: str | None = None) -> Resemblance | None:
    """Return the most similar of the rejected pictures among entries; None if none is similar.

    Without a hash the entries are those of the same bytes.
    """
    found: list[tuple[int, str, Entry]] = []
    for entry in entries:
        if not entry.rejected:
            continue
        distance = 0
        if perceptual_hash is not None:
            distance = hamming_distance(entry.perceptual_hash, perceptual_hash)
        if distance <= MAX_DISTANCE:
            found.append((distance, entry.since, entry))
    if not found:
        return None
    distance, _, entry = min(found, key=lambda each: each[:2])
    return Resemblance(entry.rejected, entry.name.rpartition(REJECTED_MARK)[2], distance)
