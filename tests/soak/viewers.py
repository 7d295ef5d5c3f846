"""People who look at lazy renditions while their uploads come, change and go."""

import random
import threading
import time
from collections import Counter
from collections.abc import Collection

from function.contract import rendition_key, upload_name
from local.http import quote, request
from local.server import Server
from tests.soak.world import People

LAZY = {"name": "poster", "width": 30, "height": 30, "formats": ["jpeg"], "lazy": True}
FILE = "poster.jpg"

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
                self.statuses[self._view(upload_name(self._random.choice(pool)))] += 1

    def missing(self, names: Collection[str]) -> list[str]:
        """View one file of each of these uploads, and return those that have none."""
        return [f"{FILE} of {name}" for name in names if not self._is_seen(name)]

    def _is_seen(self, name: str) -> bool:
        end = time.monotonic() + PATIENCE_S
        while self._view(name) != 200:
            if time.monotonic() > end:
                return False
            time.sleep(1)
        return True

    def _view(self, name: str) -> int:
        url = f"{self._server.outputs['deliveryUrl']}/{quote(rendition_key(name, FILE))}"
        # Each with a version of its own, so that no cache of the CDN answers.
        try:
            return request("GET", f"{url}?v={self._random.getrandbits(32):08x}")[0]
        except OSError:
            return 0  # the server restarts
