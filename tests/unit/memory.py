"""A bucket that is a dict, for tests that need no S3."""

import hashlib

from function.store import ABSENT, Conflict, Gone, Headers, check_size
from function.versions import ObjectVersion


class MemoryBucket:
    """A bucket at the seam of ``store.Bucket``, which remembers in which order it was written."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.headers: dict[str, Headers] = {}
        self.etags: dict[str, str] = {}
        self.failing: set[str] = set()

    def read(self, key):
        return (self.objects[key], self.etags[key]) if key in self.objects else None

    def sequencer(self, key):
        return self.headers[key].sequencer if key in self.objects else None

    def sequencers(self, keys):
        return {key: self.sequencer(key) for key in keys}

    def delete(self, keys):
        for key in keys:
            self.objects.pop(key, None)

    def fetch(self, key, *, version_id, max_bytes):
        if key in self.failing:
            raise OSError("S3 is down")
        if key not in self.objects:
            raise Gone(key)
        check_size(len(self.objects[key]), max_bytes)
        return self.objects[key]

    def head(self, key):
        if key not in self.objects:
            return None
        length = len(self.objects[key])
        return ObjectVersion(key=key, version_id=None, etag="e", sequencer="", bytes=length)

    def delete_if(self, key, etag):
        if key not in self.objects or self.etags[key] != etag:
            raise Conflict(key)
        del self.objects[key]

    def copy(self, source, target, headers, *, made_from, size):
        if source not in self.objects or self.headers[source].sequencer != made_from:
            return False
        if len(self.objects[source]) != size:
            return False
        self.put(target, self.objects[source], headers)
        return True

    def put(self, key, body, headers, *, expect=None):
        if key in self.failing:
            raise OSError("S3 is down")
        found = self.etags[key] if key in self.objects else ABSENT
        if expect not in (None, found):
            raise Conflict(key)
        self.objects.pop(key, None)
        self.objects[key] = body
        self.headers[key] = headers
        self.etags[key] = hashlib.md5(body).hexdigest()
        return self.etags[key]
