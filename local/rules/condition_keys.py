"""Condition keys of Amazon S3 that MiniStack leaves out when it evaluates a policy.

MiniStack (1.5.33) gives a PUT's policies its ACL and its encryption algorithm alone. Without the
others, a condition that the key must be absent would always hold, and the bucket's policy would
deny less here than on AWS.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import iam_actions, replaces

HEADERS: Final = (
    "x-amz-storage-class",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
)
"""Headers of s3:PutObject whose condition keys are ``s3:<header>`` (Service Authorization
Reference, "Actions, resources, and condition keys for Amazon S3")."""


@replaces(vars(iam_actions), "s3_service_context")
def condition_keys(
    ministacks: Callable[..., dict[str, Any]],
    iam_action: str,
    query_params: Mapping[str, Any] | None,
    path: str = "",
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the condition keys of a request, with those of ``HEADERS`` that it has."""
    context = ministacks(iam_action, query_params, path, headers)
    if iam_action == "s3:PutObject":
        sent = headers or {}
        context |= {f"s3:{name}": sent[name] for name in HEADERS if name in sent}
    return context
