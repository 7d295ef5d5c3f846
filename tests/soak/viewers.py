"""People who look at lazy renditions while their uploads come, change and go."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from function.contract import ASK_AGAIN_SECONDS
from function.contract.keys import manifest_key, rendition_key, upload_name
from local.http import quote, request
from local.server import Server
from tests.soak.world import People

LAZY = {
    "name": "poster",
    "width": 30,
    "height": 30,
    "formats": ["jpeg"],
    "lazyFormats": ["avif"],
    "lazy": True,
}
FILES = JPEG, AVIF = "poster.jpg", "poster.avif"

PATIENCE_S = 90
"""How long a view may be asked again, when nothing fails any more."""


class Viewers:
    """Views of uploads by chance, most of them of one of the newest."""

    def __init__(self, server: Server, people: People, seed: int) -> None:
        self._server, self._people = server, people
        self._random = random.Random(seed)
        self.statuses: Counter[int] = Counter()

    def work(self, resting: threading.Event, ending: threading.Event) -> None:
        """View until told to end."""
        while not ending.wait(self._random.uniform(0.1, 0.5)):
            keys = self._people.keys[-10:] or self._people.keys
            if resting.is_set() and keys:
                everyone = self._people.keys
                pool = keys if self._random.random() < 3 / 4 else everyone
                name = upload_name(self._random.choice(pool))
                self.statuses[self._view(name, self._random.choice(FILES))] += 1

    def missing(self, names: Collection[str]) -> list[str]:
        """View both files of each of these uploads; return the files that cannot be seen."""
        pairs = [(name, file) for name in names for file in FILES]
        return [f"{file} of {name}" for name, file in pairs if not self._is_seen(name, file)]

    def unmade(self, names: Collection[str]) -> list[str]:
        """Return the uploads whose lazy format is not there."""
        s3, bucket = self._server.client("s3"), self._server.outputs["destinationBucket"]
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        there = {item["Key"] for page in pages for item in page.get("Contents", [])}
        return [name for name in names if rendition_key(name, AVIF) not in there]

    def ask_again(self, name: str) -> None:
        """View a lazy format an hour after somebody asked for it: the note is made that old."""
        s3, bucket = self._server.client("s3"), self._server.outputs["destinationBucket"]
        found = s3.get_object(Bucket=bucket, Key=manifest_key(name))
        manifest = json.loads(found["Body"].read())
        for entry in manifest["renditions"]:
            if "asked_at" in entry:
                before = datetime.now(UTC) - timedelta(seconds=ASK_AGAIN_SECONDS)
                entry["asked_at"] = before.isoformat()
        s3.put_object(
            Bucket=bucket,
            Key=manifest_key(name),
            Body=json.dumps(manifest).encode(),
            Metadata=found["Metadata"],
            ContentType=found["ContentType"],
        )
        self._is_seen(name, AVIF)

    def _is_seen(self, name: str, file: str) -> bool:
        end = time.monotonic() + PATIENCE_S
        while self._view(name, file) != 200:
            if time.monotonic() > end:
                return False
            time.sleep(1)
        return True

    def _view(self, name: str, file: str) -> int:
        url = f"{self._server.outputs['deliveryUrl']}/{quote(rendition_key(name, file))}"
        # Each has a different version, so that no cache of the CDN answers.
        try:
            return request("GET", f"{url}?v={self._random.getrandbits(32):08x}")[0]
        except OSError:
            return 0  # the server restarts
