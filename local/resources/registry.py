"""Which function creates which resource type."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from local.errors import LocalError
from local.inputs import Inputs
from local.resources import (
    cloudfront,
    dynamodb,
    iam,
    kms,
    lambda_,
    logs,
    monitoring,
    route53,
    s3,
    sqs,
)
from local.resources.context import Context, Created

Creator = Callable[[Context, str, Inputs], Created]

CREATORS: Final[Mapping[str, Creator]] = {
    "aws:s3/bucket:Bucket": s3.bucket,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": s3.ownership,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": s3.public_access_block,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        s3.encryption
    ),
    "aws:s3/bucketVersioning:BucketVersioning": s3.versioning,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": s3.lifecycle,
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": s3.cors,
    "aws:s3/bucketPolicy:BucketPolicy": s3.policy,
    "aws:s3/bucketObjectv2:BucketObjectv2": s3.bucket_object,
    "aws:s3/bucketNotification:BucketNotification": s3.notification,
    "aws:sqs/queue:Queue": sqs.queue,
    "aws:sqs/queuePolicy:QueuePolicy": sqs.policy,
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": sqs.redrive_allow_policy,
    "aws:dynamodb/table:Table": dynamodb.table,
    "aws:iam/role:Role": iam.role,
    "aws:iam/rolePolicy:RolePolicy": iam.role_policy,
    "aws:kms/key:Key": kms.key,
    "aws:kms/alias:Alias": kms.alias,
    "aws:lambda/function:Function": lambda_.function,
    "aws:lambda/eventSourceMapping:EventSourceMapping": lambda_.event_source_mapping,
    "aws:lambda/functionUrl:FunctionUrl": lambda_.function_url,
    "aws:lambda/permission:Permission": lambda_.permission,
    "aws:cloudwatch/logGroup:LogGroup": monitoring.log_group,
    "aws:cloudwatch/dashboard:Dashboard": monitoring.dashboard,
    "aws:cloudwatch/metricAlarm:MetricAlarm": monitoring.metric_alarm,
    "aws:sns/topic:Topic": monitoring.topic,
    "aws:sns/topicPolicy:TopicPolicy": monitoring.topic_policy,
    "aws:sns/topicSubscription:TopicSubscription": monitoring.topic_subscription,
    "aws:budgets/budget:Budget": monitoring.budget,
    "aws:cloudfront/originAccessControl:OriginAccessControl": cloudfront.origin_access_control,
    "aws:cloudfront/function:Function": cloudfront.function,
    "aws:cloudfront/cachePolicy:CachePolicy": cloudfront.cache_policy,
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": cloudfront.origin_request_policy,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (
        cloudfront.response_headers_policy
    ),
    "aws:cloudfront/distribution:Distribution": cloudfront.distribution,
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": logs.delivery_source,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": logs.delivery_destination,
    "aws:cloudwatch/logDelivery:LogDelivery": logs.delivery,
    "aws:route53/record:Record": route53.record,
}


def create(context: Context, type_: str, name: str, values: Mapping[str, Any]) -> Created:
    """Create or update one resource.

    Raises:
        LocalError: its type, or one of its inputs, is not known here.
    """
    creator = CREATORS.get(type_)
    if creator is None:
        raise LocalError(
            f"The embedded AWS does not know {type_} ({name}); teach it in local/resources."
        )
    inputs = Inputs(f"{type_} {name}", values)
    created = creator(context, _physical_name(type_, name), inputs)
    inputs.done()
    return created


def _physical_name(type_: str, name: str) -> str:
    """Logical name and seven hexadecimal digits, as Pulumi does it, but the same each time."""
    return f"{name}-{hashlib.sha256(f'{type_} {name}'.encode()).hexdigest()[:7]}"
