"""Resources that CloudFront and CloudWatch Logs refuse to delete while in use, over HTTP."""

import pytest
from botocore.exceptions import ClientError

from local.resources import delete, put

CONFLICTS = {
    "aws:cloudfront/cachePolicy:CachePolicy": "CachePolicyInUse",
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": "OriginRequestPolicyInUse",
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": "ResponseHeadersPolicyInUse",
    "aws:cloudfront/originAccessControl:OriginAccessControl": "OriginAccessControlInUse",
    "aws:cloudfront/function:Function": "FunctionInUse",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": "ConflictException",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": "ConflictException",
}
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
DELIVERY = "aws:cloudwatch/logDelivery:LogDelivery"


@pytest.fixture(scope="module")
def used(context):
    """One of each type, used by a distribution or by a log delivery."""
    values = {
        "aws:cloudfront/cachePolicy:CachePolicy": {
            "minTtl": 0,
            "defaultTtl": 1,
            "maxTtl": 1,
            "parametersInCacheKeyAndForwardedToOrigin": {
                "enableAcceptEncodingGzip": True,
                "enableAcceptEncodingBrotli": True,
                "cookiesConfig": {"cookieBehavior": "none"},
                "headersConfig": {"headerBehavior": "none"},
                "queryStringsConfig": {"queryStringBehavior": "none"},
            },
        },
        "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": {
            "cookiesConfig": {"cookieBehavior": "none"},
            "headersConfig": {"headerBehavior": "none"},
            "queryStringsConfig": {"queryStringBehavior": "none"},
        },
        "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": {
            "securityHeadersConfig": {"contentTypeOptions": {"override": True}},
            "customHeadersConfig": {"items": []},
        },
        "aws:cloudfront/originAccessControl:OriginAccessControl": {
            "originAccessControlOriginType": "s3",
            "signingBehavior": "always",
            "signingProtocol": "sigv4",
        },
        "aws:cloudfront/function:Function": {
            "runtime": "cloudfront-js-2.0",
            "publish": True,
            "code": "function handler(event) { return event.request; }",
        },
    }
    made = {type_: put(context, type_, "in-use", given) for type_, given in values.items()}
    cache, request, headers, access, function = made.values()
    behavior = {
        "targetOriginId": "a",
        "viewerProtocolPolicy": "https-only",
        "allowedMethods": ["GET", "HEAD"],
        "cachedMethods": ["GET", "HEAD"],
        "compress": True,
        "cachePolicyId": cache.id,
        "originRequestPolicyId": request.id,
        "responseHeadersPolicyId": headers.id,
        "functionAssociations": [
            {"eventType": "viewer-request", "functionArn": function.outputs["arn"]}
        ],
    }
    origin = {
        "originId": "a",
        "domainName": "a.s3.us-east-1.amazonaws.com",
        "originAccessControlId": access.id,
    }
    distribution = {
        "comment": "",
        "enabled": True,
        "isIpv6Enabled": True,
        "httpVersion": "http2",
        "priceClass": "PriceClass_All",
        "origins": [origin],
        "defaultCacheBehavior": behavior,
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
    }
    users = {DISTRIBUTION: put(context, DISTRIBUTION, "in-use", distribution)}
    source = {"resourceArn": users[DISTRIBUTION].outputs["arn"], "logType": "ACCESS_LOGS"}
    bucket = {"destinationResourceArn": "arn:aws:s3:::in-use"}
    destination = {"outputFormat": "json", "deliveryDestinationConfiguration": bucket}
    for kind, given in ("Source", source), ("Destination", destination):
        type_ = f"aws:cloudwatch/logDelivery{kind}:LogDelivery{kind}"
        made[type_] = put(context, type_, "in-use", given)
    ends = {
        "deliverySourceName": "in-use",
        "deliveryDestinationArn": made[type_].outputs["arn"],
    }
    users[DELIVERY] = put(context, DELIVERY, "in-use", ends)
    return made, users


def remove(context, made):
    """Delete each; the code of the first refusal by type."""
    codes = {}
    for type_, created in made.items():
        try:
            delete(context, type_, created.id, {}, created.outputs)
        except ClientError as error:
            codes[type_] = error.response["Error"]["Code"]
    return codes


def test_what_is_used_is_kept_and_goes_afterwards(context, used):
    """Pages "DeleteCachePolicy", "DeleteFunction", "DeleteOriginAccessControl" and their like in
    the CloudFront API reference; "DeleteDeliverySource" and "DeleteDeliveryDestination" in that of
    CloudWatch Logs."""
    made, users = used
    assert remove(context, made) == CONFLICTS
    assert remove(context, users) == {}
    assert remove(context, made) == {}
