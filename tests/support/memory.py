"""A bucket and an index in memory; tests/local/test_storage_contract.py compares the real ones."""

import hashlib
import itertools
from datetime import UTC, datetime

from function.contract.keys import MAX_KEY_BYTES
from function.duplicates.index import LIMIT
from function.storage.bucket import ABSENT, Headers, Stored, check_length
from function.storage.errors import Conflict, Gone
from function.versions import ObjectVersion


class MemoryBucket:
    """A bucket at the seam of ``Bucket``.

    ``upload``, ``mark_deleted`` and ``purge_version`` are what happens in a versioned source
    bucket; each returns the version that S3's event would name. An object that a test puts into
    ``objects`` itself has no versions, and is what a read of any version finds.

    Attributes:
        objects: what each key holds, in the order of writing.
        headers: of objects that were put.
        etags: of objects that were put.
        written: when objects were put.
        versions: body by version id of each key with versions, None for a delete marker.
        failing: keys that S3 fails to read and write.
        operations: number of operations on versions; the last one's version id and sequencer.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, Headers] = {}
        self.etags: dict[str, str] = {}
        self.written: dict[str, datetime] = {}
        self.versions: dict[str, dict[str, bytes | None]] = {}
        self.failing: set[str] = set()
        self.operations = 0

    def upload(self, key, body):
        return self._add(key, body)

    def mark_deleted(self, key):
        return self._add(key, None)

    def purge_latest(self, key):
        """Remove the latest version, or the delete marker, for good: the one before is back."""
        return self.purge_version(key, next(reversed(self.versions[key])))

    def purge_version(self, key, version_id):
        """Remove one version, or delete marker, for good."""
        return self._happened(key, version_id, self.versions[key].pop(version_id))

    def _add(self, key, body):
        version_id = str(self.operations + 1)
        self.versions.setdefault(key, {})[version_id] = body
        return self._happened(key, version_id, body)

    def _happened(self, key, version_id, body):
        self.operations += 1
        self.objects.pop(key, None)
        held = next(reversed(self.versions[key].values()), None)
        if held is not None:
            self.objects[key] = held
        return _version(key, version_id, body or b"", f"{self.operations:02}")

    def fetch(self, key, *, version_id, max_bytes):
        self._fail(key)
        is_versioned = version_id and key in self.versions
        body = self.versions[key].get(version_id) if is_versioned else self.objects.get(key)
        if body is None:
            raise Gone(key)
        check_length(len(body), max_bytes)
        return body

    def has_version(self, key, version_id):
        return self.versions.get(key, {}).get(version_id) is not None

    def head(self, key):
        if key not in self.objects:
            return None
        version_id = next(reversed(self.versions.get(key, ())), None)
        return _version(key, version_id, self.objects[key], "")

    def read(self, key):
        _check_key(key)
        return (self.objects[key], self.etags[key]) if key in self.objects else None

    def get(self, key):
        self._fail(key)
        if key not in self.objects:
            return None
        return Stored(self.objects[key], self.etags[key], self.headers[key].sequencer)

    def sequencer(self, key):
        return self.headers[key].sequencer if key in self.objects else None

    def sequencers(self, keys):
        return {key: self.sequencer(key) for key in keys}

    def put(self, key, body, headers, *, expect=None):
        self._fail(key)
        if expect not in (None, self.etags[key] if key in self.objects else ABSENT):
            raise Conflict(key)
        self.objects.pop(key, None)
        self.objects[key] = body
        self.headers[key] = headers
        self.etags[key] = _etag(body)
        self.written[key] = datetime.now(UTC)
        return self.etags[key]

    def copy(self, source, target, headers, *, made_from, length):
        if self.sequencer(source) != made_from or len(self.objects[source]) != length:
            return False
        self.put(target, self.objects[source], headers)
        return True

    def list_folder(self, folder):
        _check_key(folder)
        return [key for key in self.objects if key.rpartition("/")[0] == folder[:-1]]

    def has_any(self, prefix):
        return any(key.startswith(prefix) for key in self.objects)

    def times(self, prefix, most):
        found = sorted(key for key in self.objects if key.startswith(prefix))
        return [(key, self.written[key]) for key in found[:most]]

    def delete(self, keys):
        for key in keys:
            self.objects.pop(key, None)

    def delete_if(self, key, etag):
        if key not in self.objects or self.etags[key] != etag:
            raise Conflict(key)
        del self.objects[key]

    def _fail(self, key):
        _check_key(key)
        if key in self.failing:
            raise OSError("S3 is down")


class MemoryIndex:
    """A table at the seam of ``Index``.

    Attributes:
        entries: each entry by its bucket and name.
    """

    def __init__(self) -> None:
        self.entries = {}

    def find(self, buckets):
        """Return the first entries of each bucket by their names, as DynamoDB does."""
        ordered = [self.entries[key] for key in sorted(self.entries)]
        return [
            entry
            for bucket in set(buckets)
            for entry in itertools.islice((e for e in ordered if e.bucket == bucket), LIMIT)
        ]

    def put(self, entries):
        for entry in entries:
            key = (entry.bucket, entry.name)
            since = self.entries[key].since if key in self.entries else entry.since
            self.entries[key] = entry.replace(since=since)

    def delete(self, keys):
        for key in keys:
            self.entries.pop(key, None)

    def names(self) -> set[str]:
        return {entry.name for entry in self.entries.values()}


def _version(key, version_id, body, sequencer):
    return ObjectVersion(
        key=key, version_id=version_id, etag=_etag(body), sequencer=sequencer, bytes=len(body)
    )


def _check_key(key):
    """Fail as S3 does, with status 400, for a key that is too long.

    A prefix fails too, for AWS does not say what it answers.
    """
    if len(key.encode()) > MAX_KEY_BYTES:
        raise OSError("KeyTooLongError")


def _etag(body):
    return hashlib.md5(body).hexdigest()
