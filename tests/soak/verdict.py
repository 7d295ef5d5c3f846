"""What came of a fault run: each key of the source bucket held against the destination bucket."""

import json
from dataclasses import dataclass, field

import botocore.exceptions

from function.contract import manifest_key, upload_name
from local.server import Server


@dataclass
class Verdict:
    """Keys by what is wrong with them.

    Attributes:
        lost: an upload without a manifest, or a poison message that is in no dead-letter queue.
        stale: a manifest or a rendition of another version than the key holds, or a rendition that
            is named and not there.
        orphaned: an object that no upload accounts for.
    """

    lost: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    orphaned: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.lost or self.stale or self.orphaned)


def judge(server: Server) -> Verdict:
    """Compare both buckets, object by object."""
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
    verdict, named = Verdict(), set()
    for name, version in held.items():
        key = manifest_key(name)
        if key not in there:
            verdict.lost.append(name)
            continue
        named.add(key)
        manifest = json.loads(s3.get_object(Bucket=destination, Key=key)["Body"].read())
        named |= {rendition["key"] for rendition in manifest["renditions"]}
        if manifest["source"]["version_id"] != version or not _is_whole(s3, destination, manifest):
            verdict.stale.append(name)
    verdict.orphaned = sorted(there - named)
    return verdict


def _is_whole(s3, bucket: str, manifest) -> bool:
    """Whether all that a manifest names is there and of its own version."""
    for rendition in manifest["renditions"]:
        try:
            found = s3.head_object(Bucket=bucket, Key=rendition["key"])["Metadata"]["sequencer"]
        except botocore.exceptions.ClientError:
            return False
        if found != manifest["source"]["sequencer"]:
            return False
    return True
