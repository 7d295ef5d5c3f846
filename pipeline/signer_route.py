"""The route from the CDN to the signer: its path is never cached, and requests are signed."""

from typing import Final

from pulumi_aws import cloudfront

PATH: Final = "/_sign"
"""Path of the signer. Renditions and manifests have paths of two parts or more."""

ORIGIN: Final = "signer"

CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
"""CloudFront developer guide, "Use managed cache policies": CachingDisabled."""

ALL_BUT_HOST: Final = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
"""CloudFront developer guide, "Use managed origin request policies": AllViewerExceptHostHeader,
which is meant for function URLs. It passes on the body's hash and the headers of CORS."""


def behavior(
    headers: cloudfront.ResponseHeadersPolicy,
) -> cloudfront.DistributionOrderedCacheBehaviorArgsDict:
    """Return the behaviour of ``PATH``; CloudFront allows POST with all methods only."""
    return {
        "path_pattern": PATH,
        "target_origin_id": ORIGIN,
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        "cached_methods": ["GET", "HEAD"],
        "compress": False,
        "cache_policy_id": CACHING_DISABLED,
        "origin_request_policy_id": ALL_BUT_HOST,
        "response_headers_policy_id": headers.id,
    }
