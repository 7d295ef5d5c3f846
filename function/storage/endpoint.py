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
    region = variables["AWS_REGION"]
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{domain}"
