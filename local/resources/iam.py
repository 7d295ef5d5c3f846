"""Roles and their inline policies."""

from collections.abc import Mapping
from typing import Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.kind import Context, Created, Kind


def role(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a role, or update the one that exists."""
    iam = context.client("iam")
    trust, boundary = inputs.need("assumeRolePolicy"), inputs.take("permissionsBoundary", None)
    bounded = {"PermissionsBoundary": boundary} if boundary else {}
    try:
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust, **bounded)["Role"]
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
        role = iam.get_role(RoleName=name)["Role"]
        if boundary:
            iam.put_role_permissions_boundary(RoleName=name, **bounded)
        elif role.get("PermissionsBoundary"):
            iam.delete_role_permissions_boundary(RoleName=name)
    return Created(name, {"arn": role["Arn"], "name": name})


def role_policy(context: Context, name: str, inputs: Inputs) -> Created:
    """Put an inline policy on a role."""
    role_name = inputs.need("role")
    context.client("iam").put_role_policy(
        RoleName=role_name, PolicyName=name, PolicyDocument=inputs.need("policy")
    )
    return Created(f"{role_name}:{name}", {"name": name, "role": role_name})


_POLICY: Final = {"RoleName": "$role", "PolicyName": "$name"}

KINDS: Final[Mapping[str, Kind]] = {
    "aws:iam/role:Role": Kind(
        put=role,
        read={
            # Tags are read by a separate call, because this one returns them only if there are any.
            "role": Call(
                "iam",
                "get_role",
                {"RoleName": "$id"},
                "Role.{arn: Arn, trust: AssumeRolePolicyDocument, seconds: MaxSessionDuration, "
                "boundary: PermissionsBoundary.PermissionsBoundaryArn}",
            )
        },
        delete=Call("iam", "delete_role", {"RoleName": "$id"}),
        tags=("iam", "id"),
    ),
    "aws:iam/rolePolicy:RolePolicy": Kind(
        put=role_policy,
        read={"policy": Call("iam", "get_role_policy", _POLICY)},
        delete=Call("iam", "delete_role_policy", _POLICY),
    ),
}
