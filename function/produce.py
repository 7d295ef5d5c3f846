"""One upload's way: fetch, decode, render and store, and what came of it."""

import dataclasses
import hashlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from function.decode import Source, decode
from function.environment import Environment
from function.errors import Rejected
from function.events import Upload
from function.fingerprint import Fingerprint, fingerprint
from function.manifest import Manifest, RenditionFacts, SourceFacts, Timings
from function.render import Rendered, render
from function.schema import FORMATS, file_name
from function.store import Bucket, Headers, check_size

FOREVER: Final = "public, max-age=31536000, immutable"
"""Rendition URLs carry the upload's hash, so what a cache holds never goes stale."""

STORE_THREADS: Final = 4
"""Renditions are written while the next one is encoded; S3 takes them in parallel."""


@dataclass
class _Progress:
    """What is known of an upload so far; a rejection records as much of it as there is."""

    upload: Upload
    sha256: str | None = None
    source: Source | None = None
    fingerprint: Fingerprint | None = None

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


def produce(
    upload: Upload,
    environment: Environment,
    source_bucket: Bucket,
    destination_bucket: Bucket,
) -> Manifest:
    """Write an upload's renditions and say what came of it; no manifest is written here.

    A rejected upload gives a manifest that says why: it is an outcome, not an error. Renditions
    stored before a rejection are named by no manifest; the caller removes them.

    Raises:
        Gone: the version of the upload is no longer there.
        Exception: anything transient (S3, memory).
    """
    progress, watch = _Progress(upload), Stopwatch()
    renditions: list[RenditionFacts] = []
    error: dict[str, str] | None = None
    try:
        renditions = _render_and_store(
            progress, watch, environment, source_bucket, destination_bucket
        )
    except Rejected as rejection:
        error = {"code": rejection.code, "message": rejection.message}
    return Manifest(
        status="rejected" if error else "ready",
        error=error,
        source=progress.facts(),
        renditions=renditions,
        timings_ms=watch.timings(),
        processed_at=now(),
        **(dataclasses.asdict(progress.fingerprint) if progress.fingerprint else {}),
    )


def _render_and_store(
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
    progress.source = decode(
        data,
        environment.renditions,
        max_pixels=environment.max_pixels,
        quality=environment.quality,
        memory_mb=environment.memory_mb,
    )
    watch.lap("decode")
    base = f"{environment.delivery_url}/"
    version = f"?v={progress.sha256[:8]}"
    facts: list[RenditionFacts] = []
    with ThreadPoolExecutor(STORE_THREADS) as pool:
        writes: list[Future[str]] = []
        for rendered in render(
            progress.source,
            environment.renditions,
            background=environment.background,
            quality=environment.quality,
        ):
            key = rendition_key(upload.name, rendered)
            headers = Headers(
                content_type=FORMATS[rendered.format].content_type,
                cache_control=FOREVER,
                sequencer=upload.sequencer,
            )
            writes.append(pool.submit(destination_bucket.put, key, rendered.body, headers))
            facts.append(_facts(key, f"{base}{quote(key)}{version}", rendered))
        progress.fingerprint = fingerprint(progress.source)
        watch.lap("render")
        for write in writes:
            write.result()
    watch.lap("store")
    return facts


def rendition_key(name: str, rendered: Rendered) -> str:
    """Destination key of a rendition, e.g. ``u1/beach.jpg/thumb.webp``."""
    return f"{name}/{file_name(rendered.rendition.name, rendered.format)}"


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


def now() -> str:
    """The time as manifests have it: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
