"""AWS Identity and Access Management: the quota of a role's inline policies."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.services import iam as module

_iam: Final[Any] = module
_put_role_policy: Final[Callable[[Mapping[str, Any]], Any]] = _iam._put_role_policy

MAX_ROLE_POLICY: Final = 10_240
"""Characters of all inline policies of a role, white space not counted (IAM user guide, "IAM and
AWS STS quotas")."""


def large_role_policies(parameters: Mapping[str, Any]) -> Any:
    """Refuse an inline policy that takes the role over the quota ("IAM and AWS STS quotas")."""
    role = _iam._p(parameters, "RoleName")
    known: Mapping[str, Any] = _iam._roles.get(role) or {}
    policies: dict[str, str] = dict(known.get("InlinePolicies", {}))
    policies[_iam._p(parameters, "PolicyName")] = _iam._p(parameters, "PolicyDocument")
    if sum(len("".join(document.split())) for document in policies.values()) > MAX_ROLE_POLICY:
        message = f"Maximum policy size of {MAX_ROLE_POLICY} bytes exceeded for role {role}"
        return _iam._error(409, "LimitExceeded", message)
    return _put_role_policy(parameters)


def install() -> None:
    """Make MiniStack's IAM keep this quota, in this process."""
    _iam._IAM_HANDLERS["PutRolePolicy"] = large_role_policies
