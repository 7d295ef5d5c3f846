"""Remove a clone, and list what AWS still has of it: by the tags that the program sets, by name."""

import time
from collections.abc import Iterator, Mapping
from typing import Final, cast

import jmespath

from bench.accept import cloud
from bench.accept.clone import Clone
from bench.accept.engine import Engine
from bench.accept.steps import StepFailed
from local.program import project_name
from ops import teardown
from ops.stack import NEEDED, Stack
from terminal import Advance

LAG_SECONDS: Final = 300
"""How long the tagging API may go on naming what is deleted; it is eventually consistent."""
_KEY_DAYS: Final = 7
"""Shortest time in which a KMS key can be deleted (API reference, "ScheduleKeyDeletion")."""
_GLOBAL: Final = "us-east-1"
"""Region whose tagging API knows CloudFront's resources (Resource Groups Tagging API reference,
"GetResources")."""

_POLICY: Final = "{0}List.Items[].{0}.{0}Config.Name"
_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("iam", "list_roles"): "Roles[].RoleName",
    ("s3", "list_buckets"): "Buckets[].Name",
    ("cloudwatch", "list_dashboards"): "DashboardEntries[].DashboardName",
    ("lambda", "list_functions"): "Functions[].FunctionName",
    ("logs", "describe_log_groups"): "logGroups[].logGroupName",
    ("kms", "list_aliases"): "Aliases[].AliasName",
}
_CDN_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("cloudfront", "list_functions"): "FunctionList.Items[].Name",
    ("cloudfront", "list_origin_access_controls"): "OriginAccessControlList.Items[].Name",
    ("cloudfront", "list_cache_policies"): _POLICY.format("CachePolicy"),
    ("cloudfront", "list_origin_request_policies"): _POLICY.format("OriginRequestPolicy"),
    ("cloudfront", "list_response_headers_policies"): _POLICY.format("ResponseHeadersPolicy"),
}
"""Service and listing -> the names in it (JMESPath). The tagging API knows none of IAM's roles, of
dashboards and of CloudFront's parts beside the distribution; the others show that the two ways
agree."""


def remove(clone: Clone, engine: Engine, advance: Advance) -> bool:
    """Remove the clone, however far it was made or removed; return False if there is no stack."""
    found = engine.run("exists").exists  # any other operation would make an empty stack
    if found:
        _empty(clone, engine, advance)
        engine.run("destroy")
        kms = cloud.clients(clone)("kms")
        for arn in filter(_is_key, by_tag(clone)):  # a destruction leaves keys (docs/deploy.md)
            kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=_KEY_DAYS)
        engine.run("remove")
    clone.path.unlink(missing_ok=True)
    return found


def check(clone: Clone) -> None:
    """Raise ``StepFailed`` if anything is left of a removed clone."""
    deadline = time.monotonic() + LAG_SECONDS
    while (left := by_tag(clone)) and time.monotonic() < deadline:
        time.sleep(1)
    left += by_name(clone)
    if left:
        raise StepFailed(f"{len(left)} resources are left: {', '.join(left)}.")


def by_tag(clone: Clone) -> list[str]:
    """Return the ARNs of the clone's tagged resources; a KMS key that awaits its end is none."""
    tags = {"Project": project_name(), "Stack": clone.name}
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    found: set[str] = set()
    for region in {cloud.region(clone), *([_GLOBAL] if _has_cdn(clone) else [])}:
        client = cloud.clients(clone, region)("resourcegroupstaggingapi")
        for page in client.get_paginator("get_resources").paginate(TagFilters=filters):
            found |= {item["ResourceARN"] for item in page["ResourceTagMappingList"]}
    return sorted(arn for arn in found if not _is_gone(clone, arn))


def by_name(clone: Clone) -> list[str]:
    """Return the names of the clone's resources in services whose resources carry its name."""
    part = f"{project_name()}-{clone.name}"
    return sorted(name for name in _names(clone) if part in name)


def _empty(clone: Clone, engine: Engine, advance: Advance) -> None:
    """Empty the buckets that the engine knows of."""
    outputs = engine.run("outputs").outputs
    client, project = cloud.clients(clone), project_name()
    stack = Stack(outputs=outputs, client=client, name=clone.name, project=project)
    # Without them the deployment has not finished: nobody has uploaded, no function is waited for.
    if all(outputs.get(name) for name in NEEDED):
        teardown.stop(stack)
    for resource in engine.run("export").resources:
        if resource["type"] == "aws:s3/bucket:Bucket":
            teardown.empty(stack, resource["id"], advance)


def _has_cdn(clone: Clone) -> bool:
    """Return False in a partition that has no CloudFront of ours, and no access to us-east-1."""
    return cloud.partition(clone) == "aws"


def _names(clone: Clone) -> Iterator[str]:
    listings = {**_NAMES, **(_CDN_NAMES if _has_cdn(clone) else {})}
    for (service, listing), names in listings.items():
        client = cloud.clients(clone)(service)
        if client.can_paginate(listing):
            pages = client.get_paginator(listing).paginate()
        else:
            pages = [getattr(client, listing)()]
        for page in pages:
            yield from cast("list[str]", jmespath.search(names, page) or [])


def _is_key(arn: str) -> bool:
    return arn.split(":")[2] == "kms" and ":key/" in arn


def _is_gone(clone: Clone, arn: str) -> bool:
    """Return True if a resource is deleted, which its tag may outlive, or a key that will be."""
    client = cloud.clients(clone)
    if _is_key(arn):
        state = client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        return state in ("PendingDeletion", "PendingReplicaDeletion")
    if ":distribution/" in arn:
        cloudfront = client("cloudfront")
        try:
            cloudfront.get_distribution(Id=arn.rpartition("/")[2])
        except cloudfront.exceptions.NoSuchDistribution:
            return True
    return False
