"""Uploads that wait for a moderator: which, how many, and for how long."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config

from function.contract import LOOK_SECONDS, MOST_HELD
from function.contract.keys import HELD, look_key, name_of_held, upload_name
from ops.listing import workers
from ops.stack import Stack
from ops.stored import read

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

READERS: Final = 8

_SIGNED: Final = Config(signature_version="s3v4")
"""Signs URLs by Signature Version 4, without which S3 gives nothing that a KMS key encrypts (S3
user guide, "Specifying server-side encryption with AWS KMS"). In older regions boto3 takes 2."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """One version that waits."""

    handle: str  # names the version to ``approve`` and ``reject``: its key, # and an id
    key: str
    version_id: str
    held_at: str  # ISO 8601
    bytes: int
    width: int
    height: int
    format: str
    looks_like_rejected: dict[str, Any] | None
    look: str  # URL of a small picture of it, for five minutes

    @property
    def age_seconds(self) -> int:
        """Time since it was held."""
        since = datetime.fromisoformat(self.held_at)
        return max(0, round((datetime.now(UTC) - since).total_seconds()))


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """How much waits for a moderator."""

    count: int
    since: datetime | None  # when the oldest was held, or backfilled; None if none waits
    is_all: bool  # False: so many were looked at, and there are more


def find(stack: Stack) -> list[Held]:
    """Return all that waits, the oldest first."""
    keys = [key for key, _ in _objects(stack) if key.endswith(".json")]
    # Made once: a client takes longer to make than a record to read, and only clients, not what
    # makes them, are for several threads.
    s3, signer = stack.client("s3"), stack.client("s3", config=_SIGNED)
    with workers(READERS) as pool:
        found = [held for held in pool.map(partial(_held, stack, s3, signer), keys) if held]
    return sorted(found, key=lambda held: held.held_at)


def count(stack: Stack) -> Waiting:
    """Return how much waits, after ten requests at most."""
    found = list(itertools.islice(_objects(stack), MOST_HELD + 1))
    times = [at for key, at in found[:MOST_HELD] if key.endswith(".json")]
    return Waiting(count=len(times), since=min(times, default=None), is_all=len(found) <= MOST_HELD)


def _held(stack: Stack, s3: "S3Client", signer: "S3Client", key: str) -> Held | None:
    body = read(s3, stack.destination, key)
    if body is None:  # decided meanwhile
        return None
    record = json.loads(body)
    look = look_key(upload_name(record["key"], stack.prefixes), record["version_id"])
    identity = re.sub(r".*/_|\.json", "", key)
    url = signer.generate_presigned_url(
        "get_object", Params={"Bucket": stack.destination, "Key": look}, ExpiresIn=LOOK_SECONDS
    )
    return Held(
        handle=f"{record['key']}#{identity}",
        key=record["key"],
        version_id=record["version_id"],
        held_at=record["held_at"],
        bytes=record["length"],
        width=record["width"],
        height=record["height"],
        format=record["format"],
        looks_like_rejected=record["looks_like_rejected"],
        look=url,
    )


def _objects(stack: Stack) -> Iterator[tuple[str, datetime]]:
    pages = stack.client("s3").get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=stack.destination, Prefix=HELD):
        for item in page.get("Contents", []):
            key, at = item.get("Key", ""), item.get("LastModified")
            if at and name_of_held(key):
                yield key, at
