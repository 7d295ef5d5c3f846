"""A storm of first views beside uploads: are uploads slowed down, lost or dead?

The unchanged program with default settings, the largest rendition lazy, on an embedded AWS without
faults: one upload a second, alone, and then while people view lazy files as fast as they are
answered. Each view is a first one, because its file is deleted before.

One machine serves all that, so views take CPU time from uploads here, which they do not on AWS.
Therefore people view files of the stack that gets the uploads for some seconds, then files of
another stack on the same embedded AWS, and so on in turn. The difference is what the views of a
stack do to its uploads.
"""

import http
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

from bench.photos import encode, photo
from function.contract.keys import rendition_key
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

TURN_S: Final = 5.0
"""How long the files of one stack are viewed before those of the other."""

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
    """People who view lazy files, each of a different upload, of one stack after another.

    Attributes:
        outcomes: those of the views of each stack.
    """

    def __init__(self, stacks: Sequence[Server]) -> None:
        self._stacks, self._numbers = stacks, count()
        self.outcomes: list[Counter[tuple[str, str]]] = [Counter() for _ in stacks]

    def turn(self, at: float) -> int:
        """Return the number of the stack whose files are viewed at a time (``time.time()``)."""
        return int(at // TURN_S) % len(self._stacks)

    def work(self, name: str, ending: threading.Event) -> None:
        """View the file of an upload until told to end."""
        key, clients = rendition_key(name, FILE), [stack.client("s3") for stack in self._stacks]
        while not ending.is_set():
            number = self.turn(time.time())
            outputs, outcomes = self._stacks[number].outputs, self.outcomes[number]
            clients[number].delete_object(Bucket=outputs["destinationBucket"], Key=key)
            # With a different version each time, so that no cache of the CDN answers.
            url = f"{outputs['deliveryUrl']}/{quote(key)}?v={next(self._numbers):08x}"
            try:
                status = request("GET", url)[0]
            except OSError:
                outcomes["first views", "no answer"] += 1
                continue
            outcomes["first views", f"HTTP {status}"] += 1
            if status == http.HTTPStatus.TOO_MANY_REQUESTS:
                ending.wait(PAUSE_S)

    def failures(self, number: int) -> list[str]:
        """Return why a stack had no storm of first views; nothing if it had one."""
        made = self.outcomes[number]["first views", "HTTP 200"]
        return [] if made else ["first views: none was answered, so uploads were beside nothing"]


def other_stack(server: Server) -> Server:
    """Deploy a second stack beside the first, and return the server as that stack has it."""
    other = replace(server, stack="", resources=[])
    deploy(other, "dev", settings=SETTINGS)
    return other


def run(folder: Path, viewers: int, minutes: float, say: Callable[[str], None]) -> Slowdown:
    """Measure on a separate server.

    Args:
        folder: where the server keeps its state.
        viewers: people who view at one time.
        minutes: how long uploads are alone, and beside the views of each stack.
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

            say(f"{minutes:g} minutes of uploads alone …")
            alone = honest.judge(server, _upload(server, "alone", body, minutes), say)
            say(f"{2 * minutes:g} minutes beside {viewers} people who view …")
            storm = Storm([server, other])
            with running(*[(storm.work, name, ending) for name in names]):
                sent = _upload(server, "beside", body, 2 * minutes)
                ending.set()
            beside, control = [_beside(server, storm, number, sent, say) for number in range(2)]
        say(f"each execution environment had {shares.describe()}")
    finally:
        ending.set()
        servers.stop(folder)
        shares.remove()
    return Slowdown(alone=alone, beside=beside, control=control, others="first views")


def _upload(server: Server, name: str, body: bytes, minutes: float) -> dict[str, float]:
    names = [f"{name}/{number}.jpg" for number in range(round(minutes * 60 * PER_SECOND))]
    plan = [(number / PER_SECOND, key, honest.vary(body, key)) for number, key in enumerate(names)]
    return honest.upload_all(server, plan)


def _beside(
    server: Server, storm: Storm, number: int, sent: dict[str, float], say: Callable[[str], None]
) -> Phase:
    """Return what came of the uploads that were sent in a stack's turns."""
    phase = honest.judge(
        server, {name: at for name, at in sent.items() if storm.turn(at) == number}, say
    )
    phase.hostile.update(storm.outcomes[number])
    phase.lost += storm.failures(number)
    return phase
