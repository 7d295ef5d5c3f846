"""A measured storm: uploads at a rate onto the embedded AWS, while its queue is watched."""

import http
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread
from typing import Any, Final

from function.contract import StackOutput, name_of_manifest, source_key
from local.http import quote, request
from local.server import Server
from terminal import Advance, Failure

_SAMPLE_S: Final = 0.25
_PATIENCE_S: Final = 120
_UPLOADERS: Final = 16


@dataclass(frozen=True, kw_only=True)
class Depth:
    """The queue at one time, in s from the first upload: waiting, and being worked on."""

    second: float
    visible: int
    in_flight: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The course of one storm; times are s from the first upload.

    Attributes:
        depths: the queue, four times a second.
        uploads: when each PUT was sent.
        done: when each upload's manifest was written, in the same order.
        handler_s: how long the function took for each, as its manifest says.
    """

    depths: list[Depth]
    uploads: list[float]
    done: list[float]
    handler_s: list[float]

    @property
    def latencies_s(self) -> list[float]:
        """From PUT to manifest."""
        return [end - start for start, end in zip(self.uploads, self.done, strict=True)]

    @property
    def drained_s(self) -> float:
        """From the last PUT until everything was done."""
        return max(self.done) - max(self.uploads)

    @property
    def peak_waiting(self) -> int:
        """Most uploads that were sent and not done at one time."""
        ends = sorted(self.done)
        before = 0
        peak = 0
        for number, start in enumerate(sorted(self.uploads), 1):
            while before < len(ends) and ends[before] <= start:
                before += 1
            peak = max(peak, number - before)
        return peak


def run(
    server: Server, body: bytes, *, count: int, per_second: float, advance: Advance
) -> Measured:
    """Upload the same file under ``count`` keys, evenly in time, and wait until all are done.

    Raises:
        Failure: an upload was refused, or some have no manifest after two minutes.
    """
    batch = f"storm-{uuid.uuid4().hex[:8]}"
    keys = [source_key(f"{batch}/{number}.jpg") for number in range(count)]
    started, stop = time.time(), Event()
    depths: list[Depth] = []
    watcher = Thread(target=_watch, args=(server, started, stop, depths), daemon=True)
    watcher.start()
    try:
        with ThreadPoolExecutor(_UPLOADERS) as pool:
            jobs = [
                pool.submit(_put, server, key, body, started + number / per_second)
                for number, key in enumerate(keys)
            ]
            uploads: list[float] = []
            for job in jobs:
                uploads.append(job.result() - started)
                advance(name="uploaded")
        done = _wait(server, batch, count)
    finally:
        stop.set()
        watcher.join()
    return Measured(
        depths=depths,
        uploads=uploads,
        done=[done[key].at - started for key in keys],
        handler_s=[done[key].handler_s for key in keys],
    )


def _put(server: Server, key: str, body: bytes, due: float) -> float:
    time.sleep(max(0.0, due - time.time()))
    sent = time.time()
    status, _ = request("PUT", f"{server.outputs[StackOutput.UPLOAD_ENDPOINT]}/{quote(key)}", body)
    if status != http.HTTPStatus.OK:
        raise Failure(f"An upload was answered with {status}; see `python -m local logs`.")
    return sent


def _watch(server: Server, started: float, stop: Event, depths: list[Depth]) -> None:
    sqs = server.client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while not stop.wait(_SAMPLE_S):
        found = sqs.get_queue_attributes(
            QueueUrl=server.outputs[StackOutput.QUEUE_URL], AttributeNames=names
        )["Attributes"]
        depths.append(
            Depth(
                second=time.time() - started,
                visible=int(found[names[0]]),
                in_flight=int(found[names[1]]),
            )
        )


@dataclass(frozen=True, kw_only=True)
class _Done:
    """Times from a manifest: when it was written, and how long its upload took."""

    at: float
    handler_s: float


def _wait(server: Server, batch: str, count: int) -> dict[str, _Done]:
    """Return the times of each upload by its source key."""
    s3, bucket = server.client("s3"), server.outputs[StackOutput.DESTINATION_BUCKET]
    deadline = time.time() + _PATIENCE_S
    names: list[str] = []
    while time.time() < deadline:
        names = _manifests(s3, bucket, batch)
        if len(names) == count:
            return dict(_read(s3, bucket, name) for name in names)
        time.sleep(1)
    raise Failure(
        f"{count - len(names)} of {count} uploads have no manifest after {_PATIENCE_S} s; "
        "lower --rate."
    )


def _manifests(s3: Any, bucket: str, batch: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{batch}/")
    keys = (item["Key"] for page in pages for item in page.get("Contents", []))
    return [key for key in keys if name_of_manifest(key)]


def _read(s3: Any, bucket: str, name: str) -> tuple[str, _Done]:
    manifest = json.loads(s3.get_object(Bucket=bucket, Key=name)["Body"].read())
    when = datetime.fromisoformat(manifest["processed_at"])
    handler_s = manifest["timings_ms"]["total"] / 1000
    return manifest["source"]["key"], _Done(at=when.timestamp(), handler_s=handler_s)
