"""Manifests as the function writes them."""

from function.contract import Status
from function.manifest import ErrorFacts, Manifest, RenditionFacts, SourceFacts, Timings


def rendition(key: str = "1/a.jpg/small.png", size: int = 1) -> RenditionFacts:
    return RenditionFacts(
        name="small",
        url=f"http://x/{key}",
        key=key,
        width=20,
        height=10,
        bytes=size,
        content_type="image/png",
    )


def manifest(*renditions: RenditionFacts, total_ms: float = 0, code: str = "") -> Manifest:
    """A manifest of these renditions, or of a rejection with a code."""
    return Manifest(
        status=Status.REJECTED if code else Status.READY,
        source=SourceFacts(key="uploads/a", version_id="1", etag="e", sequencer="01", bytes=1),
        timings_ms=Timings(total=total_ms),
        processed_at="2026-11-27T10:00:00.000Z",
        error=ErrorFacts(code=code, message="Too small.") if code else None,
        renditions=renditions,
    )
