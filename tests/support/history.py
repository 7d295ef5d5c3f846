"""Versions, events and manifests of one key, by number: version 1 has the sequencer 01."""

from function.contract import Status
from function.events import Event, EventKind
from function.manifest import Manifest, SourceFacts, Timings
from function.versions import ObjectVersion

KEY = "uploads/u1/beach.jpg"


def version(number: int) -> ObjectVersion:
    return ObjectVersion(
        key=KEY, version_id=str(number), etag="e", sequencer=f"{number:02}", bytes=1
    )


def event(kind: EventKind, of: ObjectVersion) -> Event:
    return Event(bucket="source", kind=kind, version=of, correlation_id="c")


def created(number: int) -> Event:
    return event(EventKind.CREATED, version(number))


def removal(number: int) -> Event:
    return event(EventKind.CHANGED, version(number))


def backfill(number: int) -> Event:
    return event(EventKind.BACKFILL, version(number).replace(sequencer="00"))


def manifest(number: int, status: Status = Status.READY, sequencer: str = "") -> Manifest:
    """The manifest of a version; by default with the sequencer of the version's own event."""
    facts = version(number).to_dict() | ({"sequencer": sequencer} if sequencer else {})
    return Manifest(
        status=status, source=SourceFacts(**facts), timings_ms=Timings(), processed_at=""
    )
