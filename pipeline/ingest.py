"""The edge from S3 to SQS: who may send, and then what is sent."""

from dataclasses import dataclass
from typing import Final

from pulumi_aws import s3, sqs

from function.contract import UPLOADS
from pipeline.buckets import SecureBucket
from pipeline.component import Component, Options, policy_of
from pipeline.identity import Identity
from pipeline.naming import resource_name
from pipeline.permissions import service_policies
from pipeline.queues import UploadQueue

EVENTS: Final = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
"""Events for the function: uploads, and their removal by someone or by a lifecycle rule."""


@dataclass(frozen=True, kw_only=True)
class IngestArgs:
    """The two ends of the edge."""

    source: SecureBucket
    queue: UploadQueue
    identity: Identity


class Ingest(Component):
    """Announces every object created or removed under ``uploads/`` to the queue.

    The notification depends on the policy: S3 tries to send a test event when it is set, and is
    refused until the policy allows it.
    """

    def __init__(self, name: str, args: IngestArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:ingest:Ingest", name, opts)
        policy = sqs.QueuePolicy(
            resource_name(name, "uploads"),
            queue_url=args.queue.url,
            policy=policy_of(
                service_policies.upload_queue,
                args.queue.arn,
                args.source.arn,
                args.identity.account_id,
            ),
            opts=self.child,
        )
        s3.BucketNotification(
            resource_name(name, "uploads"),
            bucket=args.source.name,
            queues=[{"queue_arn": args.queue.arn, "events": EVENTS, "filter_prefix": UPLOADS}],
            opts=self.after(policy),
        )
        self.register_outputs({})
