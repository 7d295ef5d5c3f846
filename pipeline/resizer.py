"""The Lambda function that resizes, its log, its role, and its subscriptions to the two queues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pulumi
from pulumi_aws import lambda_

from function.engine.renditions import Rendition
from pipeline.buckets import SecureBucket
from pipeline.bundle import Bundle
from pipeline.component import Component, Options
from pipeline.duplicates import DuplicateIndex
from pipeline.execution import Execution
from pipeline.naming import resource_name, tags
from pipeline.permissions import roles
from pipeline.permissions.documents import to_json
from pipeline.queues import UploadQueue
from pipeline.settings import Pollers

HANDLER: Final = "function.handler.handle"


@dataclass(frozen=True, kw_only=True)
class ResizerArgs:
    """The resources that the function works with, and its Lambda settings.

    ``variables`` are its environment; ``kms_key_arn`` is empty for S3-managed keys; ``index`` is
    given if the stack looks for duplicates.
    """

    bundle: Bundle
    variables: pulumi.Input[Mapping[str, str]]
    source: SecureBucket
    destination: SecureBucket
    queue: UploadQueue
    kms_key_arn: pulumi.Input[str]
    index: DuplicateIndex | None
    renditions: Sequence[Rendition]
    runtime: str
    architecture: str
    memory: int
    timeout: int
    batch_size: int
    max_concurrency: int
    pollers: Pollers | None
    backfill_concurrency: int
    tracing: bool
    log_retention_days: int


class Resizer(Component):
    """The function, with least privilege and partial batch responses."""

    function_name: pulumi.Output[str]
    log_group: pulumi.Output[str]

    def __init__(self, name: str, args: ResizerArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:resizer:Resizer", name, opts)
        label = resource_name(name, "resizer")
        role = partial(roles.resizer_role, renditions=args.renditions, tracing=args.tracing)
        execution = Execution(
            self,
            name,
            "resizer",
            role,
            args.log_retention_days,
            write=to_json,
            source_arn=args.source.arn,
            destination_arn=args.destination.arn,
            queue_arn=args.queue.arn,
            backfill_arn=args.queue.backfill_arn,
            key_arn=args.kms_key_arn,
            index_arn=args.index.arn if args.index else "",
        )
        function = lambda_.Function(
            label,
            description="Resizes uploads to the stack's renditions",
            code=pulumi.FileArchive(str(args.bundle.path)),
            handler=HANDLER,
            runtime=args.runtime,
            architectures=[args.architecture],
            memory_size=args.memory,
            timeout=args.timeout,
            role=execution.role.arn,
            environment={"variables": args.variables},
            logging_config={"log_format": "JSON", "log_group": execution.log_group.name},
            tracing_config={"mode": "Active" if args.tracing else "PassThrough"},
            tags=tags(),
            opts=self.after(execution.policy),
        )
        lambda_.EventSourceMapping(
            label,
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
