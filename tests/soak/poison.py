"""Hostile uploads beside honest ones: are the honest ones slowed down, lost or dead?

The unchanged program with default settings on an embedded AWS without faults. First one honest
upload a second alone, then the same beside hostile ones, evenly in time. A hostile file keeps the
function busy for seconds (``hostile.py``).
"""

import http
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Final

from bench.photos import encode, photo
from function.contract import FULL_MEMORY_MB, Status, manifest_key, source_key, upload_name
from function.engine.budget import vcpu_share
from local import server as servers
from local.deploy import deploy
from local.http import quote, request
from local.program import full_key
from local.server import Server
from ops import redrive
from ops.stack import Stack
from tests.local.defaults import DEFAULTS
from tests.soak.hostile import HOSTILE
from tests.soak.shares import Shares
from tests.soak.slowdown import Phase, Slowdown
from tests.soak.world import running

PER_SECOND: Final = 1.0
"""Honest uploads."""

HONEST_SIZE: Final = (2000, 1500)
WARM_UPS: Final = 4
PATIENCE_S: Final = 60
"""How long the last uploads of a phase may take, after SQS has delivered again what had failed."""

UPLOADERS: Final = 16
BUSY_S: Final = 10
"""Seconds that a hostile upload takes at most, by the clock."""

OVERHEAD_VCPUS: Final = 0.6
"""What the embedded AWS and the people who upload take of the machine."""

HONEST_VCPUS: Final = 0.3


def run(folder: Path, poison: float, minutes: float, say: Callable[[str], None]) -> Slowdown:
    """Measure both phases on a server of its own.

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
    shares = Shares(server, share_mb(poison, os.cpu_count() or 1))
    ending = threading.Event()
    try:
        deploy(server, settings=DEFAULTS)
        with running((shares.work, ending)):
            _upload_all(server, [(0.0, f"warm/{i}.jpg", body) for i in range(WARM_UPS)])
            _wait(server, [f"warm/{i}.jpg" for i in range(WARM_UPS)])
            say(f"{minutes:g} minutes of honest uploads alone …")
            alone = _phase(server, "alone", body, {}, 0, minutes, say)
            say(f"{minutes:g} minutes beside {poison:g} hostile uploads a minute …")
            beside = _phase(server, "beside", body, hostile, poison, minutes, say)
            ending.set()
        held = f"{shares_text(shares.memory_mb)}" if shares.works else "as much CPU as it finds"
        say(f"each execution environment had {held}")
    finally:
        ending.set()
        servers.stop(folder)
        shares.remove()
    return Slowdown(alone=alone, beside=beside)


def share_mb(poison: float, cpus: int) -> int:
    """Return the memory size whose share of a vCPU each environment gets.

    That of the stack, or less where the environments that are busy at one time would want more
    than the machine has: then one would slow the other down, which does not happen on Lambda.
    """
    wanted = (poison / 60 * BUSY_S) * vcpu_share(FULL_MEMORY_MB) + HONEST_VCPUS
    return round(FULL_MEMORY_MB * min(1.0, (cpus - OVERHEAD_VCPUS) / wanted))


def shares_text(memory_mb: int) -> str:
    """Say how much CPU an environment had."""
    return (
        f"{vcpu_share(memory_mb):.2f} of a CPU, of the {vcpu_share(FULL_MEMORY_MB):.2f} vCPUs "
        "that Lambda would give it"
    )


def _phase(
    server: Server,
    name: str,
    body: bytes,
    hostile: dict[str, bytes],
    poison: float,
    minutes: float,
    say: Callable[[str], None],
) -> Phase:
    honest = [f"{name}/{number}.jpg" for number in range(round(minutes * 60 * PER_SECOND))]
    plan = [(number / PER_SECOND, key, _vary(body, key)) for number, key in enumerate(honest)]
    kinds: dict[str, str] = {}
    for number in range(round(minutes * poison) if hostile else 0):
        kind = list(hostile)[number % len(hostile)]
        key = f"hostile/{number}.bin"
        kinds[key] = kind
        plan.append(((number + 0.5) * 60 / poison, key, hostile[kind]))
    sent = _upload_all(server, sorted(plan))
    manifests = _wait(server, honest)
    for line in _failures(server, name):
        say(line)
    outcomes = _read(server, list(kinds))
    letters = _dead_letters(server)
    ready = {key for key in honest if _status(manifests.get(key)) == Status.READY}
    return Phase(
        seconds=[_when(manifests[key]) - sent[key] for key in ready],
        lost=[f"{key}: {_outcome(manifests.get(key))}" for key in honest if key not in ready],
        dead=[key for key in honest if key in letters],
        hostile=Counter((kind, _outcome(outcomes.get(key))) for key, kind in kinds.items()),
        hostile_seconds=[found["timings_ms"]["total"] / 1000 for found in outcomes.values()],
    )


def _vary(body: bytes, key: str) -> bytes:
    """Return a JPEG with a comment of its own, so that no two uploads are the same."""
    comment = key.encode()
    return body[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + body[2:]


def _upload_all(server: Server, plan: list[tuple[float, str, bytes]]) -> dict[str, float]:
    """Upload each at its second, and return when each was sent."""
    started = time.time()

    def put(due: float, name: str, body: bytes) -> float:
        time.sleep(max(0.0, started + due - time.time()))
        sent = time.time()
        url = f"{server.outputs['uploadEndpoint']}/{quote(source_key(name))}"
        status, _ = request("PUT", url, body)
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"The upload of {name} was answered with {status}.")
        return sent

    with ThreadPoolExecutor(UPLOADERS) as pool:
        jobs = {name: pool.submit(put, due, name, body) for due, name, body in plan}
        return {name: job.result() for name, job in jobs.items()}


def _wait(server: Server, names: list[str]) -> dict[str, dict]:
    """Return the manifests of uploads, once all are there or time is up."""
    end = time.monotonic() + 6 * DEFAULTS[full_key("timeout")] + PATIENCE_S
    while True:
        found = _read(server, names)
        if len(found) == len(names) or time.monotonic() > end:
            return found
        time.sleep(1)


def _read(server: Server, names: list[str]) -> dict[str, dict]:
    s3, bucket = server.client("s3"), server.outputs["destinationBucket"]
    there = {
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for item in page.get("Contents", [])
    }
    return {
        name: json.loads(s3.get_object(Bucket=bucket, Key=manifest_key(name))["Body"].read())
        for name in names
        if manifest_key(name) in there
    }


def _failures(server: Server, phase: str) -> list[str]:
    """Return what the log says of honest uploads that failed, and of whole batches that did."""
    lines = (server.folder / "ministack.log").read_text(errors="replace").splitlines()
    batches = [line[:300] for line in lines if "failed processing SQS batch" in line]
    starts = [(line, line.find("{")) for line in lines if '"message": "failed"' in line]
    failed = [json.loads(line[start:]) for line, start in starts]
    return batches + [
        f"failed once: {entry['body'][:400]} {str(entry.get('exception'))[-300:]}"
        for entry in failed
        if source_key(f"{phase}/") in entry.get("body", "")
    ]


def _dead_letters(server: Server) -> set[str]:
    stack = Stack(outputs=server.outputs, client=server.client)
    letters = redrive.read(stack)
    redrive.give_back(stack, letters)
    records = (record for letter in letters for record in json.loads(letter.body)["Records"])
    return {upload_name(record["s3"]["object"]["key"]) for record in records}


def _status(manifest: dict | None) -> str:
    return manifest["status"] if manifest else ""


def _outcome(manifest: dict | None) -> str:
    if manifest is None:
        return "no manifest yet"
    return manifest["error"]["code"] if manifest["error"] else manifest["status"]


def _when(manifest: dict) -> float:
    return datetime.fromisoformat(manifest["processed_at"]).timestamp()
