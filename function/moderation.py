"""Records of uploads that wait for a moderator, and of the decisions about them.

All of them are in the destination bucket under ``_index/``, which no reader can reach. A decision
is about one version. Its record is written before anything follows from it, and stays: whatever is
delivered again, or comes back after a deletion, ends in what was decided.

``_index/moderation/decisions/<name>/_<version>.json``
    ``DecisionRecord``: that the version is held, approved or rejected.
``_index/moderation/held/<name>/_<version>.look`` and ``.json``
    while it waits: a small rendition, and ``HeldRecord``.
"""

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from function.contract import MODERATED, Status, Verdict
from function.contract.keys import (
    HELD,
    MAX_KEY_BYTES,
    PREFIXES,
    decision_key,
    held_key,
    look_key,
    name_of_held,
    upload_name,
)
from function.engine.record import Record
from function.manifest import CONTENT_TYPE, ErrorFacts, Manifest
from function.moderation_record import Decision, DecisionRecord, Resemblance, moment
from function.storage.bucket import ABSENT, Bucket, Headers
from function.storage.errors import Conflict
from function.versions import ObjectVersion

PRIVATE: Final = "private, no-store"
"""Nobody keeps what moderators are shown."""

RECORD_BYTES: Final = 4096
"""The length of the record of a version that waits is a multiple of this."""

LEAST_PADDING: Final = 32
"""Random bytes, or digits, in what moderators are shown, so that nobody can compute its MD5."""

MAX_ROUNDS: Final = 8
"""Attempts to record a decision while others write the same record."""

_REJECTION: Final = ErrorFacts(MODERATED, "A moderator did not approve this image.")

_logger = logging.getLogger(__name__)


class Unversioned(Exception):
    """An upload cannot be held, because its bucket keeps no versions to tell it from the next."""


class NameTooLong(Exception):
    """Nothing can be decided about an upload, because S3 could not store the decision's record."""


class HeldRecord(Record):
    """The facts of a waiting version that a moderator may know."""

    key: str  # source key
    version_id: str
    sequencer: str
    held_at: str  # ISO 8601
    content_type: str  # of the look
    length: int  # bytes of the upload
    width: int
    height: int
    format: str
    sha256: str
    perceptual_hash: str | None = None
    looks_like_rejected: Resemblance | None = None
    is_asked: bool = False  # the moderator was sent it

    @classmethod
    def from_json(cls, data: bytes) -> "HeldRecord":
        """Read what ``to_json`` wrote."""
        raw: dict[str, Any] = json.loads(data)
        like = raw.get("looks_like_rejected")
        return cls.from_dict(
            raw | {"looks_like_rejected": Resemblance.from_dict(like) if like else None}
        )

    def to_json(self) -> bytes:
        """Return the record as JSON, with random digits that make its length a round one.

        A reader of the bucket's events learns the length and the MD5. The length would tell whether
        it looks like a rejected picture, and the MD5 confirm a guess which picture it is.
        """
        facts = self.to_dict() | {"padding": ""}
        count = padding(len(json.dumps(facts)), RECORD_BYTES)
        return json.dumps(facts | {"padding": os.urandom(count).hex()[:count]}).encode()


Ask = Callable[[HeldRecord], Decision | None]
"""Sends a version to the moderator; the answer is None unless they have decided at once."""


class Moderation(Record):
    """Holds and decisions of a stack; ``holds`` if every upload waits for a moderator."""

    destination: Bucket
    holds: bool
    moderates: bool  # the settings say that there may be decisions about new uploads
    has_decisions: Callable[[], bool]  # there are some, as far as this environment knows
    prefixes: tuple[str, ...] = PREFIXES  # of the uploads
    ask: Ask | None = None  # sends a held version to the moderator, who may decide at once
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def is_active(self) -> bool:
        """True if there may be decisions about new uploads, which are then looked for each time.

        Of a stack without moderation there are none, unless something was held or decided before
        this execution environment began.
        """
        return self.moderates or self.has_decisions()

    def verdict(self, version: ObjectVersion) -> Verdict | None:
        """Return what was decided about a version; None if nothing was."""
        found = self.decided(version)
        return found.decision.verdict if found else None

    def decided(self, version: ObjectVersion) -> DecisionRecord | None:
        """Return the record of what was decided about a version; None if nothing was."""
        if not _has_id(version) or not self.fits(version):
            return None
        found = self.destination.read(decision_key(self._name(version), version.version_id or ""))
        return DecisionRecord.from_json(found[0]) if found else None

    def record(
        self, version: ObjectVersion, decision: Decision, *, came_back: bool = False
    ) -> bool:
        """Record a decision about a version; return False if it changes nothing.

        The line in the log is the audit trail, as are the earlier decisions in the record.
        ``came_back`` is noted too: see ``DecisionRecord``.

        Raises:
            Conflict: others kept writing the record.
            Unversioned: the version cannot be told from the next one, so that nothing would follow.
            NameTooLong: S3 could not store the record.
        """
        if not _has_id(version):
            raise Unversioned(f"{version.key}: turn on versioning for the bucket of the uploads")
        if not self.fits(version):
            raise NameTooLong(f"{version.key}: delete it from the bucket of the uploads instead")
        key = decision_key(self._name(version), version.version_id or "")
        first = DecisionRecord(version.key, version.version_id or "", decision)
        headers = Headers(CONTENT_TYPE, PRIVATE, version.sequencer)
        for rounds_left in reversed(range(MAX_ROUNDS)):
            found = self.destination.read(key)
            old, etag = (DecisionRecord.from_json(found[0]), found[1]) if found else (None, ABSENT)
            new = old.followed_by(decision) if old else first
            new = new.replace(came_back=came_back or new.came_back)
            if old and new == old:
                # If the answer to a write is lost, its retry finds what the first has written.
                if rounds_left < MAX_ROUNDS - 1 and old.decision == decision:
                    break
                return False
            try:
                self.destination.put(key, new.to_json(), headers, expect=etag)
                break
            except Conflict:
                if not rounds_left:
                    raise
        if decision.verdict != Verdict.HOLD:
            facts = {"key": version.key, "version_id": version.version_id}
            _logger.info("moderated", extra=facts | decision.to_dict())
        return True

    def hold(self, held: HeldRecord, look: bytes, *, came_back: bool = False) -> Manifest:
        """Store what a moderator needs of a version, and return its manifest, which is not written.

        Raises:
            Unversioned: the version cannot be told from the next one.
        """
        version = ObjectVersion(held.key, held.version_id, "", held.sequencer, held.length)
        self.record(version, Decision(Verdict.HOLD, "", moment(self.now())), came_back=came_back)
        name, version_id, sequencer = self._name(version), held.version_id, held.sequencer
        put = self.destination.put
        put(look_key(name, version_id), look, Headers(held.content_type, PRIVATE, sequencer))
        put(held_key(name, version_id), held.to_json(), Headers(CONTENT_TYPE, PRIVATE, sequencer))
        return Manifest.without_renditions(version, Status.HELD).bare()

    def ask_about(self, manifest: Manifest) -> bool:
        """Have a moderator asked about a held version, once; return True if there is a decision.

        Raises:
            Exception: the moderator could not be asked, or failed; the event comes again.
        """
        version = manifest.source.version
        key = held_key(self._name(version), version.version_id or "")
        found = self.destination.read(key) if self.ask else None
        if not self.ask or not found:
            return False
        held = HeldRecord.from_json(found[0])
        if held.is_asked:
            return False
        decision = self.ask(held)
        if decision:
            self.record(version, decision)
        try:
            headers = Headers(CONTENT_TYPE, PRIVATE, held.sequencer)
            body = held.replace(is_asked=True).to_json()
            self.destination.put(key, body, headers, expect=found[1])
        except Conflict:
            pass  # another invocation has asked, or the version waits no more
        return decision is not None

    def held_record(self, version: ObjectVersion) -> HeldRecord | None:
        """Return the record of a version that waits; None if there is none."""
        found = self.destination.read(held_key(self._name(version), version.version_id or ""))
        return HeldRecord.from_json(found[0]) if found else None

    def keys_of(self, version: ObjectVersion) -> set[str]:
        """Return the keys of what is kept of a version while it waits."""
        name, version_id = self._name(version), version.version_id or ""
        return {look_key(name, version_id), held_key(name, version_id)}

    def keys_named(self, manifest: Manifest | None) -> set[str]:
        """Return the keys of what is kept while a manifest stands."""
        if manifest is None or manifest.status != Status.HELD:
            return set()
        return self.keys_of(manifest.source)

    def fits(self, version: ObjectVersion) -> bool:
        """Return True if S3 can store what is kept of a version that is held or decided about."""
        return _fits(self._name(version))

    def _name(self, version: ObjectVersion) -> str:
        return upload_name(version.key, self.prefixes)

    def keys_kept(self, name: str) -> set[str]:
        """Return the keys of all that is kept of an upload's versions that wait, or waited."""
        if not _fits(name):
            return set()
        listed = self.destination.list_folder(f"{HELD}{name}/")
        return {key for key in listed if name_of_held(key) == name}


def padding(length: int, unit: int) -> int:
    """Return how many random bytes make so many bytes a multiple of ``unit``."""
    return LEAST_PADDING + -(length + LEAST_PADDING) % unit


def rejection_of(version: ObjectVersion) -> Manifest:
    """Return the manifest of a version that a moderator rejected."""
    return Manifest.without_renditions(version, Status.REJECTED, _REJECTION).bare()


def _fits(name: str) -> bool:
    """Return True if S3 can store the records of uploads of a name; a decision's key is longest."""
    return len(decision_key(name, "").encode()) <= MAX_KEY_BYTES


def _has_id(version: ObjectVersion) -> bool:
    """Return True if a version has its own id.

    Uploads from before a bucket kept versions have none, or all the same one, ``null``.
    """
    return version.version_id not in (None, "", "null")
