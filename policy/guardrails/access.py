"""Checks of who may do what."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from .resource import UNKNOWN, Resource, Statement, allows, as_list, names_anyone, of_type
from .rule import Each
from .transport import ACTIONS, BUCKET, BUCKET_POLICY

BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"

ON_ANYTHING: Final = frozenset({"xray:PutTraceSegments", "xray:PutTelemetryRecords"})
"""Actions that AWS lets one allow on ``*`` only (Service Authorization Reference, X-Ray)."""

CONNECT: Final = frozenset(
    {
        *("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
        *("ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses"),
        "ec2:UnassignPrivateIpAddresses",
    }
)
"""Actions on ``*`` that connect a function to a VPC (AWSLambdaVPCAccessExecutionRole)."""

BY_LAMBDA: Final = {"Null": {"lambda:SourceFunctionArn": "true"}}
"""Condition that no request of a function's own code meets."""


def wide_policy(policy: Resource) -> Iterator[str]:
    """A policy that allows every action or, where it is a role's, any resource."""
    for statement in policy.policy_statements() or []:
        yield from _wide(statement, by_role=policy.type not in ACTIONS)


def wide_role(role: Resource) -> Iterator[str]:
    """A role that anyone may assume, or that has policies which AWS wrote for everyone."""
    for statement in role.policy_statements("assumeRolePolicy") or []:
        if allows(statement) and names_anyone(statement):
            yield "anyone may assume the role; name the service that does."
    for inline in as_list(role.inputs.get("inlinePolicies")):
        if inline != UNKNOWN:
            yield from wide_policy(
                Resource(urn=role.urn, type=role.type, name=role.name, inputs=inline)
            )
    for arn in as_list(role.inputs.get("managedPolicyArns")):
        yield from _managed(arn)


def wide_attachment(attachment: Resource) -> Iterator[str]:
    """The same, attached from outside."""
    yield from _managed(attachment.inputs.get("policyArn"))


def wide_permission(permission: Resource) -> Iterator[str]:
    """A function that an AWS service may call for anyone, or anyone otherwise than by its URL."""
    principal = permission.inputs.get("principal")
    if not isinstance(principal, str):
        return
    if principal.endswith(".amazonaws.com") and not permission.inputs.get("sourceArn"):
        yield f"{principal} may call the function for any account; set sourceArn."
    is_by_url = permission.inputs.get("invokedViaFunctionUrl")
    invokes = permission.inputs.get("action") == "lambda:InvokeFunction"
    if principal == "*" and invokes and not is_by_url:
        yield "anyone may invoke the function; set invokedViaFunctionUrl to true."


def acls_blocked(block: Resource) -> Iterator[str]:
    """Object ACLs that could open a bucket, or a policy block that is half open."""
    for switch in ("blockPublicAcls", "ignorePublicAcls"):
        if not block.inputs.get(switch):
            yield f"an object's ACL could open it to anyone; set {switch} to true."
    if _blocks(block) is None:
        yield (
            "blockPublicPolicy and restrictPublicBuckets differ; "
            "set both to true, or both to false if the policy should be public."
        )


def public_access(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str]]:
    """Buckets without Block Public Access, or with one that its policy contradicts."""
    for bucket in of_type(resources, BUCKET):
        block = _beside(bucket, BLOCK, resources)
        if block is None:
            yield bucket, "nothing blocks public access; give it a BucketPublicAccessBlock."
            continue
        policy = _beside(bucket, BUCKET_POLICY, resources)
        statements = policy.policy_statements() if policy else []
        if statements is None:  # known only once the update has made what it names
            continue
        is_public = any(allows(s) and names_anyone(s) for s in statements)
        if is_public and _blocks(block):
            yield (
                block,
                "it blocks access that the bucket policy gives; change one of them.",
            )
        if not is_public and _blocks(block) is False:
            problem = "it is open and the bucket's policy lets nobody in"
            yield block, f"{problem}; set blockPublicPolicy and restrictPublicBuckets to true."


PRIVILEGE_CHECKS: Final[Mapping[str, Each]] = {
    **dict.fromkeys(
        ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy", *ACTIONS), wide_policy
    ),
    "aws:iam/role:Role": wide_role,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": wide_attachment,
    "aws:lambda/permission:Permission": wide_permission,
}


def _wide(statement: Statement, *, by_role: bool) -> Iterator[str]:
    if not allows(statement):
        return
    sid = statement.get("Sid", "a statement")
    for key in ("NotAction", "NotResource", "NotPrincipal"):
        if key in statement:
            yield f"{sid} allows everything except its {key}; name what it allows instead."
    actions = as_list(statement.get("Action"))
    for action in actions:
        if "*" in action or "?" in action:
            yield f"{sid} allows {action}; name each action."
    known = ON_ANYTHING | CONNECT if statement.get("Condition") == BY_LAMBDA else ON_ANYTHING
    if by_role and not known.issuperset(actions):
        for arn in as_list(statement.get("Resource")):
            if arn.split(":", 5)[-1].strip("*/") == "":
                yield f"{sid} allows it on {arn}; name the resources."


def _managed(arn: str | None) -> Iterator[str]:
    if arn and ":iam::aws:policy/" in arn:
        yield f"{arn} covers everyone's resources; write a policy that names the stack's."


def _blocks(block: Resource) -> bool | None:
    """Return whether public policies are blocked; None if it says two things at once."""
    blocks = bool(block.inputs.get("blockPublicPolicy"))
    return blocks if blocks == bool(block.inputs.get("restrictPublicBuckets")) else None


def _beside(bucket: Resource, type_: str, resources: Sequence[Resource]) -> Resource | None:
    return next((r for r in of_type(resources, type_) if r.uses(bucket, "bucket")), None)
