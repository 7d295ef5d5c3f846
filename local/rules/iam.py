"""AWS Identity and Access Management: the quota of a role's inline policies."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import iam, replaces

MAX_ROLE_POLICY: Final = 10_240
"""Characters of all inline policies of a role, white space not counted (IAM user guide, "IAM and
AWS STS quotas")."""


@replaces(iam._IAM_HANDLERS, "PutRolePolicy")
def large_role_policies(put: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    """Refuse an inline policy that takes the role over the quota ("IAM and AWS STS quotas")."""
    role = iam._p(parameters, "RoleName")
    known: Mapping[str, Any] = iam._roles.get(role) or {}
    policies: dict[str, str] = dict(known.get("InlinePolicies", {}))
    policies[iam._p(parameters, "PolicyName")] = iam._p(parameters, "PolicyDocument")
    if sum(len("".join(document.split())) for document in policies.values()) > MAX_ROLE_POLICY:
        message = f"Maximum policy size of {MAX_ROLE_POLICY} bytes exceeded for role {role}"
        return iam._error(409, "LimitExceeded", message)
    return put(parameters)
