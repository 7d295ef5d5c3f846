"""Roles and their inline policies."""

from local.inputs import Inputs
from local.resources.context import Context, Created


def role(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a role, or update the trust policy of the one that exists."""
    iam = context.client("iam")
    trust = inputs.need("assumeRolePolicy")
    tags = [{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()]
    try:
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, Tags=tags)["Role"][
            "Arn"
        ]
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        arn = iam.get_role(RoleName=name)["Role"]["Arn"]
    return Created(name, {"arn": arn, "name": name})


def role_policy(context: Context, name: str, inputs: Inputs) -> Created:
    """Put an inline policy on a role."""
    role_name = inputs.need("role")
    context.client("iam").put_role_policy(
        RoleName=role_name, PolicyName=name, PolicyDocument=inputs.need("policy")
    )
    return Created(f"{role_name}:{name}", {"name": name})
