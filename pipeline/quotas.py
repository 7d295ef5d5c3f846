"""Counts of each user's uploads: one DynamoDB table, made only if the stack has quotas."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import dynamodb

from pipeline.component import Component, Options
from pipeline.naming import resource_name, tags


@dataclass(frozen=True, kw_only=True)
class UserQuotasArgs:
    """Empty: the table is the same in every stack."""


class UserQuotas(Component):
    """A table billed by the request and encrypted by DynamoDB, which deletes its items by itself.

    ``signer/quota.py`` writes it: an item for each user and day, with counts and no file names. If
    it is lost, every user starts from zero again, so nothing protects it.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, _args: UserQuotasArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:quotas:UserQuotas", name, opts)
        table = dynamodb.Table(
            resource_name(name, "quotas"),
            billing_mode="PAY_PER_REQUEST",
            hash_key="user",
            range_key="day",
            attributes=[{"name": "user", "type": "S"}, {"name": "day", "type": "S"}],
            ttl={"attribute_name": "expires", "enabled": True},
            tags=tags(),
            opts=self.child,
        )
        self.name, self.arn = table.name, table.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
