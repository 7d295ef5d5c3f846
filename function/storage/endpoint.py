"""Hosts of AWS services, for obstore and for the signed client alike."""

from collections.abc import Mapping


def endpoint_url(service: str, variables: Mapping[str, str]) -> str:
    """Return a service's URL (AWS SDKs guide, "Service-specific endpoints").

    obstore's own default is under amazonaws.com in every region, where China's have no hosts
    (Amazon Web Services in China, "Endpoints and ARNs").
    """
    given = variables.get(f"AWS_ENDPOINT_URL_{service.upper()}") or variables.get(
        "AWS_ENDPOINT_URL"
    )
    if given:
        return given
    region = signing_region(service, variables)
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    if service == "cloudfront" and region == "us-east-1":
        return f"https://{service}.{domain}"
    return f"https://{service}.{region}.{domain}"


def signing_region(service: str, variables: Mapping[str, str]) -> str:
    """Return the region that requests to a service are signed for.

    CloudFront has one host for all regions of a partition (AWS General Reference, "Amazon
    CloudFront endpoints and quotas"; Amazon Web Services in China, "Endpoints and ARNs").
    """
    region = variables["AWS_REGION"]
    if service != "cloudfront":
        return region
    return "cn-northwest-1" if region.startswith("cn-") else "us-east-1"
