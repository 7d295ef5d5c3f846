"""The CDN."""

from typing import Any

from local.inputs import Inputs
from local.resources.context import ACCOUNT_ID, Context, Created


def origin_access_control(context: Context, name: str, inputs: Inputs) -> Created:
    """Create the identity with which CloudFront signs requests to S3."""
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
            return Created(item["Id"], {})
    created = cloudfront.create_origin_access_control(OriginAccessControlConfig=config)
    return Created(created["OriginAccessControl"]["Id"], {})


def distribution(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a distribution; it answers on the embedded AWS's own port."""
    cloudfront = context.client("cloudfront")
    config = _config(name, inputs)
    tags = [{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()]
    for item in cloudfront.list_distributions()["DistributionList"].get("Items", []):
        if item["Comment"] == config["Comment"]:
            found = cloudfront.get_distribution_config(Id=item["Id"])
            config["CallerReference"] = found["DistributionConfig"]["CallerReference"]
            cloudfront.update_distribution(
                Id=item["Id"], IfMatch=found["ETag"], DistributionConfig=config
            )
            return _created(item["Id"], item["DomainName"])
    created = cloudfront.create_distribution_with_tags(
        DistributionConfigWithTags={"DistributionConfig": config, "Tags": {"Items": tags}}
    )["Distribution"]
    return _created(created["Id"], created["DomainName"])


def _created(distribution_id: str, domain: str) -> Created:
    arn = f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/{distribution_id}"
    return Created(distribution_id, {"arn": arn, "domainName": domain})


def _config(name: str, inputs: Inputs) -> dict[str, Any]:
    inputs.expect("restrictions", {"geoRestriction": {"restrictionType": "none"}})
    inputs.expect("viewerCertificate", {"cloudfrontDefaultCertificate": True})
    origins = [_origin(origin) for origin in inputs.need("origins")]
    return {
        "CallerReference": name,
        "Comment": inputs.need("comment"),
        "Enabled": inputs.need("enabled"),
        "IsIPV6Enabled": inputs.need("isIpv6Enabled"),
        "HttpVersion": inputs.need("httpVersion"),
        "Origins": {"Quantity": len(origins), "Items": origins},
        "DefaultCacheBehavior": _behavior(inputs.need("defaultCacheBehavior")),
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True},
    }


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
        "ResponseHeadersPolicyId": behavior.need("responseHeadersPolicyId"),
    }
    behavior.done()
    return translated
