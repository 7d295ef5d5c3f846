"""One upload, end to end: fetch, decode, render, store, and the manifest last."""

import dataclasses
import hashlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import quote

from function.decode import Source, decode
from function.environment import Environment
from function.errors import Rejected
from function.events import Upload, is_newer
from function.fingerprint import Fingerprint, fingerprint
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
from function.store import ABSENT, Conflict, Headers, check_size

FOREVER: Final = "public, max-age=31536000, immutable"
"""Rendition URLs carry the upload's hash, so what a cache holds never goes stale."""

STORE_THREADS: Final = 4
"""Renditions are written while the next one is encoded; S3 takes them in parallel."""

MAX_ATTEMPTS: Final = 5
"""Rounds against others who write the same key at the same time, before SQS tries again."""


class Bucket(Protocol):
    """What this module needs of ``store.Bucket``."""

    def fetch(self, key: str, *, version_id: str | None, max_bytes: int) -> bytes:
        """Read one object."""
        ...

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Read one object and its entity tag."""
        ...

    def sequencer(self, key: str) -> str | None:
        """Which version of the upload an object was made from."""
        ...

    def put(self, key: str, body: bytes, headers: Headers, *, expect: str | None = None) -> None:
        """Write one object."""
        ...

    def delete(self, keys: list[str]) -> None:
        """Delete objects."""
        ...


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


def process(
    upload: Upload, environment: Environment, source_bucket: Bucket, destination_bucket: Bucket
) -> Manifest | None:
    """Bring the destination to the newest version of an upload's key.

    Events arrive more than once, late and at the same time; the manifest decides. It is replaced
    only by its reader (a conditional write), and only by a newer version (the sequencer). Whoever
    finds a newer one has perhaps written over its renditions, and puts them right before leaving,
    as does the next delivery of whoever died before that. A rejected upload gets a manifest that
    says why; it is an outcome, not an error.

    Returns:
        The manifest that was written; None if what is there is as new and whole.

    Raises:
        Exception: anything transient (S3, memory); the caller lets SQS deliver it again. What was
            written by then is harmless: no manifest names it, and the next try writes it anew.
    """
    job = _Job(environment, source_bucket, destination_bucket)
    written: Manifest | None = None
    for _attempt in range(MAX_ATTEMPTS):
        current, etag = job.read_manifest(upload.name)
        target = upload
        if current and not is_newer(upload.sequencer, current.source.sequencer):
            again = upload.reprocess and written is None and _is_about(current, upload)
            if job.is_whole(current) and not again:
                if job.remove_strays(upload, current):
                    continue
                return written
            target = _upload_of(current, upload)
        manifest = job.make(target)
        try:
            job.write_manifest(manifest, upload.name, expect=etag)
        except Conflict:
            continue
        written = manifest
        if current is None:
            return manifest
        job.remove_leftovers(current, manifest)
    raise Contended(upload.key)


def _is_about(manifest: Manifest, upload: Upload) -> bool:
    return manifest.source.version_id == upload.version_id


def _upload_of(manifest: Manifest, upload: Upload) -> Upload:
    """The upload that a manifest is about, which has the same bucket and key as ours."""
    source = manifest.source
    return dataclasses.replace(
        upload,
        version_id=source.version_id,
        etag=source.etag,
        sequencer=source.sequencer,
        size=source.bytes,
    )


class Contended(Exception):
    """Others kept writing the same key; the message is delivered again."""


@dataclass(frozen=True)
class _Job:
    """The steps of ``process``, and the buckets that they work on."""

    environment: Environment
    source_bucket: Bucket
    destination_bucket: Bucket

    def read_manifest(self, name: str) -> tuple[Manifest | None, str]:
        """The manifest that stands, and its entity tag for a conditional write."""
        found = self.destination_bucket.read(manifest_key(name))
        return (Manifest.from_json(found[0]), found[1]) if found else (None, ABSENT)

    def write_manifest(self, manifest: Manifest, name: str, *, expect: str) -> None:
        """Replace the manifest that ``expect`` is the entity tag of."""
        headers = Headers(
            content_type=CONTENT_TYPE,
            cache_control=CACHE_CONTROL,
            sequencer=manifest.source.sequencer,
        )
        self.destination_bucket.put(manifest_key(name), manifest.to_json(), headers, expect=expect)

    def is_whole(self, manifest: Manifest) -> bool:
        """Whether everything that a manifest names is there and of its own version."""
        keys = [rendition.key for rendition in manifest.renditions]
        with ThreadPoolExecutor(STORE_THREADS) as pool:
            found = pool.map(self.destination_bucket.sequencer, keys)
            return all(sequencer == manifest.source.sequencer for sequencer in found)

    def remove_leftovers(self, old: Manifest, new: Manifest) -> None:
        """Delete what the old manifest named and the new one does not."""
        kept = {rendition.key for rendition in new.renditions}
        self.destination_bucket.delete([r.key for r in old.renditions if r.key not in kept])

    def remove_strays(self, upload: Upload, current: Manifest) -> bool:
        """Delete what older versions wrote and no one has removed; False if there is nothing.

        Asked only when an event comes late or again, the sign that someone may have died between
        writing a manifest and cleaning up. What is newer belongs to someone still at work.
        """
        named = {rendition.key for rendition in current.renditions}
        strays = [
            key
            for key in self._possible_keys(upload)
            if key not in named and self._is_outdated(key, current.source.sequencer)
        ]
        self.destination_bucket.delete(strays)
        return bool(strays)

    def _possible_keys(self, upload: Upload) -> list[str]:
        return [
            f"{upload.name}/{file_name(rendition.name, format_name)}"
            for rendition in self.environment.renditions
            for format_name in rendition.formats
        ]

    def _is_outdated(self, key: str, sequencer: str) -> bool:
        found = self.destination_bucket.sequencer(key)
        return found is not None and not is_newer(found, sequencer)

    def make(self, upload: Upload) -> Manifest:
        """Write an upload's renditions and say what came of it."""
        progress, watch = _Progress(upload), Stopwatch()
        renditions: list[RenditionFacts] = []
        error: dict[str, str] | None = None
        try:
            renditions = _make(
                progress, watch, self.environment, self.source_bucket, self.destination_bucket
            )
        except Rejected as rejection:
            error = {"code": rejection.code, "message": rejection.message}
        return Manifest(
            status="rejected" if error else "ready",
            error=error,
            source=progress.facts(),
            renditions=renditions,
            timings_ms=watch.timings(),
            processed_at=_now(),
            **(dataclasses.asdict(progress.fingerprint) if progress.fingerprint else {}),
        )


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
        writes: list[Future[None]] = []
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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
