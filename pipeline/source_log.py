"""The source bucket's access log, in its own bucket: who wrote which upload, and when."""

from dataclasses import dataclass

from pulumi_aws import s3

from pipeline.buckets import SecureBucket, SecureBucketArgs
from pipeline.component import Component, Options
from pipeline.identity import Identity
from pipeline.naming import resource_name
from pipeline.permissions import bucket_policies


@dataclass(frozen=True, kw_only=True)
class SourceLogArgs:
    """The bucket whose requests are logged, and for how many days the log is kept."""

    source: SecureBucket
    identity: Identity
    log_retention_days: int


class SourceLog(Component):
    """S3's server access log, in a folder for each day: ``<account>/<region>/<bucket>/2026/11/27``.

    Its bucket is encrypted with S3's own keys on every stack, because S3 delivers to no other (S3
    user guide, "Enabling Amazon S3 server access logging", read 2026-11-27).
    """

    def __init__(self, name: str, args: SourceLogArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:source_log:SourceLog", name, opts)
        label = resource_name(name, "source-log")
        # Deleted with its content, because the first request already puts a log file into it.
        settings = SecureBucketArgs(force_destroy=True, expire_days=args.log_retention_days)
        bucket = SecureBucket(label, settings, self.child)
        owner, source = args.identity.account_id, args.source
        policy = bucket.set_policy(self, bucket_policies.source_log, owner, source.arn)
        s3.BucketLogging(
            label,
            bucket=source.name,
            target_bucket=bucket.name,
            target_prefix="",
            # By the time of the request, so that a day's folder has all requests of that day.
            target_object_key_format={"partitioned_prefix": {"partition_date_source": "EventTime"}},
            opts=self.after(policy),
        )
        self.register_outputs({})
