"""Hostile uploads beside honest ones: are the honest ones slowed down, lost or dead?

The unchanged program with default settings on an embedded AWS without faults. First one honest
upload a second alone, then the same beside hostile ones, evenly in time. A hostile file keeps the
function busy for seconds (``hostile.py``).
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.photos import encode, photo
from local import server as servers
from local.deploy import deploy
from local.server import Server
from tests.local.defaults import DEFAULTS
from tests.soak import honest
from tests.soak.hostile import HOSTILE
from tests.soak.shares import Shares, share_mb
from tests.soak.slowdown import Phase, Slowdown
from tests.soak.world import running

PER_SECOND: Final = 1.0
"""Honest uploads."""

HONEST_SIZE: Final = (2000, 1500)
WARM_UPS: Final = 4
BUSY_S: Final = 10
"""Seconds that a hostile upload takes at most, by the clock."""


def run(folder: Path, poison: float, minutes: float, say: Callable[[str], None]) -> Slowdown:
    """Measure both phases on a separate server.

    Args:
        folder: where the server keeps its state.
        poison: hostile uploads a minute.
        minutes: length of each phase.
        say: told what is going on.
    """
    say("making the hostile files …")
    hostile = {kind: make() for kind, make in HOSTILE.items()}
    body = encode(photo(HONEST_SIZE), "JPEG", quality=90)
    server = servers.start(folder)
    shares = Shares(server, share_mb(poison / 60 * BUSY_S, os.cpu_count() or 1))
    ending = threading.Event()
    try:
        deploy(server, settings=DEFAULTS)
        with running((shares.work, ending)):
            honest.warm_up(server, body, WARM_UPS)
            say(f"{minutes:g} minutes of honest uploads alone …")
            alone = _phase(server, "alone", body, {}, 0, minutes, say)
            say(f"{minutes:g} minutes beside {poison:g} hostile uploads a minute …")
            beside = _phase(server, "beside", body, hostile, poison, minutes, say)
            ending.set()
        say(f"each execution environment had {shares.describe()}")
    finally:
        ending.set()
        servers.stop(folder)
        shares.remove()
    return Slowdown(alone=alone, beside=beside)


def _phase(
    server: Server,
    name: str,
    body: bytes,
    hostile: dict[str, bytes],
    poison: float,
    minutes: float,
    say: Callable[[str], None],
) -> Phase:
    keys = [f"{name}/{number}.jpg" for number in range(round(minutes * 60 * PER_SECOND))]
    plan = [(number / PER_SECOND, key, honest.vary(body, key)) for number, key in enumerate(keys)]
    kinds: dict[str, str] = {}
    for number in range(round(minutes * poison) if hostile else 0):
        kind = list(hostile)[number % len(hostile)]
        key = f"hostile/{number}.bin"
        kinds[key] = kind
        plan.append(((number + 0.5) * 60 / poison, key, hostile[kind]))
    sent = honest.upload_all(server, sorted(plan))
    phase = honest.judge(server, {key: sent[key] for key in keys}, say)
    outcomes = honest.read(server, list(kinds))
    phase.hostile.update((kind, honest.outcome(outcomes.get(key))) for key, kind in kinds.items())
    phase.hostile_seconds += [found["timings_ms"]["total"] / 1000 for found in outcomes.values()]
    return phase
