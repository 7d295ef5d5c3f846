"""Web ACLs of distributions."""

from collections.abc import Mapping
from typing import Any, Final

from local.inputs import Inputs
from local.resources.calls import Call, send
from local.resources.kind import Context, Created, Kind, State

SCOPE: Final = "CLOUDFRONT"
REGION: Final = "us-east-1"
"""The region of that scope, the only one of the embedded AWS."""


def web_acl(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a web ACL, or update the one of this name."""
    inputs.expect("region", REGION)
    inputs.expect("scope", SCOPE)
    name = inputs.take("name", name)
    values = {"name": name, "scope": SCOPE, **inputs.rest()}
    found = _find(context, name)
    if found:
        send(context, "wafv2", "update_web_acl", values | found)
    else:
        send(context, "wafv2", "create_web_acl", values)
    made = _summaries(context)[name]
    return Created(made["Id"], {"arn": made["ARN"], "name": name})


def _find(context: Context, name: str) -> dict[str, str]:
    """Return the id and lock token of the web ACL of a name; empty if there is none."""
    found = _summaries(context).get(name)
    return {"id": found["Id"], "lockToken": found["LockToken"]} if found else {}


def _summaries(context: Context) -> dict[str, dict[str, Any]]:
    listed = context.client("wafv2").list_web_acls(Scope=SCOPE)["WebACLs"]
    return {acl["Name"]: acl for acl in listed}


def _delete(context: Context, state: State) -> None:
    named = {"Name": state["name"], "Scope": SCOPE, "Id": state["id"]}
    wafv2 = context.client("wafv2")
    wafv2.delete_web_acl(**named, LockToken=wafv2.get_web_acl(**named)["LockToken"])


KINDS: Final[Mapping[str, Kind]] = {
    "aws:wafv2/webAcl:WebAcl": Kind(
        put=web_acl,
        read={
            "acl": Call(
                "wafv2", "get_web_acl", {"Name": "$name", "Scope": SCOPE, "Id": "$id"}, "WebACL"
            )
        },
        delete=_delete,
        tags=("wafv2", "arn"),
    ),
}
