"""A Lambda function's log group, and its execution role."""

import json
from collections.abc import Callable

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from pipeline.component import Component
from pipeline.naming import resource_name, tags
from pipeline.permissions import roles
from pipeline.permissions.documents import Document
from pipeline.vpc import Vpc


class Execution:
    """A function's log group, its role, and the role's policy, which the function waits for."""

    def __init__(
        self,
        owner: Component,
        name: str,
        part: str,
        policy: Callable[..., Document],
        log_retention_days: int,
        *,
        permissions_boundary: pulumi.Input[str],
        write: Callable[[Document], str] = json.dumps,
        **arns: pulumi.Input[str],
    ) -> None:
        """Create them as children of ``owner``.

        Args:
            owner: the function's component.
            name: the pipeline's name.
            part: the function's part of it, e.g. ``resizer``.
            policy: returns the role's policy, given ``log_group_arn`` and ``arns``.
            log_retention_days: how long the log is kept.
            permissions_boundary: ARN of a policy that limits the role; empty for none.
            write: returns a policy as JSON.
            **arns: what the policy names besides the log group.
        """
        label = resource_name(name, part)
        self.log_group = cloudwatch.LogGroup(
            label,
            retention_in_days=log_retention_days,
            tags=tags(),
            opts=owner.named_before("name"),
        )
        self.role = iam.Role(
            label,
            assume_role_policy=json.dumps(roles.assumed_by_lambda()),
            permissions_boundary=permissions_boundary or None,
            tags=tags(),
            opts=owner.child,
        )
        known = pulumi.Output.all(log_group_arn=self.log_group.arn, **arns)
        self.policy = iam.RolePolicy(
            label,
            role=self.role.name,
            policy=known.apply(lambda arns: write(policy(**arns))),
            opts=owner.child,
        )


def vpc_config(vpc: Vpc | None) -> lambda_.FunctionVpcConfigArgsDict | None:
    """Return what connects a function to a VPC; None leaves it outside."""
    if vpc is None:
        return None
    return {
        "subnet_ids": vpc.subnets,
        "security_group_ids": vpc.security_groups,
    }
