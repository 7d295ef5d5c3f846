"""One upload, end to end: fetch, decode, render and store, and the manifest that tells of it."""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from function.contract import Status, rendition_key
from function.engine.errors import Rejected, Worn
from function.engine.losses import Loss
from function.engine.record import Record
from function.engine.renditions import FORMATS, file_name
from function.engine.results import Fingerprint, Measured, Rendered, Result
from function.environment import Environment
from function.manifest import (
    ErrorFacts,
    Manifest,
    RenditionFacts,
    SourceFacts,
    Timings,
    rendition_url,
)
from function.storage.bucket import FOREVER, STORE_THREADS, Bucket, Headers, check_length
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
    """The facts found so far about an upload; a rejection records those that there are."""

    sha256: str = ""
    measured: Measured | None = None
    fingerprint: Fingerprint | None = None
    original: Manifest | None = None

    def source_facts(self, version: ObjectVersion) -> SourceFacts:
        measured = self.measured or (self.original.source if self.original else None)
        facts = SourceFacts(**version.to_dict(), sha256=self.sha256 or None)
        if measured is None:
            return facts
        width, height, name = measured.width, measured.height, measured.format
        return facts.replace(width=width, height=height, format=name)

    def losses(self) -> tuple[Loss | str, ...]:
        """Return what no rendition keeps, which a copy of renditions does not keep either."""
        if self.measured:
            return self.measured.losses
        return self.original.losses if self.original else ()

    def appearance(self) -> dict[str, Any]:
        """Return the manifest's fields about what the image looks like."""
        described = self.fingerprint or self.original
        if described is None:
            return {}
        return {
            "placeholder": described.placeholder,
            "dominant_color": described.dominant_color,
            "perceptual_hash": described.perceptual_hash,
            "duplicate_of": self.original.id if self.original else None,
            "original_key": self.original.source.key if self.original else None,
        }


class Processor(Record):
    """Turns one version of an upload into renditions in the destination bucket."""

    environment: Environment
    source: Bucket  # bucket of the uploads
    destination: Bucket  # bucket of the renditions
    engine: Engine
    # Finds earlier uploads of the same image; None where the stack does not ask.
    duplicates: "Duplicates | None" = None

    def process(self, version: ObjectVersion, *, may_copy: bool = True) -> Manifest:
        """Write the renditions of an upload, and return its manifest, which is not written here.

        A rejection is an outcome, not an error: its manifest says why. Renditions that were stored
        before the rejection are named by no manifest, and the caller removes them.

        With ``may_copy``, S3 copies the renditions of an earlier upload of the same bytes, instead
        of decoding. A backfill forbids it, because it asks to render again.

        Raises:
            Gone: the version no longer exists.
            Exception: a failure of ours (S3, memory, a bug), which is retried.
        """
        findings, watch = _Findings(), Stopwatch()
        renditions: list[RenditionFacts] | None = None
        error: ErrorFacts | None = None
        try:
            data = self._fetch(version, findings)
            watch.lap("fetch")
            if self.duplicates:
                renditions = self._copy_same(version, findings, may_copy=may_copy)
                watch.lap("store")
            if renditions is None:
                try:
                    renditions = self._render(version, data, findings, watch)
                except Worn:
                    renditions = self._render(version, data, findings, watch)
            if self.duplicates and findings.fingerprint and not findings.original:
                findings.original = self.duplicates.find_near(version.name, findings.fingerprint)
        except Rejected as rejection:
            error = ErrorFacts(code=rejection.code, message=rejection.message)
        return Manifest(
            status=Status.REJECTED if error else Status.READY,
            error=error,
            source=findings.source_facts(version),
            renditions=tuple(renditions or ()),
            losses=() if error else findings.losses(),
            timings_ms=watch.timings(),
            processed_at=timestamp(),
            **findings.appearance(),
        )

    def _fetch(self, version: ObjectVersion, findings: _Findings) -> bytes:
        limit = self.environment.max_upload_bytes
        check_length(version.bytes, limit)  # S3 told the length: nothing has to be fetched for it
        data = self.source.fetch(version.key, version_id=version.version_id, max_bytes=limit)
        findings.sha256 = hashlib.sha256(data).hexdigest()
        return data

    def _copy_same(
        self, version: ObjectVersion, findings: _Findings, *, may_copy: bool
    ) -> list[RenditionFacts] | None:
        """Copy the renditions of an earlier upload of the same bytes, if this stack made them."""
        # Imported here: most stacks do not look for duplicates.
        from function.duplicates.copies import copy_renditions  # noqa: PLC0415

        found = self.duplicates and self.duplicates.find_exact(version.name, findings.sha256)
        if not found:
            return None
        findings.original = found.manifest
        if not may_copy or not found.has_same_recipe:
            return None
        url = self.environment.delivery_url
        return copy_renditions(found.manifest, version, url, self.destination)

    def _render(
        self, version: ObjectVersion, data: bytes, findings: _Findings, watch: Stopwatch
    ) -> list[RenditionFacts]:
        """Store each rendition while the next one is encoded."""
        facts: list[RenditionFacts] = []
        with ThreadPoolExecutor(STORE_THREADS) as pool:
            writes: list[Future[str]] = []
            for result in self.engine(data):
                if isinstance(result, Measured):
                    findings.measured = result
                    watch.lap("decode")
                elif isinstance(result, Fingerprint):
                    findings.fingerprint = result
                else:
                    fact = self._facts(version, result, findings.sha256)
                    headers = Headers(fact.content_type, FOREVER, version.sequencer)
                    writes.append(pool.submit(self.destination.put, fact.key, result.body, headers))
                    facts.append(fact)
            watch.lap("render")
            for write in writes:
                write.result()
        watch.lap("store")
        return facts

    def _facts(self, version: ObjectVersion, rendered: Rendered, sha256: str) -> RenditionFacts:
        key = rendition_key(version.name, file_name(rendered.name, rendered.format))
        return RenditionFacts(
            name=rendered.name,
            url=rendition_url(self.environment.delivery_url, key, sha256),
            key=key,
            width=rendered.width,
            height=rendered.height,
            bytes=len(rendered.body),
            content_type=FORMATS[rendered.format].content_type,
        )


def timestamp() -> str:
    """Return the time as manifests have it: ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
