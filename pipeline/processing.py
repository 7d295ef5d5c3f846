"""A function that renders uploads, with its log and its role; its owner connects its trigger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pulumi
from pulumi_aws import lambda_

from function.engine.renditions import Rendition
from pipeline.buckets import Bucket
from pipeline.bundle import Bundle
from pipeline.component import Component
from pipeline.duplicates import DuplicateIndex
from pipeline.execution import Execution, vpc_config
from pipeline.naming import resource_name, tags
from pipeline.permissions import roles
from pipeline.permissions.documents import to_json
from pipeline.queues import UploadQueue
from pipeline.vpc import Vpc


@dataclass(frozen=True, kw_only=True)
class ProcessingArgs:
    """The resources that the function works with, and its Lambda settings.

    ``variables`` are its environment; ``kms_key_arn`` is empty for S3-managed keys; ``index`` is
    given if the stack looks for duplicates; ``rejected_upload_days`` is 0 if rejected uploads stay;
    ``permissions_boundary`` and ``moderator`` are empty for none, and ``vpc`` is None; ``prefixes``
    are the uploads'.
    """

    bundle: Bundle
    variables: pulumi.Input[Mapping[str, str]]
    source: Bucket
    destination: Bucket
    kms_key_arn: pulumi.Input[str]
    index: DuplicateIndex | None
    renditions: Sequence[Rendition]
    runtime: str
    architecture: str
    memory: int
    timeout: int
    tracing: bool
    log_retention_days: int
    rejected_upload_days: int
    permissions_boundary: pulumi.Input[str]
    vpc: Vpc | None
    prefixes: Sequence[str]
    moderator: pulumi.Input[str]


def processing_function(
    owner: Component,
    name: str,
    part: str,
    args: ProcessingArgs,
    *,
    handler: str,
    description: str,
    queue: UploadQueue | None = None,
    distribution_arn: pulumi.Input[str] = "",
    reserved_concurrency: int | None = None,
) -> tuple[lambda_.Function, Execution]:
    """Create the function as a child of ``owner``, after its log, its role and the role's policy.

    Args:
        owner: the function's component.
        name: the pipeline's name.
        part: the function's part of it, e.g. ``resizer``.
        args: what it works with.
        handler: its entry point in the bundle.
        description: what it is for.
        queue: the queues that feed it, if any.
        distribution_arn: CDN that it may have forget what a moderator takes down; empty for none.
        reserved_concurrency: invocations at one time, reserved for it and its limit as well.
    """
    execution = Execution(
        owner,
        name,
        part,
        partial(
            roles.resizer_role,
            renditions=args.renditions,
            tracing=args.tracing,
            tags_rejected=args.rejected_upload_days > 0,
            in_vpc=args.vpc is not None,
            prefixes=args.prefixes,
        ),
        args.log_retention_days,
        permissions_boundary=args.permissions_boundary,
        write=to_json,
        source_arn=args.source.arn,
        destination_arn=args.destination.arn,
        queue_arn=queue.arn if queue else "",
        backfill_arn=queue.backfill_arn if queue else "",
        key_arn=args.kms_key_arn,
        index_arn=args.index.arn if args.index else "",
        moderator_arn=args.moderator,
        distribution_arn=distribution_arn,
    )
    function = engine_function(
        owner,
        name,
        part,
        args,
        execution,
        handler=handler,
        description=description,
        reserved_concurrency=reserved_concurrency,
    )
    return function, execution


def engine_function(
    owner: Component,
    name: str,
    part: str,
    args: ProcessingArgs,
    execution: Execution,
    *,
    handler: str,
    description: str,
    reserved_concurrency: int | None = None,
) -> lambda_.Function:
    """Create a function that has the engine; see ``processing_function`` for the arguments."""
    return lambda_.Function(
        resource_name(name, part),
        description=description,
        code=pulumi.FileArchive(str(args.bundle.path)),
        handler=handler,
        runtime=args.runtime,
        architectures=[args.architecture],
        memory_size=args.memory,
        timeout=args.timeout,
        reserved_concurrent_executions=reserved_concurrency,
        role=execution.role.arn,
        environment={"variables": args.variables},
        logging_config={"log_format": "JSON", "log_group": execution.log_group.name},
        vpc_config=vpc_config(args.vpc),
        tracing_config={"mode": "Active" if args.tracing else "PassThrough"},
        tags=tags(),
        opts=owner.after(execution.policy),
    )
