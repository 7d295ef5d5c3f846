"""The edge from S3 to SQS: the queue's policy first, then the bucket's notification."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pulumi
from pulumi_aws import cloudwatch, s3, sqs

from function.contract.messages import MEASURE_HELD
from pipeline.adopted_bucket import AdoptedBucket
from pipeline.buckets import Bucket
from pipeline.component import Component, Options, policy_of
from pipeline.identity import Identity
from pipeline.naming import resource_name, tags
from pipeline.permissions import service_policies
from pipeline.queues import UploadQueue

EVENTS: Final = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
"""Events for the function: uploads, and their removal by someone or by a lifecycle rule."""

INTERVAL: Final = "rate(30 minutes)"
"""How often the function measures what waits for a moderator: twice in a period of the alarm."""

BRIDGED_EVENTS: Final = ["Object Created", "Object Deleted"]
"""The same events by EventBridge's names (S3 user guide, "Using EventBridge")."""


@dataclass(frozen=True, kw_only=True)
class IngestArgs:
    """The bucket, the queue, and the prefixes of the keys that are announced.

    With ``measures_held`` the function also counts, at intervals, what waits for a moderator.
    """

    source: Bucket
    queue: UploadQueue
    identity: Identity
    prefixes: Sequence[str]
    measures_held: bool


class Ingest(Component):
    """Announces every object created or removed under the prefixes to the queue.

    The notification depends on the policy: S3 tries to send a test event when it is set, and is
    refused until the policy allows it. A bucket that is not the pipeline's own keeps the
    notification that it has; its events come by a rule of the account's event bus, ``rule_name``.
    An upload that comes before ``announced`` starts nothing.
    """

    rule_name: pulumi.Input[str]
    announced: pulumi.Resource

    def __init__(self, name: str, args: IngestArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:ingest:Ingest", name, opts)
        label, source, queue = resource_name(name, "uploads"), args.source, args.queue
        rule = (
            self._rule(label, source, args.prefixes) if isinstance(source, AdoptedBucket) else None
        )
        clock = self._clock(name) if args.measures_held else None
        self.rule_name = rule.name if rule else ""
        timed = [clock.arn] if clock else []
        if rule:
            document = policy_of(service_policies.bridged_queue, queue.arn, rule.arn, *timed)
        else:
            parts = (queue.arn, source.arn, args.identity.account_id, *timed)
            document = policy_of(service_policies.upload_queue, *parts)
        policy = sqs.QueuePolicy(label, queue_url=queue.url, policy=document, opts=self.child)
        if rule:
            after = self.after(policy)
            self.announced = cloudwatch.EventTarget(
                label, rule=rule.name, arn=queue.arn, opts=after
            )
        else:
            self.announced = s3.BucketNotification(
                label,
                bucket=source.name,
                queues=[
                    {"queue_arn": queue.arn, "events": EVENTS, "filter_prefix": prefix}
                    for prefix in args.prefixes
                ],
                opts=self.after(policy),
            )
        if clock:
            cloudwatch.EventTarget(
                resource_name(name, "held"),
                rule=clock.name,
                arn=queue.arn,
                input=MEASURE_HELD,
                opts=self.after(policy),
            )
        self.register_outputs({})

    def _clock(self, name: str) -> cloudwatch.EventRule:
        return cloudwatch.EventRule(
            resource_name(name, "held"),
            description="Has the image pipeline measure how much waits for a moderator",
            schedule_expression=INTERVAL,
            tags=tags(),
            opts=self.child,
        )

    def _rule(
        self, label: str, source: AdoptedBucket, prefixes: Sequence[str]
    ) -> cloudwatch.EventRule:
        return cloudwatch.EventRule(
            label,
            description="Uploads and their removal, for the image pipeline's queue",
            event_pattern=source.name.apply(partial(pattern, prefixes)),
            tags=tags(),
            opts=self.child,
        )


def pattern(prefixes: Sequence[str], bucket: str) -> str:
    """Return a rule's event pattern, as JSON: a bucket's events under these prefixes."""
    objects = {"key": [{"prefix": prefix} for prefix in prefixes]}
    return json.dumps(
        {
            "source": ["aws.s3"],
            "detail-type": BRIDGED_EVENTS,
            "detail": {"bucket": {"name": [bucket]}, "object": objects},
        }
    )
