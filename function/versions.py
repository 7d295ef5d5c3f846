"""The versions of an object, and the order in which S3 wrote them."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class ObjectVersion:
    """One version of an object.

    Attributes:
        key: object key.
        version_id: S3's id of the version; None in an unversioned bucket.
        etag: entity tag, without quotes.
        sequencer: orders the events of one key, see ``is_newer``; empty where it is not known, as
            after a HEAD of the key.
        bytes: length of the object.
    """

    key: str
    version_id: str | None
    etag: str
    sequencer: str
    bytes: int


def is_newer(sequencer: str, other: str) -> bool:
    """Return whether the event with one sequencer came after that of the same key with the other.

    S3's rule: pad the shorter one with zeros on the right, then compare as text (S3 user guide,
    "Event message structure").
    """
    length = max(len(sequencer), len(other))
    return sequencer.ljust(length, "0") > other.ljust(length, "0")
