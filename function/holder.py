"""A version that waits for a moderator: one small picture of it is made, and nothing else.

All renditions are made once it is approved. That costs the decoding twice, and nothing of them has
to be hidden, copied or taken back before.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from function.contract import Status, Verdict
from function.contract.keys import version_digest
from function.engine.errors import Reason, Rejected, Worn
from function.engine.losses import Loss
from function.engine.record import Record
from function.engine.renditions import FORMATS, Fit, OutputFormat, Rendition
from function.engine.results import Fingerprint, Measured, Rendered, Result
from function.environment import Environment
from function.events import Event, EventKind
from function.manifest import ErrorFacts, Manifest, timestamp
from function.moderation import HeldRecord, Moderation, padding, rejection_of
from function.moderation_record import Decision, DecisionRecord, moment
from function.process import fetch_upload
from function.storage.bucket import Bucket
from function.storage.errors import Gone
from function.versions import ObjectVersion

if TYPE_CHECKING:
    from function.cdn_cache import CdnCache
    from function.duplicates.rejected import RejectedPictures

LookEngine = Callable[[bytes, str, OutputFormat], Iterator[Result]]
"""Makes one rendition of an upload's bytes, given its name and format, and a fingerprint."""

LOOK_BYTES: Final = 65_536
"""The length of a look is a multiple of this: most have just this one. A reader of the bucket's
events learns the length and the MD5, and with random bytes behind the picture neither tells
which picture it is."""

MOST_AHEAD: Final = timedelta(minutes=5)
"""How far a moderator's clock may be ahead of ours."""


class Premature(Exception):
    """A decision states a time to come."""


class Holder(Record):
    """Holds versions of uploads for a moderator."""

    environment: Environment
    source: Bucket  # bucket of the uploads
    engine: LookEngine
    moderation: Moderation
    # Knows rejected pictures; None where the stack does not look for duplicates.
    rejected: "RejectedPictures | None" = None
    # The CDN's cache; None if readers have no CDN, or the stack has no moderator.
    cdn: "CdnCache | None" = None

    def hold(self, version: ObjectVersion, *, came_back: bool = False) -> Manifest:
        """Store a version's look, and return its manifest, which is not written here.

        A file that is no picture is rejected, as anywhere: there is nothing to decide.
        ``came_back`` says that readers may have seen it before (``DecisionRecord``).

        Raises:
            Gone: the version no longer exists.
            Exception: a failure of ours, which is retried.
        """
        if not self.moderation.fits(version):
            return _rejected(version, Reason.KEY_TOO_LONG, "The name of this upload is too long.")
        try:
            data = fetch_upload(self.source, version, self.environment.max_upload_bytes)
            try:
                results = self._run(data)
            except Worn:
                results = self._run(data)
        except Rejected as rejection:
            return _rejected(version, rejection.code, rejection.message)
        measured = next(result for result in results if isinstance(result, Measured))
        look = next(result for result in results if isinstance(result, Rendered))
        seen = next((result for result in results if isinstance(result, Fingerprint)), None)
        sha256 = hashlib.sha256(data).hexdigest()
        held = HeldRecord(
            key=version.key,
            version_id=version.version_id or "",
            sequencer=version.sequencer,
            held_at=timestamp(),
            content_type=FORMATS[look.format].content_type,
            length=len(data),
            width=measured.width,
            height=measured.height,
            format=measured.format,
            sha256=sha256,
            perceptual_hash=seen and seen.perceptual_hash,
            looks_like_rejected=self.rejected.find(sha256, seen) if self.rejected else None,
        )
        behind = os.urandom(padding(len(look.body), LOOK_BYTES))
        return self.moderation.hold(held, look.body + behind, came_back=came_back)

    def refuse(self, version: ObjectVersion, standing: Manifest | None) -> Manifest:
        """Return the manifest of a version that a moderator rejected, and know its picture again.

        Raises:
            Gone: the key holds nothing any more.
        """
        if self.source.head(version.key) is None:
            raise Gone(version.key)
        if self.rejected:
            known = self.moderation.held_record(version)
            if known:
                self._update_index(version, known.sha256, known.perceptual_hash)
            elif standing and _is_public(standing, version):
                sha256 = standing.source.sha256 or ""
                self._update_index(version, sha256, standing.perceptual_hash)
        return rejection_of(version)

    def accept(self, version: ObjectVersion, manifest: Manifest) -> None:
        """Forget the picture of a version that a moderator approved, if it was rejected before."""
        if manifest.source.sha256:
            self._update_index(version, manifest.source.sha256, manifest.perceptual_hash)

    def _update_index(
        self, version: ObjectVersion, sha256: str, perceptual_hash: str | None
    ) -> None:
        """Have the index of rejected pictures agree with what was decided about a version.

        Another decision may be carried out at the same time. Each is recorded before, so the
        invocation that changes the index last finds the decision that counts.
        """
        if not self.rejected:
            return
        done: Verdict | None = None
        while (verdict := self.moderation.verdict(version)) != done:
            is_rejected = verdict == Verdict.REJECT
            change = self.rejected.remember if is_rejected else self.rejected.forget
            change(version, sha256, perceptual_hash)
            done = verdict

    def take(self, version: ObjectVersion, decision: Decision) -> None:
        """Record a moderator's decision.

        Raises:
            Gone: the version no longer exists, so there is nothing to decide, and nothing to keep.
            Premature: it states a time to come, so that no other decision could overrule it.
        """
        if decision.at > moment(self.moderation.now() + MOST_AHEAD):
            raise Premature(
                f"the decision about {version.key} says {decision.at}, which is to come"
            )
        if not self.source.has_version(version.key, version.version_id or ""):
            raise Gone(version.key)
        self.moderation.record(version, decision)

    def take_down(self, event: Event, standing: Manifest | None) -> None:
        """Have the CDN forget a version that a moderator rejected, if readers may have seen it.

        To be called when an event has been carried out, after the version's files are deleted: the
        CDN would fetch again what is still there. That is each delivery of a decision, and any
        other event of a key whose manifest says ``moderated``: a moderator's function decides while
        such an event is at work, and an earlier approval may have been carried out late. A backfill
        asks for nothing of the kind, and may be of all uploads.

        Raises:
            Exception: CloudFront did not take it; the event comes again.
        """
        decision, version = event.decision, event.version
        if not self.cdn or event.kind == EventKind.BACKFILL:
            return
        if not decision:
            if not standing or not standing.is_moderated:
                return
            version = standing.source.version
        record = self.moderation.decided(version)
        if decision:
            # Of a version that is gone, the decision was not recorded.
            only = DecisionRecord(version.key, version.version_id or "", decision)
            record = record.followed_by(decision) if record else only
        if record and record.takes_down:
            name, identity = self.environment.name_of(version.key), version.version_id or ""
            # One message may have decisions about several uploads.
            self.cdn.forget(name, f"{event.correlation_id}-{version_digest(identity)}")

    def _run(self, data: bytes) -> list[Result]:
        rendition, format_name = look_of(self.environment)
        results = list(self.engine(data, rendition.name, format_name))
        moving = moving_look_of(self.environment)
        if moving and any(_stands_still(result) for result in results):
            return list(self.engine(data, moving.name, OutputFormat.WEBP))
        return results


def _rejected(version: ObjectVersion, code: Reason, message: str) -> Manifest:
    error = ErrorFacts(code=code, message=message)
    return Manifest.without_renditions(version, Status.REJECTED, error).bare()


def _is_public(standing: Manifest, version: ObjectVersion) -> bool:
    is_same = standing.source.version_id == version.version_id
    return is_same and standing.status == Status.READY and standing.source.sha256 is not None


def _stands_still(result: Result) -> bool:
    """Return True for the facts of an animation of which one frame was kept."""
    return isinstance(result, Measured) and Loss.ANIMATION in result.losses


def moving_look_of(environment: Environment) -> Rendition | None:
    """Return the rendition that moderators are shown of an animation; None if readers see none.

    Its other frames would be approved unseen.
    """
    moving = [each for each in environment.eager if each.animated]
    return _smallest(moving) if moving else None


def look_of(environment: Environment) -> tuple[Rendition, OutputFormat]:
    """Return the rendition that moderators are shown, and its format.

    It is the smallest that shows the whole picture: what a crop leaves out would be approved
    unseen. Only a stack that crops all its renditions shows the smallest of these.
    """
    smallest = _smallest(environment.eager)
    is_jpeg = OutputFormat.JPEG in smallest.formats
    return smallest, OutputFormat.JPEG if is_jpeg else smallest.formats[0]


def _smallest(renditions: Iterable[Rendition]) -> Rendition:
    """Return the smallest that crops nothing, or if each does, the smallest."""
    made = sorted(renditions, key=lambda each: each.width * each.height)
    return next((each for each in made if each.fit != Fit.COVER), made[0])
