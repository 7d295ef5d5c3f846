"""One upload, end to end: fetch, decode, render, store, and the manifest last."""

import hashlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import quote

from function.decode import Source, decode
from function.environment import Environment
from function.errors import Rejected
from function.events import Upload
from function.manifest import (
    CACHE_CONTROL,
    CONTENT_TYPE,
    Manifest,
    RenditionFacts,
    SourceFacts,
    Timings,
    manifest_key,
)
from function.render import Rendered, render
from function.schema import FORMATS, file_name
from function.store import check_size

FOREVER: Final = "public, max-age=31536000, immutable"
"""Rendition URLs carry the upload's hash, so what a cache holds never goes stale."""

STORE_THREADS: Final = 4
"""Renditions are written while the next one is encoded; S3 takes them in parallel."""

_logger = logging.getLogger(__name__)


class Bucket(Protocol):
    """What this module needs of ``store.Bucket``."""

    def fetch(self, key: str, *, version_id: str | None, max_bytes: int) -> bytes:
        """Read one object."""
        ...

    def put(self, key: str, body: bytes, *, content_type: str, cache_control: str) -> None:
        """Write one object."""
        ...


@dataclass
class _Progress:
    """What is known of an upload so far; a rejection records as much of it as there is."""

    upload: Upload
    sha256: str | None = None
    source: Source | None = None

    def facts(self) -> SourceFacts:
        return SourceFacts(
            key=self.upload.key,
            version_id=self.upload.version_id,
            etag=self.upload.etag,
            sequencer=self.upload.sequencer,
            bytes=self.upload.size,
            sha256=self.sha256,
            width=self.source.width if self.source else None,
            height=self.source.height if self.source else None,
            format=self.source.format if self.source else None,
        )


class Stopwatch:
    """Milliseconds by step, from one monotonic clock."""

    def __init__(self) -> None:
        self._start = self._lap = time.perf_counter()
        self._steps: dict[str, float] = {}

    def lap(self, step: str) -> None:
        """Book the time since the last lap under ``step``."""
        now = time.perf_counter()
        self._steps[step] = round((now - self._lap) * 1000, 1)
        self._lap = now

    def timings(self) -> Timings:
        """All laps so far, and the total."""
        return Timings(**self._steps, total=round((time.perf_counter() - self._start) * 1000, 1))


def process(
    upload: Upload, environment: Environment, source_bucket: Bucket, destination_bucket: Bucket
) -> Manifest:
    """Turn one upload into renditions and a manifest.

    A rejected upload gets a manifest that says why; it is an outcome, not an error.

    Raises:
        Exception: anything transient (S3, memory); the caller lets SQS deliver it again. What was
            written by then is harmless: no manifest names it, and the next try writes it anew.
    """
    progress, watch = _Progress(upload), Stopwatch()
    try:
        renditions = _make(progress, watch, environment, source_bucket, destination_bucket)
        manifest = Manifest(
            status="ready",
            source=progress.facts(),
            renditions=renditions,
            timings_ms=watch.timings(),
            processed_at=_now(),
        )
    except Rejected as rejection:
        manifest = Manifest(
            status="rejected",
            error={"code": rejection.code, "message": rejection.message},
            source=progress.facts(),
            timings_ms=watch.timings(),
            processed_at=_now(),
        )
    destination_bucket.put(
        manifest_key(upload.name),
        manifest.to_json(),
        content_type=CONTENT_TYPE,
        cache_control=CACHE_CONTROL,
    )
    return manifest


def _make(
    progress: _Progress,
    watch: Stopwatch,
    environment: Environment,
    source_bucket: Bucket,
    destination_bucket: Bucket,
) -> list[RenditionFacts]:
    upload = progress.upload
    check_size(upload.size, environment.max_upload_bytes)
    data = source_bucket.fetch(
        upload.key, version_id=upload.version_id, max_bytes=environment.max_upload_bytes
    )
    progress.sha256 = hashlib.sha256(data).hexdigest()
    watch.lap("fetch")
    progress.source = decode(data, environment.renditions, max_pixels=environment.max_pixels)
    watch.lap("decode")
    base = f"{environment.delivery_url}/"
    version = f"?v={progress.sha256[:8]}"
    facts: list[RenditionFacts] = []
    with ThreadPoolExecutor(STORE_THREADS) as pool:
        writes: list[Future[None]] = []
        for rendered in render(progress.source, environment.renditions):
            key = rendition_key(upload.name, rendered)
            writes.append(pool.submit(_store, destination_bucket.put, key, rendered))
            facts.append(_facts(key, f"{base}{quote(key)}{version}", rendered))
        watch.lap("render")
        for write in writes:
            write.result()
    watch.lap("store")
    return facts


def rendition_key(name: str, rendered: Rendered) -> str:
    """Destination key of a rendition, e.g. ``u1/beach.jpg/thumb.webp``."""
    return f"{name}/{file_name(rendered.rendition.name, rendered.format)}"


def _store(put: Callable[..., None], key: str, rendered: Rendered) -> None:
    content_type = FORMATS[rendered.format].content_type
    put(key, rendered.body, content_type=content_type, cache_control=FOREVER)


def _facts(key: str, url: str, rendered: Rendered) -> RenditionFacts:
    return RenditionFacts(
        name=rendered.rendition.name,
        url=url,
        key=key,
        width=rendered.width,
        height=rendered.height,
        bytes=len(rendered.body),
        content_type=FORMATS[rendered.format].content_type,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
