"""What the CDN's distributions use: access to the origin, a function, and policies."""

import shutil
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from local.inputs import Inputs, to_aws
from local.resources.calls import Call, State
from local.resources.context import Context, Created
from local.resources.kind import Kind
from local.resources.tags import put_tags, tags_of
from terminal import Failure


def origin_access_control(context: Context, name: str, inputs: Inputs) -> Created:
    """Create the identity with which CloudFront signs requests to S3, or update it."""
    cloudfront = context.client("cloudfront")
    config = {
        "Name": name,
        "OriginAccessControlOriginType": inputs.need("originAccessControlOriginType"),
        "SigningBehavior": inputs.need("signingBehavior"),
        "SigningProtocol": inputs.need("signingProtocol"),
    }
    for item in cloudfront.list_origin_access_controls()["OriginAccessControlList"].get(
        "Items", []
    ):
        if item["Name"] == name:
            etag = cloudfront.get_origin_access_control(Id=item["Id"])["ETag"]
            cloudfront.update_origin_access_control(
                Id=item["Id"], IfMatch=etag, OriginAccessControlConfig=config
            )
            return Created(item["Id"], {})
    created = cloudfront.create_origin_access_control(OriginAccessControlConfig=config)
    return Created(created["OriginAccessControl"]["Id"], {})


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

    def etag() -> str:
        return cloudfront.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]

    try:
        cloudfront.create_function(**settings)
    except cloudfront.exceptions.FunctionAlreadyExists:
        cloudfront.update_function(**settings, IfMatch=etag())
    summary = cloudfront.publish_function(Name=name, IfMatch=etag())["FunctionSummary"]
    arn = summary["FunctionMetadata"]["FunctionARN"]
    put_tags(context, "cloudfront", arn, inputs.take("tags", {}))
    return Created(name, {"arn": arn, "name": name})


def cache_policy(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a cache policy, or update the one of this name."""
    parameters = Inputs(
        "the cache policy's key", inputs.need("parametersInCacheKeyAndForwardedToOrigin")
    )
    encodings = ("enableAcceptEncodingGzip", "enableAcceptEncodingBrotli")
    config = {
        "Name": name,
        "MinTTL": inputs.need("minTtl"),
        "DefaultTTL": inputs.need("defaultTtl"),
        "MaxTTL": inputs.need("maxTtl"),
        "ParametersInCacheKeyAndForwardedToOrigin": {
            **to_aws({key: parameters.need(key) for key in encodings}),
            "CookiesConfig": _listed(parameters.need("cookiesConfig")),
            "HeadersConfig": _listed(parameters.need("headersConfig")),
            "QueryStringsConfig": _listed(parameters.need("queryStringsConfig")),
        },
    }
    parameters.done()
    return _put_policy(context, "cache_policy", "CachePolicy", config)


def origin_request_policy(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a policy of what origins are sent, or update the one of this name."""
    kinds = ("cookiesConfig", "headersConfig", "queryStringsConfig")
    config = {"Name": name, **to_aws({kind: _listed(inputs.need(kind)) for kind in kinds})}
    return _put_policy(context, "origin_request_policy", "OriginRequestPolicy", config)


def response_headers_policy(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a policy of what headers viewers get, or update the one of this name."""
    config = {
        "Name": name,
        "SecurityHeadersConfig": to_aws(inputs.need("securityHeadersConfig")),
        "CustomHeadersConfig": _listed(inputs.need("customHeadersConfig")),
    }
    if cors := inputs.take("corsConfig"):
        config["CorsConfig"] = _listed(cors)
    return _put_policy(context, "response_headers_policy", "ResponseHeadersPolicy", config)


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    """Spelling of CloudFront's API, which counts each list that it is given."""
    counted: dict[str, Any] = {"Quantity": len(values["items"])} if "items" in values else {}
    whole = {
        key: _listed(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for key, value in values.items()
    }
    return to_aws(whole) | counted


def _put_policy(context: Context, operation: str, kind: str, config: dict[str, Any]) -> Created:
    cloudfront = context.client("cloudfront")
    parameter = {f"{kind}Config": config}
    listing = getattr(cloudfront, _LISTINGS[operation])(Type="custom")[f"{kind}List"]
    for item in listing.get("Items", []):
        found = item[kind]
        if found[f"{kind}Config"]["Name"] == config["Name"]:
            etag = getattr(cloudfront, f"get_{operation}")(Id=found["Id"])["ETag"]
            getattr(cloudfront, f"update_{operation}")(Id=found["Id"], IfMatch=etag, **parameter)
            return Created(found["Id"], {})
    created = getattr(cloudfront, f"create_{operation}")(**parameter)[kind]
    return Created(created["Id"], {})


_LISTINGS = {
    "cache_policy": "list_cache_policies",
    "origin_request_policy": "list_origin_request_policies",
    "response_headers_policy": "list_response_headers_policies",
}


def _delete_function(context: Context, state: State) -> None:
    cloudfront, name = context.client("cloudfront"), state["id"]
    etag = cloudfront.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]
    cloudfront.delete_function(Name=name, IfMatch=etag)


def _kind(put: Callable[[Context, str, Inputs], Created], what: str, kind: str) -> Kind:
    """Return the kind of what is one configuration."""
    get = f"get_{what}_config"

    def delete(context: Context, state: State) -> None:
        cloudfront, identity = context.client("cloudfront"), state["id"]
        etag = getattr(cloudfront, get)(Id=identity)["ETag"]
        getattr(cloudfront, f"delete_{what}")(Id=identity, IfMatch=etag)

    return Kind(
        put=put,
        read={"config": Call("cloudfront", get, {"Id": "$id"}, f"{kind}Config")},
        delete=delete,
    )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudfront/originAccessControl:OriginAccessControl": _kind(
        origin_access_control, "origin_access_control", "OriginAccessControl"
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
            "tags": tags_of("cloudfront", "$arn"),
        },
        delete=_delete_function,
    ),
    "aws:cloudfront/cachePolicy:CachePolicy": _kind(cache_policy, "cache_policy", "CachePolicy"),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": _kind(
        origin_request_policy, "origin_request_policy", "OriginRequestPolicy"
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _kind(
        response_headers_policy, "response_headers_policy", "ResponseHeadersPolicy"
    ),
}
