"""The index of duplicates: one DynamoDB table, made only if the stack looks for duplicates."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import dynamodb

from pipeline.component import Component, Options
from pipeline.naming import resource_name, tags


@dataclass(frozen=True, kw_only=True)
class DuplicateIndexArgs:
    """Empty: the table is the same in every stack."""


class DuplicateIndex(Component):
    """A table billed by the request and encrypted by DynamoDB; docs/duplicates.md explains it.

    It holds digests, perceptual hashes and names of uploads, and no pixels. A backfill refills it.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, _args: DuplicateIndexArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:duplicates:DuplicateIndex", name, opts)
        table = dynamodb.Table(
            resource_name(name, "duplicates"),
            billing_mode="PAY_PER_REQUEST",
            hash_key="bucket",
            range_key="name",
            attributes=[{"name": "bucket", "type": "S"}, {"name": "name", "type": "S"}],
            tags=tags(),
            opts=self.child,
        )
        self.name, self.arn = table.name, table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
