"""AWS Lambda in a VPC: permissions of its role, and the condition key of its code's requests.

MiniStack connects a function whatever its role allows, and gives a function's requests no source
function ARN, so that a condition on it would always see none.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.rules.ministack import error, iam_evaluator, lambda_svc, replaces, role_may

NEEDED: Final = "ec2:CreateNetworkInterface"
"""Of the actions that Lambda needs, the one by which it makes interfaces (Lambda developer guide,
"Giving Lambda functions access to resources in an Amazon VPC", required IAM permissions, read
2026-11-27). The page does not have the error's code and text; they are those of webiny/webiny-js
issue 2580 and METR/inspect-action pull request 138 on GitHub (read 2026-11-27)."""


@replaces(vars(lambda_svc), "_create_function")
@replaces(vars(lambda_svc), "_update_config")
def connection(act: Callable[..., Any], *arguments: Any) -> Any:
    """Refuse a VPC to a function whose role does not let Lambda make network interfaces."""
    given: Mapping[str, Any] = arguments[-1]
    vpc: Mapping[str, Any] = given.get("VpcConfig") or {}
    if vpc.get("SubnetIds") and not role_may(_role(*arguments), NEEDED, "*"):
        return error(
            "InvalidParameterValueException",
            "The provided execution role does not have permissions to call "
            "CreateNetworkInterface on EC2",
        )
    return act(*arguments)


def _role(*arguments: Any) -> str:
    """Return the role of a request, or the one that the function has."""
    given: Mapping[str, Any] = arguments[-1]
    return given.get("Role") or lambda_svc._functions[arguments[0]]["config"]["Role"]


@replaces(vars(iam_evaluator), "_principal_keys")
def source_function(keys: Callable[[Any], dict[str, Any]], credential: Any) -> dict[str, Any]:
    """Return a caller's condition keys, a function's with its ARN.

    "Using source function ARN to control function access behavior" (Lambda developer guide, read
    2026-11-27). The session of a function's role has the function's name.
    """
    found = keys(credential)
    name = str(credential.principal_arn).rpartition("/")[2]
    function: Mapping[str, Any] = lambda_svc._functions.get(name) or {}
    config: Mapping[str, Any] = function.get("config") or {}
    if credential.principal_type == "AssumedRole" and config:
        found["lambda:sourcefunctionarn"] = config["FunctionArn"]
    return found
