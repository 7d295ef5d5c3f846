"""The Lambda function that resizes, its log, its role, and its subscriptions to the two queues."""

from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import lambda_

from pipeline.component import Component, Options
from pipeline.naming import resource_name, tags
from pipeline.pollers import Pollers
from pipeline.processing import ProcessingArgs, processing_function
from pipeline.queues import UploadQueue

HANDLER: Final = "function.handler.handle"


@dataclass(frozen=True, kw_only=True)
class ResizerArgs(ProcessingArgs):
    """The queue that feeds the function, and how its messages are handed over.

    ``distribution_arn`` is of the CDN that forgets what a moderator takes down; empty for none.
    """

    queue: UploadQueue
    distribution_arn: pulumi.Input[str]
    batch_size: int
    max_concurrency: int
    pollers: Pollers | None
    backfill_concurrency: int


class Resizer(Component):
    """The function, with least privilege and partial batch responses."""

    function_name: pulumi.Output[str]
    log_group: pulumi.Output[str]

    def __init__(self, name: str, args: ResizerArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:resizer:Resizer", name, opts)
        function, execution = processing_function(
            self,
            name,
            "resizer",
            args,
            handler=HANDLER,
            description="Resizes uploads to the stack's renditions",
            queue=args.queue,
            distribution_arn=args.distribution_arn,
        )
        lambda_.EventSourceMapping(
            resource_name(name, "resizer"),
            event_source_arn=args.queue.arn,
            function_name=function.arn,
            batch_size=args.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config=_scaling(args.max_concurrency),
            provisioned_poller_config=_provisioned(args.pollers),
            tags=tags(),
            opts=self.child,
        )
        # `ops backfill` enables it while there are messages, because Lambda polls an idle queue
        # without end and each poll is billed. A deployment must not disable it meanwhile.
        lambda_.EventSourceMapping(
            resource_name(name, "backfill"),
            event_source_arn=args.queue.backfill_arn,
            function_name=function.arn,
            batch_size=args.batch_size,
            enabled=False,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": args.backfill_concurrency},
            tags=tags(),
            opts=pulumi.ResourceOptions.merge(
                self.child, pulumi.ResourceOptions(ignore_changes=["enabled"])
            ),
        )
        self.function_name, self.log_group = function.name, execution.log_group.name
        self.register_outputs({"function_name": self.function_name, "log_group": self.log_group})


def _scaling(most: int) -> lambda_.EventSourceMappingScalingConfigArgsDict | None:
    """Return a ceiling of concurrent invocations; None for 0.

    Without one, Lambda polls an idle queue with as few as two pollers instead of five (Lambda
    developer guide, "Configuring scaling behavior for SQS event source mappings").
    """
    return {"maximum_concurrency": most} if most else None


def _provisioned(
    pollers: Pollers | None,
) -> lambda_.EventSourceMappingProvisionedPollerConfigArgsDict | None:
    if pollers is None:
        return None
    return {"minimum_pollers": pollers.min, "maximum_pollers": pollers.max}
