"""A moderator's decision about one version of an upload, in the form of its record."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from function.contract import Verdict
from function.contract.messages import MAX_REASON
from function.engine.record import Record


class Decision(Record):
    """One decision: what, who, when and why."""

    verdict: Verdict
    by: str  # who decided, as they say themselves
    at: str  # ISO 8601 in UTC, to the microsecond: of two decisions the later one counts
    reason: str = ""
    # Its sender, as SQS states it: the id of an IAM user or role, and the session's.
    sender: str = ""

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> "Decision":
        """Read a decision that a moderator wrote.

        Raises:
            ValueError: the verdict is none, or the time lacks its zone.
            KeyError: a field is missing.
        """
        verdict, at = Verdict(raw["verdict"]), datetime.fromisoformat(str(raw["at"]))
        if verdict == Verdict.HOLD:
            raise ValueError("a moderator approves or rejects; holding is not decided")
        if at.tzinfo is None:
            raise ValueError(f"a decision's time must have a time zone; got {raw['at']!r}")
        return cls(
            verdict,
            _text(raw["by"]),
            moment(at),
            _text(raw.get("reason")),
        )

    def overrules(self, other: "Decision") -> bool:
        """Return True if this decision counts and the other no longer does.

        A moderator's later one counts, even if it says the same: one that is between the two and
        differs may still be under way. Of two at the same time the rejection counts. Holding never
        does if there is another.
        """
        if self.verdict == Verdict.HOLD:
            return False
        if other.verdict == Verdict.HOLD:
            return True
        return (self.at, self.verdict == Verdict.REJECT) > (
            other.at,
            other.verdict == Verdict.REJECT,
        )


class DecisionRecord(Record):
    """The decision about a version that counts, and earlier decisions, oldest first."""

    key: str  # source key
    version_id: str
    decision: Decision
    earlier: tuple[Decision, ...] = ()
    # It was held after a newer version or a delete marker had been removed. Readers may have seen
    # it before that one came, because the setting may have been another then.
    came_back: bool = False

    @property
    def takes_down(self) -> bool:
        """True if readers may have seen the version before it was rejected.

        It was approved once, or came back before it was held, or nobody had held it.
        """
        if self.decision.verdict != Verdict.REJECT:
            return False
        before = {old.verdict for old in self.earlier}
        return self.came_back or Verdict.APPROVE in before or Verdict.HOLD not in before

    def followed_by(self, decision: Decision) -> "DecisionRecord":
        """Return the record after one more decision; unchanged if that one does not count."""
        if not decision.overrules(self.decision):
            return self
        return self.replace(decision=decision, earlier=(*self.earlier, self.decision))

    @classmethod
    def from_json(cls, data: bytes) -> "DecisionRecord":
        """Read what ``to_json`` wrote."""
        raw: dict[str, Any] = json.loads(data)
        earlier = tuple(map(_decision, raw["earlier"]))
        return cls.from_dict(raw | {"decision": _decision(raw["decision"]), "earlier": earlier})

    def to_json(self) -> bytes:
        """Return the record as UTF-8 JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1).encode()


class Recognised(Exception):
    """An image equals or looks like one that a moderator rejected."""


class Resemblance(Record):
    """The rejected upload that another one equals or looks like."""

    key: str
    version_id: str  # as the upload's manifest has it as ``id``
    distance: int  # bits in which the perceptual hashes differ; 0 of the same bytes


def moment(at: datetime) -> str:
    """Return a time so that later ones come later in the alphabet, too."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _text(value: object) -> str:
    """Return what a moderator wrote, cut to size, and without half characters, which no file takes.

    JSON can hold half of a character, so a decision must not fail for one in its reason.
    """
    return str(value or "")[:MAX_REASON].encode("utf-8", "replace").decode()


def _decision(raw: Mapping[str, Any]) -> Decision:
    return Decision.from_dict({**raw, "verdict": Verdict(raw["verdict"])})
