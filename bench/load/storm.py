"""A measured storm: uploads at a rate onto the embedded AWS, while its queue is watched."""

import http
import time
import uuid
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Event
from typing import TYPE_CHECKING, Final

from function.contract import StackOutput
from function.contract.keys import name_of_manifest, source_key
from function.manifest import Manifest
from local.http import quote, request
from local.server import Server
from terminal import Advance, Failure, counted

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_SAMPLE_S: Final = 0.25
_PATIENCE_S: Final = 120
_UPLOADERS: Final = 16
"""How the bench watches, waits and uploads; none of them is a property of AWS."""


@dataclass(frozen=True, kw_only=True)
class Depth:
    """The queue at one time, in s from the first upload: waiting, and being worked on."""

    second: float
    visible: int
    in_flight: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The course of one storm; times are s from the first upload."""

    depths: list[Depth]  # the queue, four times a second
    uploads: list[float]  # when each PUT was sent
    done: list[float]  # when each upload's manifest was written, in the same order
    handler_s: list[float]  # how long the function took for each, as its manifest says

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
        starts = enumerate(sorted(self.uploads), 1)
        return max(number - bisect_right(ends, start) for number, start in starts)


def run(
    server: Server, body: bytes, *, count: int, per_second: float, advance: Advance
) -> Measured:
    """Upload the same file under ``count`` keys, evenly in time, and wait until all are done.

    Raises:
        Failure: an upload was refused, or some have no manifest after two minutes.
    """
    batch = f"storm-{uuid.uuid4().hex[:8]}"
    prefix = server.prefixes[0]
    keys = [source_key(f"{batch}/{number}.jpg", prefix) for number in range(count)]
    started, stop = time.time(), Event()
    uploads: list[float] = []
    with ThreadPoolExecutor(_UPLOADERS + 1) as pool:
        watching = pool.submit(_watch, server, started, stop)
        try:
            jobs = [
                pool.submit(_put, server, key, body, started + number / per_second)
                for number, key in enumerate(keys)
            ]
            for job in jobs:
                uploads.append(job.result() - started)
                advance(name="uploaded")
            times = _wait(server, batch, count)
        finally:
            stop.set()
    return Measured(
        depths=watching.result(),
        uploads=uploads,
        done=[times[key][0] - started for key in keys],
        handler_s=[times[key][1] for key in keys],
    )


def _put(server: Server, key: str, body: bytes, due: float) -> float:
    time.sleep(max(0.0, due - time.time()))
    sent = time.time()
    status, _ = request("PUT", f"{server.outputs[StackOutput.UPLOAD_ENDPOINT]}/{quote(key)}", body)
    if status != http.HTTPStatus.OK:
        raise Failure(f"An upload was answered with {status}; see `python -m local logs`.")
    return sent


def _watch(server: Server, started: float, stop: Event) -> list[Depth]:
    depths: list[Depth] = []
    sqs, url = server.client("sqs"), server.outputs[StackOutput.QUEUE_URL]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    while not stop.wait(_SAMPLE_S):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        visible, in_flight = (int(found[name]) for name in names)
        depths.append(Depth(second=time.time() - started, visible=visible, in_flight=in_flight))
    return depths


def _wait(server: Server, batch: str, count: int) -> dict[str, tuple[float, float]]:
    """Return source key -> when the manifest was written, and how long its upload took, in s."""
    s3, bucket = server.client("s3"), server.outputs[StackOutput.DESTINATION_BUCKET]
    pages = s3.get_paginator("list_objects_v2")
    deadline = time.time() + _PATIENCE_S
    names: list[str] = []
    while time.time() < deadline:
        keys = pages.paginate(Bucket=bucket, Prefix=f"{batch}/").search("Contents[].Key")
        names = [key for key in keys if key and name_of_manifest(key)]
        if len(names) == count:
            return dict(_read(s3, bucket, name) for name in names)
        time.sleep(1)
    raise Failure(
        f"{count - len(names)} of {counted(count, 'upload')} have no manifest after "
        f"{_PATIENCE_S} s; lower --rate."
    )


def _read(s3: "S3Client", bucket: str, name: str) -> tuple[str, tuple[float, float]]:
    manifest = Manifest.from_json(s3.get_object(Bucket=bucket, Key=name)["Body"].read())
    when = datetime.fromisoformat(manifest.processed_at)
    return manifest.source.key, (when.timestamp(), manifest.timings_ms.total / 1000)
