"""A backfill by S3 Batch Operations: a separate function, and the role of its jobs."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import iam

from pipeline.component import Component, Options, policy_of
from pipeline.naming import resource_name, tags
from pipeline.permissions import job_role
from pipeline.processing import ProcessingArgs, processing_function

HANDLER: Final = "function.batch_operations.handle"

PART: Final = "batch"


@dataclass(frozen=True, kw_only=True)
class BatchOperationsArgs(ProcessingArgs):
    """The function's reserved concurrency, which is its limit as well."""

    batch_operations_concurrency: int


class BatchOperations(Component):
    """The same code as the resizer's, without a queue, and the role that a job invokes it with.

    Batch Operations calls a function directly, as often at one time as it can; the reserved
    concurrency leaves the account's other invocations to live uploads. The function writes its
    figures only to its log: metrics would cost money every month, and a job counts its tasks
    itself.
    """

    function_arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: BatchOperationsArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:batch_operations:BatchOperations", name, opts)
        function, _ = processing_function(
            self,
            name,
            PART,
            args,
            handler=HANDLER,
            description="Renders the uploads of S3 Batch Operations' jobs again",
            reserved_concurrency=args.batch_operations_concurrency,
        )
        label = resource_name(name, f"{PART}-job")
        role = iam.Role(
            label,
            assume_role_policy=json.dumps(job_role.assumed_by_batch_operations()),
            permissions_boundary=args.permissions_boundary or None,
            tags=tags(),
            opts=self.child,
        )
        iam.RolePolicy(
            label,
            role=role.name,
            policy=policy_of(job_role.job_role, function.arn, args.source.arn),
            opts=self.child,
        )
        self.function_arn, self.role_arn = function.arn, role.arn
        self.register_outputs({"function_arn": self.function_arn, "role_arn": self.role_arn})
