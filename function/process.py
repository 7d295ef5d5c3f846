"""One upload, end to end: fetch, decode, render, store, and its manifest."""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from function.contract import Status
from function.contract.keys import rendition_key
from function.engine.errors import Rejected, Worn
from function.engine.record import Record
from function.engine.renditions import FORMATS, file_name
from function.engine.results import Fingerprint, Measured, Rendered, Result
from function.environment import Environment
from function.lazy import declare
from function.manifest import (
    ErrorFacts,
    Manifest,
    RenditionFacts,
    SourceFacts,
    Timings,
    rendition_url,
    timestamp,
)
from function.storage.bucket import FOREVER, STORE_THREADS, Bucket, Headers, check_length
from function.storage.errors import Gone
from function.versions import ObjectVersion

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates


Engine = Callable[[bytes], Iterator[Result]]
"""Makes renditions of an upload's bytes, as ``engine.work`` does."""


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
        """Return all laps so far, and the total."""
        return Timings(**self._steps, total=round((time.perf_counter() - self._start) * 1000, 1))


class _Findings:
    """The facts found so far about an upload, which a rejection records as well."""

    sha256: str = ""
    measured: Measured | None = None
    fingerprint: Fingerprint | None = None
    original: Manifest | None = None  # an earlier upload of the same image
    renditions: list[RenditionFacts] | None = None

    def manifest(
        self, version: ObjectVersion, timings: Timings, error: ErrorFacts | None
    ) -> Manifest:
        original = self.original
        # Nothing is decoded where renditions are copied: their manifest says what was measured.
        size = self.measured or (original and original.source)
        seen = self.measured or original
        look = self.fingerprint or original
        return Manifest(
            status=Status.REJECTED if error else Status.READY,
            source=SourceFacts(
                **version.to_dict(),
                sha256=self.sha256 or None,
                width=size and size.width,
                height=size and size.height,
                format=size and size.format,
            ),
            timings_ms=timings,
            processed_at=timestamp(),
            error=error,
            renditions=tuple(self.renditions or ()),
            losses=seen.losses if seen and not error else (),
            placeholder=look and look.placeholder,
            dominant_color=look and look.dominant_color,
            perceptual_hash=look and look.perceptual_hash,
            duplicate_of=original and original.id,
            original_key=original and original.source.key,
        )


class Processor(Record):
    """Turns one version of an upload into renditions in the destination bucket."""

    environment: Environment
    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the renditions
    engine: Engine
    # Finds earlier uploads of the same image; None where the stack does not ask.
    duplicates: "Duplicates | None" = None

    def process(
        self, version: ObjectVersion, *, may_copy: bool = True, heeds_rejected: bool = True
    ) -> Manifest:
        """Write the renditions of an upload, and return its manifest, which is not written here.

        A rejection is an outcome, not an error: its manifest says why. Renditions that were stored
        before the rejection are named by no manifest, and the caller removes them.

        With ``may_copy``, S3 copies the renditions of an earlier upload of the same bytes, instead
        of decoding. A backfill forbids it, because it asks to render again. With
        ``heeds_rejected``, nothing is stored of an image that matches a rejected one.

        Raises:
            Gone: the version no longer exists.
            Recognised: the image matches a rejected one.
            Exception: a failure of ours (S3, memory, a bug), which is retried.
        """
        findings, watch = _Findings(), Stopwatch()
        error: ErrorFacts | None = None
        try:
            data = self._fetch(version, findings)
            watch.lap("fetch")
            if self.duplicates:
                findings.renditions = self._copy_same(
                    version, findings, may_copy=may_copy, heeds_rejected=heeds_rejected
                )
                watch.lap("store")
            if findings.renditions is None:
                run = partial(self._render, version, data, findings, watch)
                try:
                    findings.renditions = run(heeds_rejected=heeds_rejected)
                except Worn:
                    findings.renditions = run(heeds_rejected=heeds_rejected)
        except Rejected as rejection:
            error = ErrorFacts(code=rejection.code, message=rejection.message)
        manifest = findings.manifest(version, watch.timings(), error)
        return manifest if error else declare(self.environment, manifest)

    def _fetch(self, version: ObjectVersion, findings: _Findings) -> bytes:
        data = fetch_upload(self.source, version, self.environment.max_upload_bytes)
        findings.sha256 = hashlib.sha256(data).hexdigest()
        return data

    def _copy_same(
        self,
        version: ObjectVersion,
        findings: _Findings,
        *,
        may_copy: bool,
        heeds_rejected: bool,
    ) -> list[RenditionFacts] | None:
        """Copy the renditions of an earlier upload of the same bytes, if this stack made them.

        None if there are none, or if the original was replaced or removed meanwhile. Copies made by
        then are named by no manifest, and will be overwritten.
        """
        if not self.duplicates:
            return None
        found = self.duplicates.find_exact(
            self.environment.name_of(version.key), findings.sha256, heeds_rejected=heeds_rejected
        )
        if not found:
            return None
        findings.original = original = found.manifest
        if not may_copy or not found.has_same_recipe:
            return None
        with ThreadPoolExecutor(STORE_THREADS) as pool:
            copies = list(pool.map(partial(self._copy, version, original), original.stored))
        whole = [rendition for rendition in copies if rendition]
        return whole if whole and len(whole) == len(copies) else None

    def _copy(
        self, version: ObjectVersion, original: Manifest, rendition: RenditionFacts
    ) -> RenditionFacts | None:
        key = rendition_key(self.environment.name_of(version.key), rendition.key.rsplit("/", 1)[-1])
        headers = Headers(rendition.content_type, FOREVER, version.sequencer)
        bucket, made_from, length = self.destination, original.source.sequencer, rendition.bytes
        is_copied = bucket.copy(
            rendition.key, key, headers, made_from=made_from, length=length or 0
        )
        url = rendition_url(self.environment.delivery_url, key, original.source.sha256 or "")
        return rendition.replace(key=key, url=url) if is_copied else None

    def _render(
        self,
        version: ObjectVersion,
        data: bytes,
        findings: _Findings,
        watch: Stopwatch,
        *,
        heeds_rejected: bool,
    ) -> list[RenditionFacts]:
        """Store each rendition while the next one is encoded.

        Where look-alikes of rejected images are held, none is stored before the fingerprint, which
        comes last, has been looked up: anyone can read what is stored.
        """
        waits = heeds_rejected and self.duplicates is not None and self.duplicates.near
        facts: list[RenditionFacts] = []
        waiting: list[Rendered] = []
        with ThreadPoolExecutor(STORE_THREADS) as pool:
            writes: list[Future[str]] = []

            def store(rendered: Rendered) -> None:
                fact = self._facts(version, rendered, findings.sha256)
                headers = Headers(fact.content_type, FOREVER, version.sequencer)
                writes.append(pool.submit(self.destination.put, fact.key, rendered.body, headers))
                facts.append(fact)

            for result in self.engine(data):
                if isinstance(result, Measured):
                    findings.measured = result
                    watch.lap("decode")
                elif isinstance(result, Fingerprint):
                    findings.fingerprint = result
                elif waits:
                    waiting.append(result)
                else:
                    store(result)
            watch.lap("render")
            if self.duplicates and findings.fingerprint and not findings.original:
                findings.original = self.duplicates.find_near(
                    self.environment.name_of(version.key),
                    findings.fingerprint,
                    heeds_rejected=heeds_rejected,
                )
            for rendered in waiting:
                store(rendered)
            for write in writes:
                write.result()
        watch.lap("store")
        return facts

    def _facts(self, version: ObjectVersion, rendered: Rendered, sha256: str) -> RenditionFacts:
        key = rendition_key(
            self.environment.name_of(version.key), file_name(rendered.name, rendered.format)
        )
        return RenditionFacts(
            name=rendered.name,
            url=rendition_url(self.environment.delivery_url, key, sha256),
            key=key,
            width=rendered.width,
            height=rendered.height,
            bytes=len(rendered.body),
            content_type=FORMATS[rendered.format].content_type,
            hdr=rendered.hdr,
        )


def fetch_upload(source: Bucket, version: ObjectVersion, max_bytes: int) -> bytes:
    """Return the bytes of an upload.

    Raises:
        Rejected: it is empty or too long, which is found before the body is fetched, or archived.
        Gone: the version no longer exists.
    """
    try:
        check_length(version.bytes, max_bytes)
    except Rejected:
        # Its event may be late: if the upload is gone, not even a rejection is written.
        if source.head(version.key) is None:
            raise Gone(version.key) from None
        raise
    return source.fetch(version.key, version_id=version.version_id, max_bytes=max_bytes)
