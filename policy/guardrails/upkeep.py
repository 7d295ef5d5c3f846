"""Checks that logs expire, and that tags name the owner of each resource."""

from collections.abc import Iterator, Mapping
from typing import Final

from .resource import Resource
from .rule import Each

TAGS: Final = ("Project", "Stack", "ManagedBy")

TAGGABLE: Final = (
    "aws:budgets/budget:Budget",
    "aws:cloudfront/distribution:Distribution",
    "aws:cloudfront/function:Function",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/logDelivery:LogDelivery",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:dynamodb/table:Table",
    "aws:iam/role:Role",
    "aws:kms/key:Key",
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/function:Function",
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketObjectv2:BucketObjectv2",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    "aws:wafv2/webAcl:WebAcl",
)
"""Types that take tags; a test compares the types that the program makes with the provider."""


def unending_log(group: Resource) -> Iterator[str]:
    """A log group that keeps everything."""
    if not group.inputs.get("retentionInDays"):
        yield "its log never expires; set retentionInDays."


def unnamed_log(function: Resource) -> Iterator[str]:
    """A function whose log group Lambda makes by itself, without retention."""
    config = function.mapping("loggingConfig")
    if config is not None and not config.get("logGroup"):
        yield "Lambda would make it a log that never expires; set loggingConfig.logGroup."


def tagged(resource: Resource) -> Iterator[str]:
    """A resource whose tags do not name its owner."""
    tags = resource.mapping("tags")
    missing = [] if tags is None else [name for name in TAGS if not tags.get(name)]
    if missing:
        yield f"it has no tag {' and '.join(missing)}; give it the tags of pipeline/naming.py."


LOG_CHECKS: Final[Mapping[str, Each]] = {
    "aws:cloudwatch/logGroup:LogGroup": unending_log,
    "aws:lambda/function:Function": unnamed_log,
}
