"""The storage classes that uploads are moved to as they age, and which ones are allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.settings_checks import SettingsError, in_range, require_one_of

READABLE: Final = ("STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR")
"""Classes that keep an upload in several zones and answer a read at once."""

MIN_DAYS: Final = 30
"""Days that an upload must be in a class before it is moved to Standard-IA, or from there.

S3 refuses a rule that moves an object to Standard-IA earlier, and bills 30 days in it in any case
(S3 user guide, "Transitioning objects using Amazon S3 Lifecycle", constraints, read 2026-11-27).
"""

MAX_DAYS: Final = 36_500

_REFUSED: Final = {
    "GLACIER": "must be restored before anyone can read it, so a backfill would skip it",
    "DEEP_ARCHIVE": "must be restored before anyone can read it, so a backfill would skip it",
    "ONEZONE_IA": "is lost with its one zone, and the upload is the only copy",
}


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A storage class, and the age in days at which uploads are moved to it."""

    storage_class: str
    days: int


def check(transitions: Sequence[Transition]) -> None:
    """Raise a ``SettingsError`` for transitions that S3 or the pipeline cannot live with.

    Uploads go down S3's waterfall: from Standard-IA to one of the two others (the same page,
    "Supported lifecycle transitions").
    """
    for each in transitions:
        if reason := _REFUSED.get(each.storage_class):
            raise SettingsError(
                f"storageClasses must not have {each.storage_class}: an upload in it {reason}; use "
                f"{' or '.join(READABLE)}."
            )
        require_one_of("storageClasses", each.storage_class, READABLE)
        least = MIN_DAYS if each.storage_class == "STANDARD_IA" else 1
        in_range(f"storageClasses {each.storage_class}", each.days, least, MAX_DAYS, "days")
    for earlier, later in pairwise(sorted(transitions, key=lambda each: each.days)):
        if earlier.storage_class != "STANDARD_IA" or later.days < earlier.days + MIN_DAYS:
            raise SettingsError(
                f"storageClasses may only move uploads from STANDARD_IA to another class, at least "
                f"{MIN_DAYS} days later; got {earlier.storage_class} after {earlier.days} days and "
                f"{later.storage_class} after {later.days}."
            )
