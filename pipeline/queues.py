"""The queues of new uploads, of backfills and of lazy formats, and their dead-letter queue."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import sqs

from function.contract import MAX_RECEIVES
from pipeline.component import Component, Options, policy_of
from pipeline.naming import resource_name, tags
from pipeline.permissions import service_policies
from pipeline.permissions.documents import to_json

DEAD_LETTER_RETENTION: Final = 14 * 24 * 3600
"""Seconds; SQS's longest, so that a long weekend loses nothing."""

RETENTION: Final = 4 * 24 * 3600
"""Seconds; SQS's default. Shorter than the dead-letter queue's, as message age carries over."""

LONG_POLL: Final = 20
"""Seconds that a receive waits; SQS's longest, because each empty receive is billed."""


@dataclass(frozen=True, kw_only=True)
class UploadQueueArgs:
    """Seconds until SQS delivers an unacknowledged message again, and whether formats are lazy."""

    visibility_timeout: int
    has_lazy_formats: bool


class UploadQueue(Component):
    """Uploads waiting for the function, and the dead-letter queue for messages that keep failing.

    Backfills have their own queue, so that new uploads do not wait behind them, and so do lazy
    formats, if the stack has any. The redrive policies of these two are set last: SQS refuses a
    dead-letter queue whose allow policy does not name the source queue, and in a stack of an
    earlier release it names the queue of new uploads alone.
    """

    url: pulumi.Output[str]
    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    backfill_url: pulumi.Output[str]
    backfill_arn: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]
    formats: sqs.Queue | None

    def __init__(self, name: str, args: UploadQueueArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:queues:UploadQueue", name, opts)
        dead_letters = sqs.Queue(
            resource_name(name, "dead-letters"),
            message_retention_seconds=DEAD_LETTER_RETENTION,
            sqs_managed_sse_enabled=True,
            tags=tags(),
            opts=self.child,
        )
        redrive = dead_letters.arn.apply(
            lambda arn: to_json({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
        )
        queue = sqs.Queue(
            resource_name(name, "uploads"),
            visibility_timeout_seconds=args.visibility_timeout,
            message_retention_seconds=RETENTION,
            receive_wait_time_seconds=LONG_POLL,
            sqs_managed_sse_enabled=True,
            redrive_policy=redrive,
            tags=tags(),
            opts=self.child,
        )
        backfill = self._later(name, "backfill", args)
        self.formats = self._later(name, "formats", args) if args.has_lazy_formats else None
        later = [backfill, *([self.formats] if self.formats else [])]
        allow = sqs.RedriveAllowPolicy(
            resource_name(name, "dead-letters"),
            queue_url=dead_letters.url,
            redrive_allow_policy=pulumi.Output.all(queue.arn, *(each.arn for each in later)).apply(
                lambda arns: to_json({"redrivePermission": "byQueue", "sourceQueueArns": arns})
            ),
            opts=self.child,
        )
        for part, each in zip(("backfill", "formats"), later, strict=False):
            sqs.RedrivePolicy(
                resource_name(name, part),
                queue_url=each.url,
                redrive_policy=redrive,
                opts=self.after(allow),
            )
            sqs.QueuePolicy(
                resource_name(name, part),
                queue_url=each.url,
                policy=policy_of(service_policies.https_only_queue, each.arn),
                opts=self.child,
            )
        sqs.QueuePolicy(
            resource_name(name, "dead-letters"),
            queue_url=dead_letters.url,
            policy=policy_of(service_policies.https_only_queue, dead_letters.arn),
            opts=self.child,
        )
        self.url, self.arn, self.name = queue.url, queue.arn, queue.name
        self.backfill_url, self.backfill_arn = backfill.url, backfill.arn
        self.dead_letter_url, self.dead_letter_name = dead_letters.url, dead_letters.name
        self.register_outputs({"url": self.url, "dead_letter_url": self.dead_letter_url})

    def _later(self, name: str, part: str, args: UploadQueueArgs) -> sqs.Queue:
        """Return a queue for work that may wait; its redrive policy follows."""
        return sqs.Queue(
            resource_name(name, part),
            visibility_timeout_seconds=args.visibility_timeout,
            message_retention_seconds=RETENTION,
            receive_wait_time_seconds=LONG_POLL,
            sqs_managed_sse_enabled=True,
            tags=tags(),
            opts=self.child,
        )
