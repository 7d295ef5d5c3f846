"""A storm of first views beside uploads: are uploads slowed down, lost or dead?

The unchanged program with default settings, the largest rendition lazy, on an embedded AWS without
faults: one upload a second, alone, and then while people view lazy files as fast as they are
answered. Each view is a first one, because its file is deleted before.

One machine serves all that, so views take CPU time from uploads here, which they do not on AWS.
Therefore people first view files of another stack on the same embedded AWS, and then as many view
files of the stack that gets the uploads. The difference is what the views of a stack do to its
uploads.
"""

import http
import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

from bench.photos import encode, photo
from function.contract import rendition_key
from local import server as servers
from local.deploy import deploy
from local.http import quote, request
from local.server import Server
from tests.local.defaults import DEFAULTS
from tests.soak import honest
from tests.soak.shares import Shares, share_mb
from tests.soak.slowdown import Phase, Slowdown
from tests.soak.world import running

CONCURRENCY: Final = 2
"""First views at one time (``viewConcurrency``): as many as this machine can have busy."""

PER_SECOND: Final = 1.0
"""Uploads a second."""

PAUSE_S: Final = 0.5
"""Pause of a user after a 429: to answer one takes CPU of this machine, which uploads need, too."""

SIZE: Final = (2000, 1500)
FILE: Final = "large.jpg"
LAZY: Final = {"name": "large", "width": 1920, "height": 1920, "formats": ["jpeg"], "lazy": True}
EAGER: Final = [
    {"name": f"at{side}", "width": side, "height": side, "formats": ["jpeg"]}
    for side in (640, 320, 150)
]
SETTINGS: Final = DEFAULTS | {
    "image-pipeline:delivery": "cdn",
    "image-pipeline:viewConcurrency": CONCURRENCY,
    "image-pipeline:renditions": [*EAGER, LAZY],
}


class Storm:
    """People who view lazy files, each of a different upload."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._numbers = count()
        self.outcomes: Counter[tuple[str, str]] = Counter()

    def work(self, name: str, ending: threading.Event) -> None:
        """View the file of an upload until told to end."""
        key = rendition_key(name, FILE)
        s3, bucket = self._server.client("s3"), self._server.outputs["destinationBucket"]
        while not ending.is_set():
            s3.delete_object(Bucket=bucket, Key=key)
            # With a different version each time, so that no cache of the CDN answers.
            url = f"{self._server.outputs['deliveryUrl']}/{quote(key)}?v={next(self._numbers):08x}"
            try:
                status = request("GET", url)[0]
            except OSError:
                self.outcomes["first views", "no answer"] += 1
                continue
            self.outcomes["first views", f"HTTP {status}"] += 1
            if status == http.HTTPStatus.TOO_MANY_REQUESTS:
                ending.wait(PAUSE_S)

    def failures(self) -> list[str]:
        """Return why this was no storm of first views; nothing if it was one."""
        made = self.outcomes["first views", "HTTP 200"]
        return [] if made else ["first views: none was answered, so uploads were beside nothing"]


def other_stack(server: Server) -> Server:
    """Deploy a second stack beside the first, and return it as a server of its own."""
    other = replace(server, stack="", resources=[])
    deploy(other, "dev", settings=SETTINGS)
    return other


def run(folder: Path, viewers: int, minutes: float, say: Callable[[str], None]) -> Slowdown:
    """Measure the three phases on a separate server.

    Args:
        folder: where the server keeps its state.
        viewers: people who view at one time.
        minutes: length of each phase.
        say: told what is going on.
    """
    body = encode(photo(SIZE), "JPEG", quality=90)
    server = servers.start(folder)
    shares = Shares(server, share_mb(CONCURRENCY, os.cpu_count() or 1))
    ending = threading.Event()
    try:
        deploy(server, settings=SETTINGS)
        other = other_stack(server)
        with running((shares.work, ending)):
            for stack in (server, other):
                honest.warm_up(stack, body, viewers)
            names = [f"warm/{number}.jpg" for number in range(viewers)]

            def beside(storm: Storm, whose: str) -> Phase:
                say(f"{minutes:g} minutes beside {viewers} people who view {whose} …")
                over = threading.Event()
                with running(*[(storm.work, name, over) for name in names]):
                    try:
                        phase = _phase(server, whose.replace(" ", "-"), body, minutes, say)
                    finally:
                        over.set()
                phase.hostile.update(storm.outcomes)
                phase.lost += storm.failures()
                return phase

            say(f"{minutes:g} minutes of uploads alone …")
            alone = _phase(server, "alone", body, minutes, say)
            control = beside(Storm(other), "another stack")
            own = beside(Storm(server), "this stack")
            ending.set()
        say(f"each execution environment had {shares.describe()}")
    finally:
        ending.set()
        servers.stop(folder)
        shares.remove()
    return Slowdown(alone=alone, beside=own, control=control, others="first views")


def _phase(
    server: Server, name: str, body: bytes, minutes: float, say: Callable[[str], None]
) -> Phase:
    names = [f"{name}/{number}.jpg" for number in range(round(minutes * 60 * PER_SECOND))]
    plan = [(number / PER_SECOND, key, honest.vary(body, key)) for number, key in enumerate(names)]
    return honest.judge(server, honest.upload_all(server, plan), say)
