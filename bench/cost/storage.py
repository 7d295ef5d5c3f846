"""How much of each storage class the uploads use, as they move from one to the next."""

from collections.abc import Mapping
from typing import Final

from pipeline.settings import Settings

DAYS: Final = 30
"""Days of a month."""

TIERS: Final = (("frequent", 0), ("infrequent", 30), ("archive", 90))
"""Tiers of Intelligent-Tiering, and the days without an access after which an object is in each
(S3 user guide, "How S3 Intelligent-Tiering works", read 2026-11-27). Uploads are read when they are
new and by a backfill, so they are taken as not accessed since they were moved there."""

RECORD_KB: Final = 0.7
"""A record of the access log, in thousands of bytes. The upload by a form and the function's reads
of it have 0.63 on the embedded AWS (`tests/local/test_kept.py`), without TLS's version and cipher
suite."""

STANDARD: Final = "STANDARD"
TIERING: Final = "INTELLIGENT_TIERING"
RETRIEVED: Final = {"STANDARD_IA": "standard_ia", "GLACIER_IR": "glacier_ir"}
"""Classes that S3 bills a read of, by the byte, and their names in lines of a bill."""


def months_in(settings: Settings, months: float) -> Mapping[str, float]:
    """Return how many of its first ``months`` an upload is in each storage class."""
    last, name, spent = 0.0, STANDARD, dict[str, float]()
    for move in sorted(settings.storage_classes, key=lambda each: each.days):
        spent[name] = min(move.days / DAYS, months) - last
        last, name = min(move.days / DAYS, months), move.storage_class
    return {**spent, name: months - last}


def quantities(
    images: float, upload_mb: float, months: float, settings: Settings
) -> dict[str, float]:
    """Return the uploads' quantity for each line of the bill except Standard's.

    Args:
        images: uploads in each month.
        upload_mb: size of one.
        months: months of uploads that are stored.
        settings: the stack's.
    """
    spent, gb = months_in(settings, months), images * upload_mb / 1000
    tiers = dict.fromkeys((f"tiering_{tier}" for tier, _ in TIERS), 0.0)
    left = spent.get(TIERING, 0.0)
    for (tier, start), end in zip(TIERS, (*(s for _, s in TIERS[1:]), None), strict=True):
        longest = left if end is None else min(left, (end - start) / DAYS)
        tiers[f"tiering_{tier}"], left = gb * longest, left - longest
    moved = {name: images * (spent.get(name, 0.0) > 0) for name in (*RETRIEVED, TIERING)}
    return {
        **{f"s3_{short}_gb_month": gb * spent.get(name, 0.0) for name, short in RETRIEVED.items()},
        **{f"s3_{tier}_gb_month": used for tier, used in tiers.items()},
        "s3_tiering_objects": images * spent.get(TIERING, 0.0),
        **{f"s3_moves_to_{short}": moved[name] for name, short in RETRIEVED.items()},
        "s3_moves_to_tiering": moved[TIERING],
    }


def access_log_gb(images: float, requests: float, months: float, settings: Settings) -> float:
    """Return the GB-months of the source bucket's log, given the requests for one upload."""
    kept = min(settings.log_retention_days / DAYS, months)
    return settings.access_log * images * requests * RECORD_KB / 1_000_000 * kept
