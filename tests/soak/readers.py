"""Readers who try every path to an upload throughout; none may see it before its approval.

Each rendition shows its picture's number. An approved number is noted before the decision is sent,
so a number that a reader sees must be among those.
"""

import json
import random
import threading
import time
from collections import Counter

from function.contract import Status
from function.contract.keys import (
    decision_key,
    held_key,
    look_key,
    manifest_key,
    rendition_key,
    upload_name,
)
from local.http import quote, request
from local.server import Server
from tests.soak.moderators import Moderators
from tests.soak.numbered import Numbered, number_in
from tests.soak.world import People
from tests.support.moderated import assert_bare


class Readers:
    """Reads by each path of uploads by chance, most of them of one of the newest."""

    def __init__(
        self,
        server: Server,
        people: People,
        moderators: Moderators,
        numbered: Numbered,
        files: tuple[str, ...],
        seed: int,
    ) -> None:
        self._server, self._people, self._moderators = server, people, moderators
        self._numbered, self._files = numbered, files
        self._random = random.Random(seed)
        self.statuses: Counter[int] = Counter()
        self.leaks: list[str] = []
        outputs = server.outputs
        self._source = outputs["uploadEndpoint"]
        bucket = self._source.replace(outputs["sourceBucket"], outputs["destinationBucket"])
        self._doors = sorted({outputs["deliveryUrl"], bucket})

    def work(self, resting: threading.Event, ending: threading.Event) -> None:
        """Read until told to end."""
        while not ending.wait(self._random.uniform(0.1, 0.4)):
            keys = self._people.keys[-10:]
            if resting.is_set() and keys:
                pool = keys if self._random.random() < 3 / 4 else self._people.keys
                self.read(self._random.choice(pool))

    def read(self, key: str) -> None:
        """Try every path of one upload."""
        name = upload_name(key)
        version_id = "none"
        for door in self._doors:
            manifest = self._read_manifest(door, name)
            version_id = manifest["source"]["version_id"] if manifest else version_id
        for door in self._doors:
            for file in self._files:
                body = self._get(f"{door}/{quote(rendition_key(name, file))}?v={self._salt()}")
                if body is not None and number_in(body) not in self._moderators.approved:
                    self.leaks.append(f"{file} of {name} at {door}")
            for path in _private(name, version_id):
                self._deny(f"{door}/{path}")
            self._deny(f"{door}/?list-type=2&prefix={quote(name)}")
        self._deny(f"{self._source}/{quote(key)}")
        self._deny(f"{self._source}/{quote(key)}?versionId={quote(version_id)}")
        self._deny(f"{self._source}/?versions&prefix={quote(key)}")

    def _read_manifest(self, door: str, name: str) -> dict | None:
        """Return a manifest that readers may get, having looked at what it tells."""
        body = self._get(f"{door}/{quote(manifest_key(name))}?v={self._salt()}")
        if body is None:
            return None
        manifest = json.loads(body)
        if manifest["status"] == Status.READY:
            number = self._numbered.number_of(manifest["source"]["sha256"])
            if number not in self._moderators.approved:
                self.leaks.append(f"the manifest of {name}: ready")
        elif not _tells_nothing(manifest):
            self.leaks.append(f"the manifest of {name}: {body.decode()}")
        return manifest

    def _deny(self, url: str) -> None:
        if self._get(url) is not None:
            self.leaks.append(url)

    def _get(self, url: str) -> bytes | None:
        """Return what is answered with success; None for all else."""
        try:
            status, body = request("GET", url)
        except OSError:
            status, body = 0, b""  # the server restarts
            time.sleep(0.2)
        self.statuses[status] += 1
        return body if 200 <= status < 300 else None

    def _salt(self) -> str:
        """Return a different version each time, so that no cache of the CDN answers."""
        return f"{self._random.getrandbits(32):08x}"


def _private(name: str, version_id: str) -> list[str]:
    """Return paths of what is kept for moderators, whose names anyone can work out."""
    keys = [make(name, version_id) for make in (look_key, held_key, decision_key)]
    paths = [quote(key) for key in keys]
    return [*paths, *(path.replace("_index", "%5Findex") for path in paths)]


def _tells_nothing(manifest: dict) -> bool:
    """Return True if a manifest tells nothing of the picture."""
    source = manifest["source"]
    if manifest["status"] == Status.DELETED:
        return not any(source.get(field) for field in ("etag", "bytes", "sha256", "width"))
    try:
        assert_bare(manifest)
    except AssertionError:
        return False
    return True
