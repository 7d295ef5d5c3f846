"""The next step for a key, decided from what the key and the destination hold; nothing is written.

S3 delivers events late, twice, out of order and at the same time. ``decide`` therefore trusts no
order: it compares the manifest at the destination with the version that the key holds, and with
what moderators decided.
"""

from enum import Enum

from function.contract import Status, Verdict
from function.engine.record import Record
from function.events import Event, EventKind
from function.manifest import Manifest
from function.versions import ObjectVersion, is_newer


class State(Record):
    """The state of one key, in the source bucket and at the destination."""

    standing: Manifest | None  # the manifest at the destination, if there is one
    etag: str  # its entity tag, ``ABSENT`` without a manifest
    held: ObjectVersion | None  # the version that the key holds; None for a delete marker, too
    is_retained: bool = True  # the version of ``standing`` still exists in the source bucket
    # The destination has all that ``standing`` names, and nothing else of this upload; None if that
    # has not been checked.
    is_whole: bool | None = None
    verdict: Verdict | None = None  # a moderator's on the version that the key holds
    shown_verdict: Verdict | None = None  # a moderator's on the version of ``standing``


class Step(Enum):
    """The next step for a key."""

    SKIP = "skip"
    """The destination shows what the key holds: there is nothing to do."""

    REPAIR = "repair"
    """Keep the manifest: check its renditions, and delete others of the upload."""

    REMOVE = "remove"
    """The key holds nothing: delete the manifest and all renditions."""


class Render(Record):
    """Make the renditions and the manifest of a version, in place of what is there."""

    version: ObjectVersion


class Hold(Record):
    """Show a version to moderators alone, and delete everything of the key that readers see."""

    version: ObjectVersion


class Refuse(Record):
    """Delete everything made of a version that a moderator rejected, and record the rejection."""

    version: ObjectVersion


Write = Render | Hold | Refuse
"""Steps that write a manifest."""


def decide(event: Event, state: State, *, holds: bool = False) -> Step | Write:
    """Return the next step towards a destination that shows what the key holds.

    With ``holds``, a version is shown only once a moderator has approved it. One that readers can
    see already stays (the setting was another when it was uploaded), and one that was held stays
    held without the setting.
    """
    standing, held = state.standing, state.held
    if held is None:
        return Step.SKIP if standing is None and state.is_whole else Step.REMOVE
    if standing is None or standing.status == Status.DELETED:
        return _show(_sequenced(held, event, standing), state.verdict, holds=holds)
    if standing.source.version_id == held.version_id:
        return _continue(event, state, standing, held, holds=holds)
    return _succeed(event, state, standing, held, holds=holds)


def _continue(
    event: Event, state: State, standing: Manifest, held: ObjectVersion, *, holds: bool
) -> Step | Write:
    """Return the next step if the manifest is of the version that the key holds."""
    is_newer_event = is_newer(held.sequencer, standing.source.sequencer)
    current = held if is_newer_event else held.replace(sequencer=standing.source.sequencer)
    again = _show(current, state.verdict, standing, holds=holds)
    is_asked = _asks_to_render(event, standing) and not isinstance(again, Refuse)
    if is_newer_event or is_asked or not _is_settled(standing, state.verdict):
        return again
    if state.is_whole is None:
        return Step.REPAIR
    return Step.SKIP if state.is_whole else again


def _succeed(
    event: Event, state: State, standing: Manifest, held: ObjectVersion, *, holds: bool
) -> Step | Write:
    """Return the next step if the key holds another version than the manifest's.

    If the manifest's version still exists, the key's version is newer, and its own event is under
    way. If not, an older version is current again, and it may have no event left.
    """
    is_new = replaces(held, standing.source)
    if is_new or _asks_to_render(event, standing) or not state.is_retained:
        return _show(_sequenced(held, event, standing), state.verdict, holds=holds)
    if state.shown_verdict == Verdict.REJECT and not standing.is_moderated:
        return Refuse(standing.source.version)
    if state.is_whole is None:
        return Step.REPAIR
    if state.is_whole or standing.status != Status.READY:
        return Step.SKIP
    return Render(standing.source.version)


def _is_settled(standing: Manifest, verdict: Verdict | None) -> bool:
    """Return True if a manifest agrees with what was decided about its version."""
    match verdict:
        case Verdict.REJECT:
            return standing.is_moderated
        case Verdict.APPROVE:
            return standing.status != Status.HELD and not standing.is_moderated
        case Verdict.HOLD:
            return standing.status != Status.READY
        case None:
            return True


def _show(
    version: ObjectVersion,
    verdict: Verdict | None,
    standing: Manifest | None = None,
    *,
    holds: bool,
) -> Write:
    """Return the step for a version, by its decision, else its present state, else the setting.

    ``standing`` is the version's own manifest, if it has one.
    """
    if verdict == Verdict.APPROVE:
        return Render(version)
    is_refused = verdict is None and standing is not None and standing.is_moderated
    if verdict == Verdict.REJECT or is_refused:
        return Refuse(version)
    status = standing.status if standing else None
    is_held = verdict == Verdict.HOLD or status == Status.HELD
    return Hold(version) if is_held or (holds and status != Status.READY) else Render(version)


def _asks_to_render(event: Event, standing: Manifest) -> bool:
    """Return True for an event that asks to render again an upload that has a manifest."""
    is_redriven = standing.status == Status.FAILED and event.kind == EventKind.CREATED
    return event.kind == EventKind.BACKFILL or is_redriven


def replaces(version: ObjectVersion, shown: ObjectVersion) -> bool:
    """Return True if a version takes the place of the one that a manifest shows.

    A version under another prefix always does, because the caller has found that it is the one to
    show: sequencers only order the events of one key.
    """
    return version.key != shown.key or is_newer(version.sequencer, shown.sequencer)


def _sequenced(held: ObjectVersion, event: Event, standing: Manifest | None) -> ObjectVersion:
    """Return the version with a sequencer that is newer than the standing manifest's.

    A version that was found by reading the key has no sequencer. It gets the event's, or if that is
    older than the manifest, the manifest's with one more digit: newer than that manifest, and older
    than every later event.
    """
    if held.sequencer:
        return held
    sequencer = event.version.sequencer
    if standing and not is_newer(sequencer, standing.source.sequencer):
        sequencer = f"{standing.source.sequencer}1"
    return held.replace(sequencer=sequencer)
