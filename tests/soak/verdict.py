"""The outcome of a soak test: each key of the source bucket compared with the destination."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field

from function.contract import Status
from function.contract.keys import decision_key, held_key, look_key, manifest_key, upload_name
from local.server import Server
from tests.soak.moderators import Moderators


@dataclass
class Verdict:
    """Keys by what is wrong with them.

    Attributes:
        lost: an upload that never got a manifest, or that the source bucket does not hold although
            nobody deleted it; or a poison message that is in no dead-letter queue.
        stale: a manifest or a rendition of another version than the key holds.
        orphaned: an object that no upload accounts for.
        deleted: an upload that was ready once and that the key still holds, whose manifest is gone
            or says ``deleted``; or whose manifest names a rendition that is gone.
        leaked: what somebody could see who may not, or could in the end.
    """

    lost: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """True if nothing is wrong."""
        return not (self.lost or self.stale or self.orphaned or self.deleted or self.leaked)


def judge(
    server: Server,
    *,
    kept: Collection[str],
    ready: Collection[str],
    moderators: Moderators | None = None,
) -> Verdict:
    """Compare both buckets, object by object.

    Args:
        server: the embedded AWS.
        kept: source keys that were uploaded and that nobody deleted.
        ready: names of the uploads whose manifest was ``ready`` at any time.
        moderators: who decided about uploads, if they were held.
    """
    s3 = server.client("s3")
    source, destination = server.outputs["sourceBucket"], server.outputs["destinationBucket"]
    held = {
        upload_name(version["Key"]): version["VersionId"]
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=source)
        for version in page.get("Versions", [])
        if version["IsLatest"]
    }
    there = {
        item["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=destination)
        for item in page.get("Contents", [])
    }
    named = set()
    verdict = Verdict(lost=sorted({upload_name(key) for key in kept} - held.keys()))
    for name, version in held.items():
        key = manifest_key(name)
        if key not in there:
            (verdict.deleted if name in ready else verdict.lost).append(name)
            continue
        manifest = json.loads(s3.get_object(Bucket=destination, Key=key)["Body"].read())
        renditions = {rendition["key"] for rendition in manifest["renditions"]}
        lazy = {each["key"] for each in manifest["renditions"] if each.get("lazy")}
        named |= renditions | {key}
        if manifest["status"] == Status.DELETED or not renditions - lazy <= there:
            verdict.deleted.append(name)
        elif manifest["source"]["version_id"] != version or not _is_whole(
            s3, destination, manifest, renditions & there
        ):
            verdict.stale.append(name)
        elif moderators:
            named |= _moderated(verdict, moderators, manifest, there)
    decided = _decided(s3, source) if moderators else set()
    verdict.orphaned = sorted(there - named - decided)
    return verdict


def _moderated(verdict: Verdict, moderators: Moderators, manifest, there: set[str]) -> set[str]:
    """Compare a manifest with what was decided; return the keys of what must wait for it."""
    key, version_id = manifest["source"]["key"], manifest["source"]["version_id"]
    name = upload_name(key)
    expected = moderators.expected(key, version_id)
    is_shown = manifest["status"] == Status.READY
    if is_shown and expected != Status.READY:
        verdict.leaked.append(f"{name}: ready at the end, for {expected}")
    elif manifest["status"] != expected:
        verdict.lost.append(f"{name}: {manifest['status']} for {expected}")
    if expected != Status.HELD:
        return set()
    waiting = {make(name, version_id) for make in (look_key, held_key)}
    if not waiting <= there or (key, version_id) not in moderators.asked:
        verdict.lost.append(f"{name}: waits, and no moderator can decide about it")
    return waiting


def _decided(s3, source: str) -> set[str]:
    """Return the keys of the records of decisions about all versions that there are."""
    return {
        decision_key(upload_name(version["Key"]), version["VersionId"])
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=source)
        for version in page.get("Versions", [])
    }


def _is_whole(s3, bucket: str, manifest, keys: Collection[str]) -> bool:
    """Return True if these files of an upload are of the version that its manifest names."""
    sequencers = (s3.head_object(Bucket=bucket, Key=key)["Metadata"]["sequencer"] for key in keys)
    return all(sequencer == manifest["source"]["sequencer"] for sequencer in sequencers)
