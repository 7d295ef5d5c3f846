"""The AWS account, region and partition that the stack is deployed to."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The account that the provider's credentials belong to, and its region."""

    account_id: pulumi.Output[str]
    region: pulumi.Output[str]
    partition: pulumi.Output[str]

    @classmethod
    def current(cls, opts: pulumi.InvokeOutputOptions) -> "Identity":
        """Return the account, region and partition that the provider is set to."""
        return cls(
            account_id=aws.get_caller_identity_output(opts=opts).account_id,
            region=aws.get_region_output(opts=opts).region,
            partition=aws.get_partition_output(opts=opts).partition,
        )
