"""The inputs that replace a resource of each type, and how Pulumi names it.

The rules are those of pulumi-aws 7, which bridges terraform-provider-aws 6. Each rule names the
file in hashicorp/terraform-provider-aws that it was read from, and the commit; some commits are of
versions 4 and 5, as no later one was at hand. ``dynamodb/table.go`` and
``s3/bucket_lifecycle_configuration.go`` were also read in version 6, at a commit that is not known;
where the two differ, the table follows version 6. The installed pulumi-aws (7.51) has three inputs
that no version at hand has, so the table lacks them: ``bucketNamespace``, ``restoreBackupArn`` and
``deliveryDestinationType``.

Names come from pulumi/pulumi-aws, ``provider/resource_overrides.go`` at 015d3438 and
``provider/autonaming.go`` at 0c5f6583 (255 bytes for every other ``name``).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

Test = Callable[[Any, Any], bool]
"""Tells whether an input's old and new value, ``None`` if absent, replace the resource."""


class Autoname(NamedTuple):
    """How Pulumi names a resource whose program does not.

    Attributes:
        input: the input that takes the name.
        longest: most bytes of the name, without ``prefix``.
        lower: the logical name is put in lower case.
        prefix: start of the name.
        random: a hyphen and random digits follow the logical name; if not, the name is the
            logical name as it stands.
    """

    input: str = "name"
    longest: int = 255
    lower: bool = False
    prefix: str = ""
    random: bool = True


class Rule(NamedTuple):
    """The inputs that replace a resource of one type; dots lead to nested ones.

    Attributes:
        origin: file below ``internal/service`` in hashicorp/terraform-provider-aws, and commit.
        autoname: the name that Pulumi invents; ``None`` where it names nothing.
        forces: inputs of which every change replaces the resource, with spaces between them.
        kept: the same, but an absent one keeps the old value ("Optional" and "Computed").
        defaults: the same, but an absent one has the value given here.
        when: inputs that replace the resource in some cases only.
    """

    origin: str
    autoname: Autoname | None = None
    forces: str = ""
    kept: str = ""
    defaults: Mapping[str, Any] = {}
    when: Mapping[str, Test] = {}


def _toggles(old: object, new: object) -> bool:
    return (old is None) != (new is None)


def _shrinks(old: object, new: object) -> bool:
    return isinstance(old, int | float) and isinstance(new, int | float) and 0 < new < old


def _names_another_function(old: object, new: object) -> bool:
    """A function's name and its ARN are the same."""
    return old not in (new, _function_name(new)) and new != _function_name(old)


def _function_name(value: object) -> object:
    parts = str(value).split(":")  # arn:aws:lambda:<region>:<account>:function:<name>
    return parts[6] if len(parts) > 6 else value  # noqa: PLR2004


def _names_another_service(old: object, new: object) -> bool:
    """Two ARNs are of different services; an unknown value is of none."""
    return str(old).split(":")[2:3] != str(new).split(":")[2:3]


def _names_another_domain(old: object, new: object) -> bool:
    """Domain names ignore case and a final dot."""
    before, after = (str(value).removesuffix(".").lower() for value in (old, new))
    return before != after


RULES: Final[Mapping[str, Rule]] = {
    "aws:s3/bucket:Bucket": Rule(
        "s3/bucket.go@4c72bcc7",
        autoname=Autoname("bucket", 63, lower=True),
        kept="bucket bucketPrefix objectLockEnabled objectLockConfiguration.objectLockEnabled",
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Rule(
        "s3/bucket_ownership_controls.go@01c08000", forces="bucket"
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Rule(
        "s3/bucket_public_access_block.go@01606926", forces="bucket"
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Rule(
        "s3/bucket_server_side_encryption_configuration.go@01606926",
        forces="bucket expectedBucketOwner",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Rule(
        "s3/bucket_versioning.go@01c08000", forces="bucket expectedBucketOwner"
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Rule(
        "s3/bucket_lifecycle_configuration.go@edd83424", forces="bucket", kept="expectedBucketOwner"
    ),
    "aws:s3/bucketLogging:BucketLogging": Rule(
        "s3/bucket_logging.go@01f43111", forces="bucket expectedBucketOwner"
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": Rule(
        "s3/bucket_cors_configuration.go@01c08000", forces="bucket expectedBucketOwner"
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Rule("s3/bucket_policy.go@0073593e", forces="bucket"),
    "aws:s3/bucketObjectv2:BucketObjectv2": Rule(
        "s3/object.go@033c721b", autoname=Autoname("key", random=False), forces="bucket key"
    ),
    "aws:s3/bucketNotification:BucketNotification": Rule(
        "s3/bucket_notification.go@033c721b", forces="bucket"
    ),
    "aws:sqs/queue:Queue": Rule(
        "sqs/queue.go@00a35305",
        autoname=Autoname(longest=80),
        kept="name namePrefix",
        defaults={"fifoQueue": False},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Rule("sqs/queue_policy.go@0148137d", forces="queueUrl"),
    "aws:sqs/redrivePolicy:RedrivePolicy": Rule(
        "sqs/queue_redrive_policy.go@18fc80b6", forces="queueUrl"
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Rule(
        "sqs/queue_redrive_allow_policy.go@0389eecf", forces="queueUrl"
    ),
    "aws:dynamodb/table:Table": Rule(
        "dynamodb/table.go@01335dd3",
        autoname=Autoname(),
        forces=(
            "name rangeKey localSecondaryIndexes importTable.s3BucketSource restoreDateTime "
            "restoreToLatestTime"
        ),
        kept="hashKey restoreSourceName restoreSourceTableArn",
        when={
            "warmThroughput.readUnitsPerSecond": _shrinks,
            "warmThroughput.writeUnitsPerSecond": _shrinks,
        },
    ),
    "aws:iam/role:Role": Rule(
        "iam/role.go@0040ea69",
        autoname=Autoname(longest=64),
        kept="name namePrefix",
        defaults={"path": "/"},
    ),
    "aws:iam/rolePolicy:RolePolicy": Rule(
        "iam/role_policy.go@02f97af8", autoname=Autoname(), forces="role", kept="name namePrefix"
    ),
    "aws:kms/key:Key": Rule(
        "kms/key.go@00a35305",
        forces="customKeyStoreId xksKeyId",
        kept="multiRegion",
        defaults={"customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT"},
    ),
    "aws:kms/alias:Alias": Rule(
        "kms/alias.go@01c08000",
        autoname=Autoname(longest=238, prefix="alias/"),
        kept="name namePrefix",
    ),
    "aws:lambda/function:Function": Rule(
        "lambda/function.go@0156d84e",
        autoname=Autoname(longest=64),
        forces="name tenancyConfig",
        defaults={"packageType": "Zip"},
        when={"durableConfig": _toggles},
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Rule(
        "lambda/event_source_mapping.go@0603f3b6",
        forces=(
            "eventSourceArn queues selfManagedEventSource startingPosition "
            "startingPositionTimestamp topics"
        ),
        kept="amazonManagedKafkaEventSourceConfig selfManagedKafkaEventSourceConfig",
    ),
    "aws:lambda/functionUrl:FunctionUrl": Rule(
        "lambda/function_url.go@05f1478d",
        forces="qualifier",
        when={"functionName": _names_another_function},
    ),
    "aws:lambda/permission:Permission": Rule(
        "lambda/permission.go@04592f03",
        autoname=Autoname("statementId", 100),
        forces=(
            "action eventSourceToken function functionUrlAuthType invokedViaFunctionUrl principal "
            "principalOrgId qualifier sourceAccount sourceArn"
        ),
        kept="statementId statementIdPrefix",
    ),
    "aws:cloudwatch/logGroup:LogGroup": Rule(
        "logs/group.go@0073593e", autoname=Autoname(), kept="logGroupClass name namePrefix"
    ),
    "aws:cloudwatch/dashboard:Dashboard": Rule(
        "cloudwatch/dashboard.go@0620f2a6", forces="dashboardName"
    ),
    "aws:cloudwatch/eventRule:EventRule": Rule(
        "events/rule.go@9dfe6ffb",
        autoname=Autoname(longest=64),
        kept="name namePrefix",
        defaults={"eventBusName": "default"},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Rule(
        "events/target.go@bf84f8e5",
        forces="rule",
        kept="targetId",
        defaults={"eventBusName": "default"},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Rule(
        "cloudwatch/metric_alarm.go@055611a6", autoname=Autoname(), forces="name"
    ),
    "aws:sns/topic:Topic": Rule(
        "sns/topic.go@00a35305",
        autoname=Autoname(longest=80),
        kept="name namePrefix",
        defaults={"fifoTopic": False},
    ),
    "aws:sns/topicPolicy:TopicPolicy": Rule("sns/topic_policy.go@00a35305", forces="arn"),
    "aws:sns/topicSubscription:TopicSubscription": Rule(
        "sns/topic_subscription.go@04a2e6e5", forces="endpoint protocol topic"
    ),
    "aws:budgets/budget:Budget": Rule(
        "budgets/budget.go@01d5888a", autoname=Autoname(), kept="accountId name namePrefix"
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": Rule(
        "cloudfront/origin_access_control.go@01c08000", autoname=Autoname()
    ),
    "aws:cloudfront/function:Function": Rule(
        "cloudfront/function.go@0b774099", autoname=Autoname(), forces="name"
    ),
    "aws:cloudfront/cachePolicy:CachePolicy": Rule(
        "cloudfront/cache_policy.go@01c08000", autoname=Autoname()
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": Rule(
        "cloudfront/origin_request_policy.go@0392321f", autoname=Autoname()
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": Rule(
        "cloudfront/response_headers_policy.go@0015017a", autoname=Autoname()
    ),
    "aws:cloudfront/distribution:Distribution": Rule(
        "cloudfront/distribution.go@023c8e5c", defaults={"staging": False}
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": Rule(
        "logs/delivery_source.go@00a35305", autoname=Autoname(), forces="logType name resourceArn"
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": Rule(
        "logs/delivery_destination.go@1e67cc5d",
        autoname=Autoname(),
        forces="name outputFormat",
        when={"deliveryDestinationConfiguration.destinationResourceArn": _names_another_service},
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Rule(
        "logs/delivery.go@009ebbba", forces="deliveryDestinationArn deliverySourceName"
    ),
    "aws:route53/record:Record": Rule(
        "route53/record.go@00655c16", forces="zoneId", when={"name": _names_another_domain}
    ),
    "aws:wafv2/webAcl:WebAcl": Rule(
        "wafv2/web_acl.go@0073593e", autoname=Autoname(), forces="scope", kept="name namePrefix"
    ),
}
