"""List what AWS still has of a clone: by the tags that the program sets, and by name."""

from collections.abc import Callable, Iterator
from typing import Any, Final, cast

import jmespath

from bench.accept import cloud
from bench.accept.clone import Clone
from local.program import project_name

_GLOBAL: Final = "us-east-1"
"""Region whose tagging API knows CloudFront's resources (Resource Groups Tagging API reference,
"GetResources")."""

_PENDING: Final = ("PendingDeletion", "PendingReplicaDeletion")

_BY_NAME: Final = (
    ("iam", "list_roles", "Roles[].RoleName"),
    ("s3", "list_buckets", "Buckets[].Name"),
    ("cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"),
    ("lambda", "list_functions", "Functions[].FunctionName"),
    ("logs", "describe_log_groups", "logGroups[].logGroupName"),
    ("kms", "list_aliases", "Aliases[].AliasName"),
    ("cloudfront", "list_functions", "FunctionList.Items[].Name"),
    (
        *("cloudfront", "list_origin_access_controls"),
        "OriginAccessControlList.Items[].Name",
    ),
    (
        *("cloudfront", "list_cache_policies"),
        "CachePolicyList.Items[].CachePolicy.CachePolicyConfig.Name",
    ),
    (
        *("cloudfront", "list_origin_request_policies"),
        "OriginRequestPolicyList.Items[].OriginRequestPolicy.OriginRequestPolicyConfig.Name",
    ),
    (
        *("cloudfront", "list_response_headers_policies"),
        "ResponseHeadersPolicyList.Items[].ResponseHeadersPolicy.ResponseHeadersPolicyConfig.Name",
    ),
)
"""Service, listing, and the names in it (JMESPath). The tagging API knows none of IAM's roles, of
dashboards and of CloudFront's parts beside the distribution; the others show that the two ways
agree."""


def by_tag(clone: Clone) -> list[str]:
    """Return the ARNs of the clone's tagged resources; a KMS key that awaits its end is none."""
    tags = {"Project": project_name(), "Stack": clone.name}
    filters = [{"Key": key, "Values": [value]} for key, value in tags.items()]
    found: set[str] = set()
    # Another partition, such as China's, has no CloudFront of ours, and us-east-1 takes none of its
    # credentials.
    elsewhere = {_GLOBAL} if cloud.partition(clone) == "aws" else set[str]()
    for region in {cloud.region(clone), *elsewhere}:
        client = cloud.clients(clone, region)("resourcegroupstaggingapi")
        for page in client.get_paginator("get_resources").paginate(TagFilters=filters):
            found |= {item["ResourceARN"] for item in page["ResourceTagMappingList"]}
    return sorted(arn for arn in found if not _is_gone(clone, arn))


def by_name(clone: Clone) -> list[str]:
    """Return the names of the clone's resources in services whose resources carry its name."""
    return sorted(_names(clone, cloud.clients(clone)))


def keys(clone: Clone) -> list[str]:
    """Return the ARNs of the clone's KMS keys, which a destruction leaves (docs/deploy.md)."""
    return [arn for arn in by_tag(clone) if _is_key(arn)]


def _names(clone: Clone, client: Callable[[str], Any]) -> Iterator[str]:
    part = f"{project_name()}-{clone.name}"
    for service, listing, names in _BY_NAME:
        if service == "cloudfront" and cloud.partition(clone) != "aws":
            continue
        for page in _pages(client(service), listing):
            found = cast("list[str]", jmespath.search(names, page) or [])
            yield from (name for name in found if part in name)


def _pages(client: Any, listing: str) -> Iterator[dict[str, Any]]:
    if client.can_paginate(listing):
        yield from client.get_paginator(listing).paginate()
    else:
        yield getattr(client, listing)()


def _is_key(arn: str) -> bool:
    return arn.split(":")[2] == "kms" and ":key/" in arn


def _is_gone(clone: Clone, arn: str) -> bool:
    """Return whether a resource that the tagging API names is deleted, or a key that will be.

    It may name a distribution for some time after its end.
    """
    client = cloud.clients(clone)
    if _is_key(arn):
        state = client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
        return state in _PENDING
    if ":distribution/" in arn:
        cloudfront = client("cloudfront")
        try:
            cloudfront.get_distribution(Id=arn.rpartition("/")[2])
        except cloudfront.exceptions.NoSuchDistribution:
            return True
    return False
