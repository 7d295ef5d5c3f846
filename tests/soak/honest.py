"""Honest uploads on the embedded AWS: sent on time, and what came of each."""

import http
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final

from function.contract import Status
from function.contract.keys import manifest_key, source_key, upload_name
from local.http import quote, request
from local.program import full_key
from local.server import Server
from ops import redrive
from ops.stack import Stack
from tests.local.defaults import DEFAULTS
from tests.soak.slowdown import Phase

PATIENCE_S: Final = 60
"""How long the last uploads of a phase may take, after SQS has delivered again what had failed."""

UPLOADERS: Final = 16


def vary(body: bytes, key: str) -> bytes:
    """Return a JPEG with its own comment, so that no two uploads are the same."""
    comment = key.encode()
    return body[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + body[2:]


def upload_all(server: Server, plan: list[tuple[float, str, bytes]]) -> dict[str, float]:
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


def warm_up(server: Server, body: bytes, count: int) -> None:
    """Start execution environments with some uploads, and wait for their manifests."""
    names = [f"warm/{number}.jpg" for number in range(count)]
    upload_all(server, [(0.0, name, body) for name in names])
    wait_for(server, names)


def wait_for(server: Server, names: list[str]) -> dict[str, dict]:
    """Return the manifests of uploads, once all are there or time is up."""
    end = time.monotonic() + 6 * DEFAULTS[full_key("timeout")] + PATIENCE_S
    while True:
        found = read(server, names)
        if len(found) == len(names) or time.monotonic() > end:
            return found
        time.sleep(1)


def read(server: Server, names: list[str]) -> dict[str, dict]:
    """Return the manifests of those uploads that have one."""
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


def dead_letters(server: Server) -> set[str]:
    """Return the names of the uploads in the dead-letter queue, and leave them there."""
    stack = Stack(outputs=server.outputs, client=server.client)
    letters = redrive.read(stack)
    redrive.give_back(stack, letters)
    records = (record for letter in letters for record in json.loads(letter.body)["Records"])
    return {upload_name(record["s3"]["object"]["key"]) for record in records}


def failures(server: Server, names: set[str]) -> list[str]:
    """Return what the log says of these uploads if they failed, and of whole batches that did."""
    lines = (server.folder / "ministack.log").read_text(errors="replace").splitlines()
    batches = [line[:300] for line in lines if "failed processing SQS batch" in line]
    starts = [(line, line.find("{")) for line in lines if '"message": "failed"' in line]
    failed = [json.loads(line[start:]) for line, start in starts]
    return batches + [
        f"failed once: {entry['body'][:400]} {str(entry.get('exception'))[-300:]}"
        for entry in failed
        if any(source_key(name) in entry.get("body", "") for name in names)
    ]


def judge(server: Server, sent: dict[str, float], say: Callable[[str], None]) -> Phase:
    """Return what came of the uploads of a phase, once all are done; ``sent`` is when each was."""
    manifests = wait_for(server, list(sent))
    letters = dead_letters(server)
    for line in failures(server, set(sent)):
        say(line)
    outcomes = {key: outcome(manifests.get(key)) for key in sent}
    ready = [key for key in sent if outcomes[key] == Status.READY]
    return Phase(
        seconds=[processed_at(manifests[key]) - sent[key] for key in ready],
        lost=[f"{key}: {outcomes[key]}" for key in sent if key not in ready],
        dead=[key for key in sent if key in letters],
    )


def outcome(manifest: dict | None) -> str:
    """Return an upload's status, or the code of its rejection."""
    if manifest is None:
        return "no manifest yet"
    return manifest["error"]["code"] if manifest["error"] else manifest["status"]


def processed_at(manifest: dict) -> float:
    """Return when an upload was done, in seconds since the epoch."""
    return datetime.fromisoformat(manifest["processed_at"]).timestamp()
