"""The index of duplicates: one DynamoDB table, there only if the stack looks for duplicates."""

import pulumi
from pulumi_aws import dynamodb

from pipeline.naming import resource_name, tags


class DuplicateIndex(pulumi.ComponentResource):
    """A table that costs by the request, encrypted by DynamoDB; docs/duplicates.md says what for.

    It holds no pixels: digests, perceptual hashes and names of uploads. A backfill fills it anew.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("image-pipeline:duplicates:DuplicateIndex", name, None, opts)
        table = dynamodb.Table(
            resource_name(name, "duplicates"),
            billing_mode="PAY_PER_REQUEST",
            hash_key="bucket",
            range_key="name",
            attributes=[{"name": "bucket", "type": "S"}, {"name": "name", "type": "S"}],
            tags=tags(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name, self.arn = table.name, table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
