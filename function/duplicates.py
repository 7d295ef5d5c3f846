"""Duplicate images: the same bytes by their sha256, copies that look the same by perceptual hash.

Near copies are found by bands: the 64 bits are cut into three, and pictures that agree in all bits
of one band share a bucket. Which bits a re-encoding turns can be told, they are those that were
nearly a tie; so each band is looked up with its three shakiest bits both ways. That is 24 buckets,
each of up to 100 million / 2^21 = 48 entries when there are 100 million images. docs/duplicates.md
has what that finds, and what it costs.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Final

from function.contract import manifest_key
from function.engine.fingerprint import HASH_BITS, Fingerprint
from function.environment import Environment
from function.index import Entry, Index
from function.manifest import Manifest
from function.store import Bucket

SHAKY_BITS: Final = 3
DISTANCE: Final = 8
"""Bits of 64 in which a near copy may differ; unrelated photos differed in 16 or more, measured."""

_BANDS: Final = (range(22), range(22, 43), range(43, HASH_BITS))


@dataclass(frozen=True)
class Same:
    """An upload of the same bytes.

    Attributes:
        manifest: what came of it.
        is_alike: whether its renditions were made by the settings that hold now.
    """

    manifest: Manifest
    is_alike: bool


@dataclass(frozen=True)
class Duplicates:
    """Finds the original of an upload, and keeps the index of what there is.

    Attributes:
        index: the stack's table.
        destination_bucket: where manifests are, which confirm what the index says.
        near: whether look-alikes count, too.
        recipe: what this stack's renditions are; see ``recipe_of``.
    """

    index: Index
    destination_bucket: Bucket
    near: bool
    recipe: str

    def find_exact(self, name: str, sha256: str) -> Same | None:
        """The earliest upload of the same bytes, if there is one before this."""
        for entry in _earlier(self.index.find([_exact_bucket(sha256)]), name):
            manifest = self._confirm(entry)
            if manifest and manifest.source.sha256 == sha256:
                return Same(manifest, is_alike=entry.recipe == self.recipe)
            self.index.delete([(entry.bucket, entry.name)])
        return None

    def find_near(self, name: str, fingerprint: Fingerprint) -> Manifest | None:
        """Manifest of the upload that looks most like this one and came before it, if any does."""
        if not self.near:
            return None
        found = _earlier(self.index.find(probes(fingerprint)), name)
        distances = [distance(e.perceptual_hash, fingerprint.perceptual_hash) for e in found]
        for apart, entry in sorted(zip(distances, found, strict=True), key=lambda pair: pair[0]):
            if apart > DISTANCE:
                return None
            manifest = self._confirm(entry)
            if manifest and manifest.perceptual_hash == entry.perceptual_hash:
                return manifest
            self.index.delete([(entry.bucket, entry.name)])
        return None

    def record(self, name: str, old: Manifest | None, new: Manifest) -> None:
        """Enter an upload whose manifest has been written, in place of the one before.

        Someone may have replaced or removed that manifest already, and missed the entries that
        came after: whoever enters looks once more.
        """
        kept = set(self._buckets(new))
        self.index.put(
            Entry(
                bucket=bucket,
                name=name,
                since=new.processed_at,
                perceptual_hash=new.perceptual_hash or "",
                recipe=self.recipe,
            )
            for bucket in kept
        )
        standing = self._read(name)
        stands = set(self._buckets(standing)) if standing else set[str]()
        gone = (kept | set(self._buckets(old) if old else ())) - stands
        self.index.delete((bucket, name) for bucket in gone)

    def forget(self, name: str, manifest: Manifest) -> None:
        """Delete the entries of an upload that is being removed."""
        self.index.delete((bucket, name) for bucket in self._buckets(manifest))

    def _buckets(self, manifest: Manifest) -> Iterator[str]:
        if manifest.source.sha256 and manifest.perceptual_hash:
            yield _exact_bucket(manifest.source.sha256)
            if self.near:
                yield from _near_buckets(int(manifest.perceptual_hash, 16))

    def _confirm(self, entry: Entry) -> Manifest | None:
        manifest = self._read(entry.name)
        return manifest if manifest and manifest.status == "ready" else None

    def _read(self, name: str) -> Manifest | None:
        found = self.destination_bucket.read(manifest_key(name))
        return Manifest.from_json(found[0]) if found else None


def connect(environment: Environment, bucket: Bucket) -> Duplicates:
    """Open the index of a stack that looks for duplicates."""
    return Duplicates(
        Index(environment.index_table),
        bucket,
        near=environment.duplicates == "near",
        recipe=recipe_of(environment),
    )


def recipe_of(environment: Environment) -> str:
    """Short digest of the settings that decide what renditions look like.

    A copy of renditions that were made by other settings would not be what this stack promises.
    """
    renditions = [rendition.to_dict() for rendition in environment.renditions]
    settings = json.dumps([renditions, environment.background, environment.quality])
    return hashlib.sha256(settings.encode()).hexdigest()[:8]


def probes(fingerprint: Fingerprint) -> list[str]:
    """Buckets in which near copies may be: each band as it is, and with its shaky bits turned."""
    value, margins = int(fingerprint.perceptual_hash, 16), fingerprint.margins
    buckets: list[str] = []
    for band, bits in enumerate(_BANDS):
        shaky = sorted(bits, key=lambda bit: margins[bit])[:SHAKY_BITS]
        subsets = chain.from_iterable(combinations(shaky, n) for n in range(SHAKY_BITS + 1))
        for turned in subsets:
            mask = sum(1 << (HASH_BITS - 1 - bit) for bit in turned)
            buckets.append(_near_bucket(value ^ mask, band))
    return buckets


def distance(one: str, other: str) -> int:
    """Bits in which two hashes differ; hex digits."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _near_buckets(value: int) -> list[str]:
    return [_near_bucket(value, band) for band in range(len(_BANDS))]


def _near_bucket(value: int, band: int) -> str:
    mask = sum(1 << (HASH_BITS - 1 - bit) for bit in _BANDS[band])
    return f"near#{band}#{value & mask:016x}"


def _exact_bucket(sha256: str) -> str:
    return f"sha256#{sha256}"


def _earlier(entries: Sequence[Entry], name: str) -> list[Entry]:
    """Others' entries that were there before this upload's own, earliest first, each name once."""
    own = [(entry.since, entry.name) for entry in entries if entry.name == name]
    ordered = sorted(entries, key=lambda entry: (entry.since, entry.name))
    before = [e for e in ordered if e.name != name and (not own or (e.since, e.name) < min(own))]
    return list({entry.name: entry for entry in reversed(before)}.values())[::-1]
