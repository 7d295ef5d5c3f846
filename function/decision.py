"""The next step for a key, decided from what the key and the destination hold; nothing is written.

S3 delivers events late, twice, out of order and at the same time. ``decide`` therefore trusts no
order: it compares the manifest that stands at the destination with what the key holds.
"""

from enum import Enum

from function.contract import Status
from function.engine.record import Record
from function.events import Event, EventKind
from function.manifest import Manifest
from function.versions import ObjectVersion, is_newer


class State(Record):
    """One key on both sides."""

    standing: Manifest | None  # the manifest at the destination, if there is one
    etag: str  # its entity tag, ``ABSENT`` without a manifest
    held: ObjectVersion | None  # the version that the key holds; None for a delete marker, too
    is_retained: bool = True  # the version of ``standing`` still exists in the source bucket
    # The destination has all that ``standing`` names, and nothing else of this upload; None if that
    # has not been checked.
    is_whole: bool | None = None


class Step(Enum):
    """The next step for a key."""

    SKIP = "skip"
    """The destination shows what the key holds: there is nothing to do."""

    REPAIR = "repair"
    """Keep the manifest: check its renditions and delete those that it does not name."""

    REMOVE = "remove"
    """The key holds nothing: delete the manifest and all renditions."""


class Render(Record):
    """Make the renditions and the manifest of a version, in place of what is there."""

    version: ObjectVersion


def decide(event: Event, state: State) -> Step | Render:
    """Return the next step towards a destination that shows what the key holds."""
    standing, held = state.standing, state.held
    if held is None:
        return Step.SKIP if standing is None and state.is_whole else Step.REMOVE
    if standing is None or standing.status == Status.DELETED or replaces(held, standing.source):
        return Render(_sequenced(held, event, standing))
    is_shown = standing.source.version_id == held.version_id
    is_redriven = standing.status == Status.FAILED and event.kind == EventKind.CREATED
    if event.kind == EventKind.BACKFILL or is_redriven:
        return Render(standing.source.version if is_shown else _sequenced(held, event, standing))
    # The key holds another version. If the one shown still exists, the other one is newer, and its
    # own event is under way. If not, an older one is back, which may have no event left.
    if not is_shown and not state.is_retained:
        return Render(_sequenced(held, event, standing))
    if state.is_whole is None:
        return Step.REPAIR
    return Step.SKIP if state.is_whole else Render(standing.source.version)


def replaces(version: ObjectVersion, shown: ObjectVersion) -> bool:
    """Return True if a version takes the place of the one that a manifest shows.

    That is so of one under another prefix, which its caller has found to be the one to show:
    sequencers order the events of one key alone.
    """
    return version.key != shown.key or is_newer(version.sequencer, shown.sequencer)


def _sequenced(held: ObjectVersion, event: Event, standing: Manifest | None) -> ObjectVersion:
    """Return the version with a sequencer that is newer than the standing manifest's.

    A version that was found by a look at the key has none. It gets the event's, or if that is older
    than the manifest, the manifest's with one more digit: newer than that manifest, and older than
    every later event.
    """
    if held.sequencer:
        return held
    sequencer = event.version.sequencer
    if standing and not is_newer(sequencer, standing.source.sequencer):
        sequencer = f"{standing.source.sequencer}1"
    return held.replace(sequencer=sequencer)
