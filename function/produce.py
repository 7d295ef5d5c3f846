"""One upload's way: fetch, decode, render and store, and what came of it."""

import hashlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from function.contract import rendition_key
from function.duplicates.copies import copy_renditions
from function.engine.decode import Source, decode
from function.engine.errors import Rejected
from function.engine.fingerprint import Fingerprint, fingerprint
from function.engine.render import Rendered, render
from function.engine.renditions import FORMATS, file_name
from function.environment import Environment
from function.events import Upload
from function.manifest import Manifest, RenditionFacts, SourceFacts, Timings, rendition_url
from function.storage.bucket import FOREVER, STORE_THREADS, Bucket, Headers, check_length

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates


@dataclass
class _Progress:
    """What is known of an upload so far; a rejection records as much of it as there is."""

    upload: Upload
    sha256: str | None = None
    source: Source | None = None
    fingerprint: Fingerprint | None = None
    original: Manifest | None = None

    def facts(self) -> SourceFacts:
        seen = self.source or (self.original.source if self.original else None)
        return SourceFacts(
            key=self.upload.key,
            version_id=self.upload.version_id,
            etag=self.upload.etag,
            sequencer=self.upload.sequencer,
            bytes=self.upload.size,
            sha256=self.sha256,
            width=seen.width if seen else None,
            height=seen.height if seen else None,
            format=seen.format if seen else None,
        )

    def looks(self) -> dict[str, Any]:
        """The manifest's fields that say what the picture looks like, and like which."""
        seen = self.fingerprint or self.original
        if seen is None:
            return {}
        return {
            "placeholder": seen.placeholder,
            "dominant_color": seen.dominant_color,
            "perceptual_hash": seen.perceptual_hash,
            "duplicate_of": self.original.source.key if self.original else None,
        }


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
    duplicates: "Duplicates | None" = None,
) -> Manifest:
    """Write an upload's renditions and say what came of it; no manifest is written here.

    Where an earlier upload has the same bytes, S3 copies its renditions and nothing is decoded;
    but for a backfill, which is asked to render anew.

    A rejected upload gives a manifest that says why: it is an outcome, not an error. Renditions
    stored before a rejection are named by no manifest; the caller removes them.

    Raises:
        Gone: the version of the upload is no longer there.
        Exception: anything transient (S3, memory).
    """
    progress, watch = _Progress(upload), Stopwatch()
    renditions: list[RenditionFacts] | None = None
    error: dict[str, str] | None = None
    try:
        data = _fetch(progress, environment, source_bucket)
        watch.lap("fetch")
        if duplicates:
            renditions = _copy_of_same(progress, environment, destination_bucket, duplicates)
            watch.lap("store")
        if renditions is None:
            renditions = _render_and_store(data, progress, watch, environment, destination_bucket)
            if duplicates and progress.fingerprint and not progress.original:
                progress.original = duplicates.find_near(upload.name, progress.fingerprint)
    except Rejected as rejection:
        error = {"code": rejection.code, "message": rejection.message}
    return Manifest(
        status="rejected" if error else "ready",
        error=error,
        source=progress.facts(),
        renditions=renditions or [],
        timings_ms=watch.timings(),
        processed_at=now(),
        **progress.looks(),
    )


def _fetch(progress: _Progress, environment: Environment, source_bucket: Bucket) -> bytes:
    upload = progress.upload
    check_length(upload.size, environment.max_upload_bytes)
    data = source_bucket.fetch(
        upload.key, version_id=upload.version_id, max_bytes=environment.max_upload_bytes
    )
    progress.sha256 = hashlib.sha256(data).hexdigest()
    return data


def _copy_of_same(
    progress: _Progress,
    environment: Environment,
    destination_bucket: Bucket,
    duplicates: "Duplicates",
) -> list[RenditionFacts] | None:
    """Copy the renditions of an earlier upload of the same bytes, if they are as they would be."""
    upload = progress.upload
    found = duplicates.find_exact(upload.name, progress.sha256 or "")
    if found is None:
        return None
    progress.original = found.manifest
    if upload.reprocess or not found.has_same_recipe:
        return None
    url, name = environment.delivery_url, upload.name
    return copy_renditions(found.manifest, name, upload.sequencer, url, destination_bucket)


def _render_and_store(
    data: bytes,
    progress: _Progress,
    watch: Stopwatch,
    environment: Environment,
    destination_bucket: Bucket,
) -> list[RenditionFacts]:
    upload = progress.upload
    progress.source = decode(
        data,
        environment.renditions,
        max_pixels=environment.max_pixels,
        quality=environment.quality,
        memory_mb=environment.memory_mb,
    )
    watch.lap("decode")
    facts: list[RenditionFacts] = []
    with ThreadPoolExecutor(STORE_THREADS) as pool:
        writes: list[Future[str]] = []
        for rendered in render(
            progress.source,
            environment.renditions,
            background=environment.background,
            quality=environment.quality,
        ):
            file = file_name(rendered.rendition.name, rendered.format)
            key = rendition_key(upload.name, file)
            headers = Headers(
                content_type=FORMATS[rendered.format].content_type,
                cache_control=FOREVER,
                sequencer=upload.sequencer,
            )
            writes.append(pool.submit(destination_bucket.put, key, rendered.body, headers))
            url = rendition_url(environment.delivery_url, key, progress.sha256 or "")
            facts.append(_facts(key, url, rendered))
        progress.fingerprint = fingerprint(progress.source)
        watch.lap("render")
        for write in writes:
            write.result()
    watch.lap("store")
    return facts


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
