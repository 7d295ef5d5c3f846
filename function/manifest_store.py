"""Manifests in the destination bucket: each is replaced or deleted only as it was read.

A write or a deletion whose answer is lost is retried, and the retry finds its own outcome. That is
no conflict.
"""

from function.contract.keys import manifest_key
from function.engine.record import Record
from function.manifest import CACHE_CONTROL, CONTENT_TYPE, Manifest
from function.storage.bucket import Bucket, Headers
from function.storage.errors import Conflict


class StoredManifest(Record):
    """A manifest as it was read."""

    manifest: Manifest
    body: bytes  # its JSON, which may have fields that only a newer release knows
    etag: str  # its entity tag


def read_manifest(destination: Bucket, name: str) -> StoredManifest | None:
    """Return the manifest of an upload; None if there is none."""
    found = destination.read(manifest_key(name))
    return StoredManifest(Manifest.from_json(found[0]), *found) if found else None


def write_manifest(
    destination: Bucket, name: str, body: bytes, *, sequencer: str, expect: str
) -> str:
    """Replace the manifest whose entity tag is ``expect``; return the new one's entity tag.

    Raises:
        Conflict: another one stands, or none.
    """
    key, headers = manifest_key(name), Headers(CONTENT_TYPE, CACHE_CONTROL, sequencer)
    try:
        return destination.put(key, body, headers, expect=expect)
    except Conflict:
        found = destination.read(key)
        if found is None or found[0] != body:
            raise
        return found[1]


def delete_manifest(destination: Bucket, name: str, etag: str) -> None:
    """Delete the manifest whose entity tag this is.

    Raises:
        Conflict: another one stands.
    """
    key = manifest_key(name)
    try:
        destination.delete_if(key, etag)
    except Conflict:
        if destination.read(key):
            raise
