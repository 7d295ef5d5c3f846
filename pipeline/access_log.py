"""The CDN's access log, in its own bucket."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import cloudwatch

from pipeline.buckets import SecureBucket, SecureBucketArgs
from pipeline.component import Component, Options
from pipeline.identity import Identity
from pipeline.naming import resource_name, tags
from pipeline.permissions import bucket_policies

REGION: Final = "us-east-1"
"""Region of CloudFront's log deliveries, wherever the stack is (developer guide, "Standard logging
(v2)")."""


@dataclass(frozen=True, kw_only=True)
class AccessLogArgs:
    """The distribution whose requests are logged, and for how many days the log is kept."""

    distribution_arn: pulumi.Input[str]
    identity: Identity
    log_retention_days: int


class AccessLog(Component):
    """Standard logging (v2), as JSON lines under ``AWSLogs/<account>/``."""

    def __init__(self, name: str, args: AccessLogArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:access_log:AccessLog", name, opts)
        label = resource_name(name, "cdn-log")
        # Deleted with its content, because the first request already puts a log file into it.
        settings = SecureBucketArgs(force_destroy=True, expire_days=args.log_retention_days)
        bucket = SecureBucket(label, settings, self.child)
        account = args.identity.account_id, args.identity.partition
        policy = bucket.set_policy(self, bucket_policies.access_log, *account)
        source = cloudwatch.LogDeliverySource(
            label,
            log_type="ACCESS_LOGS",
            resource_arn=args.distribution_arn,
            region=REGION,
            tags=tags(),
            opts=self.named_before("name"),
        )
        destination = cloudwatch.LogDeliveryDestination(
            label,
            output_format="json",
            delivery_destination_configuration={"destination_resource_arn": bucket.arn},
            region=REGION,
            tags=tags(),
            opts=self.named_before("name"),
        )
        cloudwatch.LogDelivery(
            label,
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            region=REGION,
            tags=tags(),
            opts=self.after(policy),
        )
        self.register_outputs({})
