"""A backfill beside live uploads: are these slowed down, and is every upload processed?

The unchanged program with one rendition on an embedded AWS without faults. Small uploads are there
already, made while the bucket announced none. First one live upload a second alone, then the
same for as long as `python -m ops backfill` needs for all of them.
"""

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from bench.photos import encode, photo
from function.contract.keys import source_key
from local import server as servers
from local.deploy import deploy
from local.program import ROOT
from local.server import Server
from tests.local.defaults import DEFAULTS
from tests.soak import honest
from tests.soak.shares import Shares, share_mb
from tests.soak.slowdown import Slowdown
from tests.soak.world import running

SETTINGS: Final = DEFAULTS | {
    "image-pipeline:renditions": [
        {"name": "page", "width": 1080, "height": 1080, "formats": ["webp"]}
    ],
}
"""A rendition that keeps the function busy for a live photo, and hardly for an old small one, so
that a backfill of 20,000 takes minutes. ``backfillConcurrency`` is the default."""

RENDITION: Final = "/page.webp"

PER_SECOND: Final = 1.0
"""Live uploads."""

LIVE_SIZE: Final = (2000, 1500)
OLD_SIZE: Final = (200, 150)
OLD: Final = "old/"
RATE: Final = 1000
"""Uploads a second that the backfill may send: as many as the queue takes."""

SERVER_VCPUS: Final = 1.1
"""Share of the machine that the embedded AWS, one process, and `ops` take when busy."""

BUSY: Final = 2
"""Environments that the backfill keeps busy: the default ``backfillConcurrency``."""


@dataclass(frozen=True, kw_only=True)
class Backfilled:
    """The outcome of the backfill, and of the live uploads at the same time."""

    slowdown: Slowdown
    uploads: int
    seconds: float  # from the first of its renditions to the last
    missing: int  # uploads without a rendition: not processed, or rejected
    dead: int

    @property
    def holds(self) -> bool:
        """True if live uploads kept to the bound, and the backfill is complete."""
        return self.slowdown.holds and not self.missing and not self.dead

    def lines(self) -> list[str]:
        """The report; its last line is the verdict on the live uploads."""
        rate = (self.uploads - self.missing) / self.seconds if self.seconds else math.inf
        *table, verdict = self.slowdown.lines()
        done = (
            f"{self.uploads} uploads backfilled in {self.seconds:.0f} s, {rate:.1f} a second; "
            f"{self.missing} without a rendition, {self.dead} dead letters"
        )
        return [*table, done, verdict]


def run(folder: Path, uploads: int, minutes: float, say: Callable[[str], None]) -> Backfilled:
    """Measure both phases on a separate server.

    Args:
        folder: where the server keeps its state.
        uploads: how many the backfill has.
        minutes: length of the first phase.
        say: told what is going on.

    Raises:
        CalledProcessError: the backfill failed.
    """
    body = encode(photo(LIVE_SIZE), "JPEG", quality=90)
    server = servers.start(folder)
    shares = Shares(server, share_mb(BUSY, os.cpu_count() or 1, SERVER_VCPUS))
    ending = threading.Event()
    try:
        deploy(server, settings=SETTINGS)
        with running((shares.work, ending)):
            say(f"making {uploads} uploads that S3 tells nobody of …")
            old = [f"{OLD}{number % 100}/{number}.jpg" for number in range(uploads)]
            _make(server, old)
            honest.warm_up(server, body, BUSY + 2)
            say(f"{minutes:g} minutes of live uploads alone …")
            alone = _upload_during(server, "alone", body, lambda: time.sleep(minutes * 60))
            say("the same beside the backfill …")
            beside = _upload_during(server, "beside", body, lambda: _backfill(server))
            done = _renditions(server)
            first, last = min(done.values(), default=0.0), max(done.values(), default=0.0)
            during = {name: sent for name, sent in beside.items() if first <= sent <= last}
            phases = [honest.judge(server, sent, say) for sent in (alone, during)]
            dead = honest.dead_letters(server)
            ending.set()
        say(f"each execution environment had {shares.describe()}")
    finally:
        ending.set()
        servers.stop(folder)
        shares.remove()
    return Backfilled(
        slowdown=Slowdown(alone=phases[0], beside=phases[1], others="a backfill"),
        uploads=uploads,
        seconds=last - first,
        missing=len(set(old) - done.keys()),
        dead=len(dead & set(old)),
    )


def _make(server: Server, names: list[str]) -> None:
    """Put uploads into the bucket while it announces none."""
    body = encode(photo(OLD_SIZE), "JPEG", quality=80)
    s3, bucket = server.client("s3"), server.outputs["sourceBucket"]
    before = s3.get_bucket_notification_configuration(Bucket=bucket)
    before.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    honest.upload_all(server, [(0.0, name, honest.vary(body, name)) for name in names])
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=before)


def _upload_during(
    server: Server, phase: str, body: bytes, work: Callable[[], None]
) -> dict[str, float]:
    """Make one upload after the other, evenly in time, while work is done; return when each was."""
    over, sent = threading.Event(), dict[str, float]()

    def upload() -> None:
        started = time.monotonic()
        for number in count():
            if over.wait(max(0.0, started + number / PER_SECOND - time.monotonic())):
                return
            name = f"{phase}/{number}.jpg"
            sent.update(honest.upload_all(server, [(0.0, name, honest.vary(body, name))]))

    with ThreadPoolExecutor(1) as pool:
        uploading = pool.submit(upload)
        try:
            work()
        finally:
            over.set()
        uploading.result()
    return sent


def _backfill(server: Server) -> None:
    """Backfill as an operator does, until the command says that all is processed."""
    command = [sys.executable, "-m", "ops", "backfill", "--stack", "local"]
    command += ["--prefix", source_key(OLD), "--rate", str(RATE)]
    variables = os.environ | {"IMAGE_PIPELINE_LOCAL": str(server.folder)}
    subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=sys.stderr)


def _renditions(server: Server) -> dict[str, float]:
    """Return the backfilled uploads that have a rendition, and when each was written."""
    pages = server.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=server.outputs["destinationBucket"], Prefix=OLD)
    items = (item for page in found for item in page.get("Contents", []))
    return {
        item["Key"].removesuffix(RENDITION): item["LastModified"].timestamp()
        for item in items
        if item["Key"].endswith(RENDITION)
    }
