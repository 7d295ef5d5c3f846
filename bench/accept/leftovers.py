"""List what AWS still has of a clone: by the tags that the program sets, and by name."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from bench.accept import cloud
from bench.accept.clone import Clone
from local.program import project_name

_GLOBAL: Final = "us-east-1"
"""Region whose tagging API knows CloudFront's resources (Resource Groups Tagging API reference,
"GetResources")."""

_PENDING: Final = ("PendingDeletion", "PendingReplicaDeletion")

_BY_NAME: Final[dict[str, tuple[str, str, str]]] = {
    "iam": ("list_roles", "Roles", "RoleName"),
    "s3": ("list_buckets", "Buckets", "Name"),
    "cloudwatch": ("list_dashboards", "DashboardEntries", "DashboardName"),
    "lambda": ("list_functions", "Functions", "FunctionName"),
    "logs": ("describe_log_groups", "logGroups", "logGroupName"),
    "kms": ("list_aliases", "Aliases", "AliasName"),
}
"""By service: a listing, its field, and a name in it. The tagging API knows no IAM roles and no
dashboards; the others show that the two ways agree."""


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
    for service, (listing, field, name) in _BY_NAME.items():
        made = client(service)
        for page in _pages(made, listing):
            yield from (item[name] for item in page.get(field, []) if part in item[name])


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
