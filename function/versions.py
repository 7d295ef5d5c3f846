"""Versions of an object in S3, and which of two came later."""

from typing import Final

from function.engine.record import Record

UNVERSIONED: Final = (None, "null")
"""Version ids of objects from before a bucket kept versions, or while it keeps none (S3 user guide,
"How S3 Versioning works"). A later object of the key may have the same one."""


class ObjectVersion(Record):
    """One version of an object."""

    key: str  # object key, e.g. ``uploads/u1/beach.jpg``
    version_id: str | None  # S3's id of the version; None in a bucket without versioning
    etag: str  # entity tag, without quotes
    sequencer: str  # orders the events of one key (hexadecimal); empty if no event told of it
    bytes: int  # length of the object


def is_newer(sequencer: str, other: str) -> bool:
    """Return True if an event with ``sequencer`` came after one of the same key with ``other``.

    S3's rule: pad the shorter one with zeros on the right, then compare as text (S3 user guide,
    "Event message structure").
    """
    length = max(len(sequencer), len(other))
    return sequencer.ljust(length, "0") > other.ljust(length, "0")
