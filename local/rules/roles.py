"""AWS Security Token Service: a role that a service of AWS assumes.

MiniStack assumes the roles of functions alone, whatever they trust, and its own evaluation of a
trust policy takes every service for the account's root.
"""

import hashlib
import json
import os
from typing import Any, cast

from local.rules.ministack import iam, iam_evaluator, responses, sts


def assume(role_arn: str, service: str, session_name: str) -> tuple[str, str, str] | None:
    """Return a key, its secret and a token; None unless the role exists and trusts the service.

    The service sends no condition key: AWS documents none for S3 Batch Operations.
    """
    name = role_arn.rpartition("/")[2]
    role: dict[str, Any] | None = iam._roles.get(name)
    if role is None or role["Arn"] != role_arn or not _trusts(role, service):
        return None
    digest = hashlib.sha256(os.urandom(32)).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:40], digest[40:]
    account = role_arn.split(":")[4]
    sts.register_session(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{name}:{session_name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return key, secret, token


def _trusts(role: dict[str, Any], service: str) -> bool:
    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=responses.get_account_id(),
        action="sts:AssumeRole",
        resource_arn=role["Arn"],
        region=responses.get_region(),
    )
    policy = json.loads(role["AssumeRolePolicyDocument"])
    effects = {
        statement["Effect"]
        for statement in cast("list[dict[str, Any]]", policy["Statement"])
        if service in _listed(statement.get("Principal"), "Service")
        and "sts:AssumeRole" in _listed(statement, "Action")
        and iam_evaluator._conditions_met(statement.get("Condition", {}), context)
    }
    return effects == {"Allow"}


def _listed(values: Any, name: str) -> list[str]:
    found: Any = cast("dict[str, Any]", values).get(name, []) if isinstance(values, dict) else []
    return [found] if isinstance(found, str) else found
