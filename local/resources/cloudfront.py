"""The CDN: its distributions, and what they use."""

import shutil
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from local.inputs import Inputs
from local.resources.calls import Call, send
from local.resources.kind import ACCOUNT_ID, Context, Created, Kind, State
from terminal import Failure


def function(context: Context, name: str, inputs: Inputs) -> Created:
    """Create and publish a function, or update the one that exists.

    Raises:
        Failure: there is no Node.js, which runs it here.
    """
    if shutil.which("node") is None:
        raise Failure("The CDN's function needs Node.js here; install it (apt install nodejs).")
    cloudfront = context.client("cloudfront")
    inputs.expect("publish", value=True)
    settings = {
        "Name": name,
        "FunctionConfig": {"Comment": "", "Runtime": inputs.need("runtime")},
        "FunctionCode": inputs.need("code").encode(),
    }
    try:
        cloudfront.create_function(**settings)
    except cloudfront.exceptions.FunctionAlreadyExists:
        cloudfront.update_function(**settings, IfMatch=_function_etag(cloudfront, name))
    published = cloudfront.publish_function(Name=name, IfMatch=_function_etag(cloudfront, name))
    arn = published["FunctionSummary"]["FunctionMetadata"]["FunctionARN"]
    return Created(name, {"arn": arn, "name": name})


def _delete_function(context: Context, state: State) -> None:
    cloudfront, name = context.client("cloudfront"), state["id"]
    cloudfront.delete_function(Name=name, IfMatch=_function_etag(cloudfront, name))


def _function_etag(cloudfront: Any, name: str) -> str:
    return cloudfront.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]


def distribution(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a distribution, or update it; it answers on the embedded AWS's own port."""
    inputs.expect("restrictions", {"geoRestriction": {"restrictionType": "none"}})
    config = {
        "callerReference": name,
        "origins": [_origin(origin) for origin in inputs.need("origins")],
        "originGroups": [_group(group) for group in inputs.take("originGroups", [])],
        "defaultCacheBehavior": _behavior(inputs.need("defaultCacheBehavior")),
        "cacheBehaviors": [_behavior(b) for b in inputs.take("orderedCacheBehaviors", [])],
        "aliases": inputs.take("aliases", []),
        "customErrorResponses": inputs.take("customErrorResponses", []),
        "restrictions": {"geoRestriction": {"restrictionType": "none"}},
        **inputs.rest(),
    }
    found = _find_distribution(context.client("cloudfront"), name)
    operation = "update_distribution" if found else "create_distribution"
    answer = send(context, "cloudfront", operation, {"distributionConfig": config, **found})
    made = answer["Distribution"]
    # Browsers look for names under ``localhost`` on this machine.
    port = urlsplit(context.endpoint).port
    outputs = {
        "arn": f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/{made['Id']}",
        "domainName": f"{made['DomainName'].removesuffix('.net')}.localhost:{port}",
        # The zone of all distributions (Route 53 API reference, AliasTarget).
        "hostedZoneId": "Z2FDTNDATAQYW2",
    }
    return Created(made["Id"], outputs)


def _origin(values: dict[str, Any]) -> dict[str, Any]:
    access = {"s3OriginConfig": {"originAccessIdentity": ""}}
    kind = {} if "customOriginConfig" in values else access
    return {"id": values.pop("originId"), **values, **kind}


def _group(values: dict[str, Any]) -> dict[str, Any]:
    return {"id": values.pop("originId"), **values}


def _behavior(values: dict[str, Any]) -> dict[str, Any]:
    """Move the cached methods to where CloudFront has them: among the allowed ones."""
    methods = {"items": values["allowedMethods"], "cachedMethods": values.pop("cachedMethods")}
    return {**values, "allowedMethods": methods}


def _find_distribution(cloudfront: Any, reference: str) -> dict[str, str]:
    """Return the id and the ETag of the distribution created by a reference; empty if none is."""
    for item in cloudfront.list_distributions()["DistributionList"].get("Items", []):
        found = cloudfront.get_distribution_config(Id=item["Id"])
        if found["DistributionConfig"]["CallerReference"] == reference:
            return {"Id": item["Id"], "IfMatch": found["ETag"]}
    return {}


def _delete_distribution(context: Context, state: State) -> None:
    """Disable it before, as CloudFront asks for."""
    cloudfront, identity = context.client("cloudfront"), state["id"]
    found = cloudfront.get_distribution_config(Id=identity)
    disabled = found["DistributionConfig"] | {"Enabled": False}
    etag = cloudfront.update_distribution(
        Id=identity, IfMatch=found["ETag"], DistributionConfig=disabled
    )["ETag"]
    cloudfront.delete_distribution(Id=identity, IfMatch=etag)


def _configuration(noun: str, type_: str, listing: Call) -> Kind:
    """Return the kind of a configuration that distributions use.

    Args:
        noun: its name in CloudFront's operations.
        type_: its name in their arguments and answers.
        listing: call for the id of the one whose name is ``$name``.
    """

    def etag(context: Context, identity: str) -> str:
        return getattr(context.client("cloudfront"), f"get_{noun}")(Id=identity)["ETag"]

    def put(context: Context, name: str, inputs: Inputs) -> Created:
        """Create a configuration that distributions use, or update the one of this name."""
        name = inputs.take("name", name)
        values = {f"{type_}Config": {"name": name, **inputs.rest()}}
        identity = listing(context, {"name": name})
        if identity:
            values |= {"id": identity, "ifMatch": etag(context, identity)}
            send(context, "cloudfront", f"update_{noun}", values)
        else:
            identity = send(context, "cloudfront", f"create_{noun}", values)[type_]["Id"]
        return Created(identity, {})

    def delete(context: Context, state: State) -> None:
        values = {"id": state["id"], "ifMatch": etag(context, state["id"])}
        send(context, "cloudfront", f"delete_{noun}", values)

    config = Call("cloudfront", f"get_{noun}_config", {"Id": "$id"}, f"{type_}Config")
    return Kind(put=put, read={"config": config}, delete=delete)


def _policy(noun: str, type_: str) -> Kind:
    plural = f"{noun.removesuffix('y')}ies"
    path = f"{type_}List.Items[].{type_} | [?{type_}Config.Name == '$name'].Id | [0]"
    listing = Call("cloudfront", f"list_{plural}", {"Type": "custom"}, path)
    return _configuration(noun, type_, listing)


KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudfront/originAccessControl:OriginAccessControl": _configuration(
        "origin_access_control",
        "OriginAccessControl",
        Call(
            "cloudfront",
            "list_origin_access_controls",
            {},
            "OriginAccessControlList.Items[?Name == '$name'].Id | [0]",
        ),
    ),
    "aws:cloudfront/function:Function": Kind(
        put=function,
        read={
            "function": Call(
                "cloudfront",
                "describe_function",
                {"Name": "$id", "Stage": "LIVE"},
                "FunctionSummary.FunctionConfig",
            ),
            "code": Call(
                "cloudfront", "get_function", {"Name": "$id", "Stage": "LIVE"}, "FunctionCode"
            ),
        },
        delete=_delete_function,
        tags=("cloudfront", "arn"),
    ),
    "aws:cloudfront/cachePolicy:CachePolicy": _policy("cache_policy", "CachePolicy"),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": _policy(
        "origin_request_policy", "OriginRequestPolicy"
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _policy(
        "response_headers_policy", "ResponseHeadersPolicy"
    ),
    "aws:cloudfront/distribution:Distribution": Kind(
        put=distribution,
        read={
            "config": Call(
                "cloudfront", "get_distribution_config", {"Id": "$id"}, "DistributionConfig"
            )
        },
        delete=_delete_distribution,
        tags=("cloudfront", "arn"),
    ),
}
