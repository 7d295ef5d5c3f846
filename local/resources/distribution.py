"""The CDN's distributions."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from local.inputs import Inputs
from local.resources.calls import Call, State
from local.resources.context import ACCOUNT_ID, Context, Created
from local.resources.kind import Kind
from local.resources.tags import put_tags, tags_of


def distribution(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a distribution, or update it; it answers on the embedded AWS's own port."""
    cloudfront = context.client("cloudfront")
    config = _config(name, inputs)
    found = _find_distribution(cloudfront, name)
    if found:
        identity, etag = found
        made = cloudfront.update_distribution(Id=identity, IfMatch=etag, DistributionConfig=config)[
            "Distribution"
        ]
    else:
        made = cloudfront.create_distribution(DistributionConfig=config)["Distribution"]
    put_tags(context, "cloudfront", made["ARN"], inputs.take("tags", {}))
    return _created(context, made["Id"], made["DomainName"])


def _delete(context: Context, state: State) -> None:
    """Disable it before, as CloudFront asks for."""
    cloudfront, identity = context.client("cloudfront"), state["id"]
    found = cloudfront.get_distribution_config(Id=identity)
    etag = cloudfront.update_distribution(
        Id=identity,
        IfMatch=found["ETag"],
        DistributionConfig=found["DistributionConfig"] | {"Enabled": False},
    )["ETag"]
    cloudfront.delete_distribution(Id=identity, IfMatch=etag)


def _find_distribution(cloudfront: Any, reference: str) -> tuple[str, str] | None:
    """Return the id and the ETag of the distribution that was created by this reference."""
    for item in cloudfront.list_distributions()["DistributionList"].get("Items", []):
        found = cloudfront.get_distribution_config(Id=item["Id"])
        if found["DistributionConfig"]["CallerReference"] == reference:
            return item["Id"], found["ETag"]
    return None


def _created(context: Context, distribution_id: str, domain: str) -> Created:
    """Return its name under ``localhost``, which browsers look for on this machine."""
    here = f"{domain.removesuffix('.net')}.localhost:{urlsplit(context.endpoint).port}"
    arn = f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/{distribution_id}"
    zone = "Z2FDTNDATAQYW2"  # of all distributions (Route 53 API reference, AliasTarget)
    return Created(distribution_id, {"arn": arn, "domainName": here, "hostedZoneId": zone})


def _config(name: str, inputs: Inputs) -> dict[str, Any]:
    inputs.expect("restrictions", {"geoRestriction": {"restrictionType": "none"}})
    origins = [_origin(origin) for origin in inputs.need("origins")]
    aliases = inputs.take("aliases", [])
    errors = [_error(values) for values in inputs.take("customErrorResponses", [])]
    behaviors = [_ordered(values) for values in inputs.take("orderedCacheBehaviors", [])]
    return {
        "CallerReference": name,
        "Comment": inputs.need("comment"),
        "Enabled": inputs.need("enabled"),
        "IsIPV6Enabled": inputs.need("isIpv6Enabled"),
        "HttpVersion": inputs.need("httpVersion"),
        "PriceClass": inputs.need("priceClass"),
        "Aliases": {"Quantity": len(aliases), "Items": aliases},
        "Origins": {"Quantity": len(origins), "Items": origins},
        "DefaultCacheBehavior": _behavior(inputs.need("defaultCacheBehavior")),
        "CacheBehaviors": {"Quantity": len(behaviors), "Items": behaviors},
        "CustomErrorResponses": {"Quantity": len(errors), "Items": errors},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "ViewerCertificate": _certificate(inputs.need("viewerCertificate")),
    }


def _certificate(values: dict[str, Any]) -> dict[str, Any]:
    names = {
        "cloudfrontDefaultCertificate": "CloudFrontDefaultCertificate",
        "acmCertificateArn": "ACMCertificateArn",
        "sslSupportMethod": "SSLSupportMethod",
        "minimumProtocolVersion": "MinimumProtocolVersion",
    }
    certificate = Inputs("the distribution's certificate", values)
    translated = {aws: certificate.take(key) for key, aws in names.items()}
    certificate.done()
    return {key: value for key, value in translated.items() if value is not None}


def _error(values: dict[str, Any]) -> dict[str, Any]:
    error = Inputs("the distribution's error response", values)
    translated = {
        "ErrorCode": error.need("errorCode"),
        "ErrorCachingMinTTL": error.need("errorCachingMinTtl"),
    }
    error.done()
    return translated


def _ordered(values: dict[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in values.items() if key != "pathPattern"}
    return {"PathPattern": values["pathPattern"], **_behavior(rest)}


def _origin(values: dict[str, Any]) -> dict[str, Any]:
    origin = Inputs("the distribution's origin", values)
    translated = {
        "Id": origin.need("originId"),
        "DomainName": origin.need("domainName"),
        "OriginAccessControlId": origin.need("originAccessControlId"),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    origin.done()
    return translated


def _behavior(values: dict[str, Any]) -> dict[str, Any]:
    behavior = Inputs("the distribution's behaviour", values)
    methods, cached = behavior.need("allowedMethods"), behavior.need("cachedMethods")
    functions = [
        {"EventType": f["eventType"], "FunctionARN": f["functionArn"]}
        for f in behavior.need("functionAssociations")
    ]
    translated = {
        "TargetOriginId": behavior.need("targetOriginId"),
        "ViewerProtocolPolicy": behavior.need("viewerProtocolPolicy"),
        "AllowedMethods": {
            "Quantity": len(methods),
            "Items": methods,
            "CachedMethods": {"Quantity": len(cached), "Items": cached},
        },
        "Compress": behavior.need("compress"),
        "CachePolicyId": behavior.need("cachePolicyId"),
        "OriginRequestPolicyId": behavior.need("originRequestPolicyId"),
        "ResponseHeadersPolicyId": behavior.need("responseHeadersPolicyId"),
        "FunctionAssociations": {"Quantity": len(functions), "Items": functions},
    }
    behavior.done()
    return translated


KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudfront/distribution:Distribution": Kind(
        put=distribution,
        read={
            "config": Call(
                "cloudfront", "get_distribution_config", {"Id": "$id"}, "DistributionConfig"
            ),
            "tags": tags_of("cloudfront", "$arn"),
        },
        delete=_delete,
    ),
}
