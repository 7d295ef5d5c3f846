"""The Lambda function that makes lazy formats, and its subscription to their queue."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pulumi
from pulumi_aws import lambda_, sqs

from pipeline.component import Component, Options
from pipeline.environment import MOST_VIEW_SECONDS
from pipeline.execution import Execution
from pipeline.naming import resource_name, tags
from pipeline.permissions import roles
from pipeline.permissions.documents import to_json
from pipeline.processing import ProcessingArgs, engine_function

HANDLER: Final = "function.format_handler.handle"

PART: Final = "formats"


@dataclass(frozen=True, kw_only=True)
class FormatsArgs(ProcessingArgs):
    """The queue of lazy formats, and how many of its messages are processed at one time."""

    queue: sqs.Queue
    backfill_concurrency: int


class Formats(Component):
    """The resizer's code for formats that no reader waits for, a few at a time.

    It is a separate function: as part of the resizer or of the function for first views it would
    take executions that are meant for uploads or readers, and need the permissions of both. Its
    mapping has a ceiling, so nothing is reserved for it.
    """

    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: FormatsArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:formats:Formats", name, opts)
        execution = Execution(
            self,
            name,
            PART,
            partial(
                roles.formats_role,
                renditions=args.renditions,
                tracing=args.tracing,
                in_vpc=args.vpc is not None,
                prefixes=args.prefixes,
            ),
            args.log_retention_days,
            permissions_boundary=args.permissions_boundary,
            write=to_json,
            source_arn=args.source.arn,
            destination_arn=args.destination.arn,
            key_arn=args.kms_key_arn,
            format_queue_arn=args.queue.arn,
        )
        function = engine_function(
            self,
            name,
            PART,
            # An attempt has no more time than a first view (``function/lazy_formats.py``).
            replace(args, timeout=min(args.timeout, MOST_VIEW_SECONDS)),
            execution,
            handler=HANDLER,
            description="Makes lazy formats that readers have asked for",
        )
        lambda_.EventSourceMapping(
            resource_name(name, PART),
            event_source_arn=args.queue.arn,
            function_name=function.arn,
            batch_size=1,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": args.backfill_concurrency},
            tags=tags(),
            opts=self.child,
        )
        self.function_name = function.name
        self.register_outputs({"function_name": self.function_name})
