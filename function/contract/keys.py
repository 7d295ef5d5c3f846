"""Keys of objects: uploads, renditions, manifests, and records for moderators and the index."""

import hashlib
import re
from typing import Final
from urllib.parse import quote

UPLOADS: Final = "uploads/"
"""Prefix of the uploads in the source bucket, unless the setting ``prefix`` names another one.

Only keys under a stack's prefixes raise events, and the public may write under the first alone."""

PREFIXES: Final = (UPLOADS,)
"""Prefixes of a stack's uploads, the one of new uploads first: ``prefix`` and ``formerPrefixes``.

A stack with exactly these, like every stack of an earlier release, does not state them anywhere.
"""

INDEX: Final = "_index/"
"""Prefix of the destination bucket that is never public; no upload may map into it."""

MANIFEST: Final = "manifest.json"
"""Last part of a manifest's destination key."""

BATCH_OPERATIONS: Final = "batch-operations/"
"""Prefix of the source bucket for the manifests and reports of S3 Batch Operations: nothing there
is public or raises events."""

MODERATION: Final = f"{INDEX}moderation/"
"""Prefix of the destination bucket for ``HELD`` and ``DECISIONS``."""

HELD: Final = f"{MODERATION}held/"
"""Prefix of the destination bucket for what waits for a moderator.

Under the upload's name, it has a small rendition and a record of each version. No file name there
is one that any release lets readers read: those are ``manifest.json`` and renditions, whose names
start with a letter or a digit."""

DECISIONS: Final = f"{MODERATION}decisions/"
"""Prefix of the destination bucket for what moderators decided, one record of each version."""

MAX_KEY_BYTES: Final = 1024
"""Longest object key, in bytes of UTF-8 (S3 user guide, "Naming Amazon S3 objects")."""


def part_of_user(sub: str) -> str:
    """Return the part of keys that a user has, as ``signer/users.py`` makes it.

    The signer ships alone and has its own copy; tests/unit/signer/test_users.py holds them equal.
    """
    encoded = sub.encode("utf-8", "surrogatepass")
    part = re.sub(rb"[^A-Za-z0-9-]", lambda found: b"_%02x" % ord(found[0]), encoded).decode()
    most = 255
    return part if len(part) <= most else f"__{hashlib.sha256(encoded).hexdigest()}"


def read_prefixes(text: str | None) -> tuple[str, ...]:
    """Return the prefixes that ``write_prefixes`` wrote; ``uploads/`` for an empty text."""
    return tuple(text.split(",")) if text else PREFIXES


def write_prefixes(prefixes: tuple[str, ...]) -> str:
    """Return prefixes as one text, for variables and outputs; empty for ``uploads/`` alone."""
    return "" if prefixes == PREFIXES else ",".join(prefixes)


def source_key(name: str, prefix: str = UPLOADS) -> str:
    """Return the source key of an upload, e.g. ``uploads/u1/beach.jpg`` for ``u1/beach.jpg``."""
    return f"{prefix}{name}"


def upload_name(key: str, prefixes: tuple[str, ...] = PREFIXES) -> str:
    """Return a source key without its prefix, which starts all destination keys of the upload.

    No prefix starts with another one, so a key has at most one.
    """
    return next((key.removeprefix(each) for each in prefixes if key.startswith(each)), key)


def rendition_key(name: str, file: str) -> str:
    """Return the destination key of a rendition, e.g. ``u1/beach.jpg/thumb.webp``."""
    return f"{name}/{file}"


def manifest_key(name: str) -> str:
    """Return the destination key of an upload's manifest, e.g. ``u1/beach.jpg/manifest.json``."""
    return f"{name}/{MANIFEST}"


_SAFE_IN_PATHS: Final = "!$&'()*+,;=:@/"
"""Characters that RFC 1738 calls safe in a path, beside letters, digits and ``-_.``."""


def cdn_paths(prefix: str) -> list[str]:
    """Return the CDN's paths of all destination keys with a prefix, as an invalidation names them.

    CloudFront wants no other characters encoded than RFC 1738 asks for, or it forgets nothing
    (developer guide, "What you need to know when invalidating files", read 2026-11-27), but a
    manifest's URLs encode more. The guide does not say which of the two its cache goes by.
    """
    return sorted({f"/{quote(prefix, safe=safe)}*" for safe in (_SAFE_IN_PATHS, "/")})


def version_digest(version_id: str) -> str:
    """Return the name of a version that its upload's manifest has as ``id``."""
    return hashlib.sha256(version_id.encode()).hexdigest()[:32]


def look_key(name: str, version_id: str) -> str:
    """Return the destination key of the picture that moderators are shown of a held version."""
    return f"{HELD}{name}/_{version_digest(version_id)}.look"


def held_key(name: str, version_id: str) -> str:
    """Return the destination key of the record of a held version."""
    return f"{HELD}{name}/_{version_digest(version_id)}.json"


def decision_key(name: str, version_id: str) -> str:
    """Return the destination key of the record of what was decided about a version."""
    return f"{DECISIONS}{name}/_{version_digest(version_id)}.json"


def name_of_held(key: str) -> str | None:
    """Return the name of the upload of which this is the record of a held version, or its look.

    None for other keys.
    """
    found = re.fullmatch(rf"{HELD}(.+)/_[0-9a-f]{{32}}\.(json|look)", key)
    return found[1] if found else None


REJECTED_MARK: Final = "\n"
"""Starts the names of index entries of rejected pictures. No upload's name has one, and it sorts
before all that they have, so those entries come first in their buckets."""


def rejected_entry(name: str, version_id: str) -> str:
    """Return the name of the index entries of a version that a moderator rejected."""
    return f"{REJECTED_MARK}{name}{REJECTED_MARK}{version_digest(version_id)}"


def name_of_entry(entry: str) -> str:
    """Return the name of the upload that an index entry is of, rejected or not."""
    return entry.removeprefix(REJECTED_MARK).partition(REJECTED_MARK)[0]


def name_of_manifest(key: str) -> str | None:
    """Return the name of the upload whose manifest has this key; None for other keys."""
    ending = manifest_key("")
    return key.removesuffix(ending) if key.endswith(ending) else None
