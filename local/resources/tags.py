"""Tags: every service has other operations for them, and another spelling."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast

from local.resources.calls import Call, send
from local.resources.kind import Context, State


def pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as most services spell them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _kms_pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


class _Service(NamedTuple):
    """The names of a service's operations on tags and of their parameters."""

    resource: str
    """The parameter that names the resource."""
    list_: str = "list_tags_for_resource"
    add: str = "tag_resource"
    remove: str = "untag_resource"
    tags: str = "Tags"
    keys: str = "TagKeys"
    encode: Callable[[Mapping[str, str]], Any] = pairs
    listed: str = ""
    """Where the answer of ``list_`` has them, if not under ``tags``."""


_SERVICES: Final[Mapping[str, _Service]] = {
    "budgets": _Service("ResourceARN", tags="ResourceTags", keys="ResourceTagKeys"),
    "cloudfront": _Service("Resource"),
    "cloudwatch": _Service("ResourceARN"),
    "dynamodb": _Service("ResourceArn", "list_tags_of_resource"),
    "events": _Service("ResourceARN"),
    "iam": _Service("RoleName", "list_role_tags", "tag_role", "untag_role"),
    "kms": _Service("KeyId", "list_resource_tags", encode=_kms_pairs),
    "lambda": _Service("Resource", "list_tags", encode=dict),
    "logs": _Service("resourceArn", tags="tags", keys="tagKeys", encode=dict),
    "sns": _Service("ResourceArn"),
    "sqs": _Service("QueueUrl", "list_queue_tags", "tag_queue", "untag_queue", encode=dict),
    "wafv2": _Service("ResourceARN", listed="TagInfoForResource.TagList"),
}


def tags_of(service: str, resource: str) -> Callable[[Context, State], dict[str, str]]:
    """Return a function that reads a resource's tags.

    Args:
        service: name of the boto3 client.
        resource: the service's name for the resource; ``$name`` is filled from its state.
    """
    spelling = _SERVICES[service]
    path = spelling.listed or spelling.tags
    call = Call(service, spelling.list_, {spelling.resource: resource}, path)
    return lambda context, state: _decode(call(context, state) or {})


def put_tags(context: Context, service: str, resource: str, tags: Mapping[str, str]) -> None:
    """Give a resource these tags and no others.

    Args:
        context: the embedded AWS.
        service: name of the boto3 client.
        resource: the service's name for the resource: its ARN, URL or name.
        tags: value by key.
    """
    spelling = _SERVICES[service]
    named = {spelling.resource: resource}
    found = tags_of(service, "$id")(context, {"id": resource})
    if removed := sorted(found.keys() - tags.keys()):
        send(context, service, spelling.remove, {**named, spelling.keys: removed})
    if tags:
        send(context, service, spelling.add, {**named, spelling.tags: spelling.encode(tags)})


def _decode(found: Any) -> dict[str, str]:
    """Return tags in any service's spelling as value by key."""
    if isinstance(found, list):
        tags = cast("list[dict[str, str]]", found)
        return {
            tag.get("Key", tag.get("TagKey", "")): tag.get("Value", tag.get("TagValue", ""))
            for tag in tags
        }
    return _decode(found["Items"]) if "Items" in found else found
