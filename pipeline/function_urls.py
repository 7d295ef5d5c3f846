"""Function URLs: the permissions to call one, and how it is an origin of the CDN."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import pulumi
from pulumi_aws import cloudfront, lambda_

from pipeline.component import Component

CLOUDFRONT: Final = "cloudfront.amazonaws.com"
"""The principal that CloudFront signs its requests as (developer guide, "Restrict access to an AWS
Lambda function URL origin")."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The principal that may call a function by its URL, whose ``AuthType`` is ``auth_type``.

    ``source_arn`` is the resource that a service calls for; None for any.
    """

    principal: str
    auth_type: str
    source_arn: pulumi.Input[str] | None = None


def distribution(arn: pulumi.Input[str]) -> Caller:
    """Return one CloudFront distribution, which signs its requests, as the caller."""
    return Caller(principal=CLOUDFRONT, auth_type="AWS_IAM", source_arn=arn)


def allow(
    owner: Component, label: str, function: lambda_.Function, caller: Caller
) -> list[lambda_.Permission]:
    """Grant the two permissions that function URLs made since October 2025 need.

    The second holds for calls through the URL alone. Each permission changes the function's one
    policy, and so does making the URL. Lambda answers 409 (ResourceConflictException) to changes
    that overlap, so each of the three waits for the one before.
    """
    url = lambda_.Permission(
        f"{label}-url",
        function=function.name,
        action="lambda:InvokeFunctionUrl",
        principal=caller.principal,
        source_arn=caller.source_arn,
        function_url_auth_type=caller.auth_type,
        opts=owner.child,
    )
    invoke = lambda_.Permission(
        f"{label}-invoke",
        function=function.name,
        action="lambda:InvokeFunction",
        principal=caller.principal,
        source_arn=caller.source_arn,
        invoked_via_function_url=True,
        opts=owner.after(url),
    )
    return [url, invoke]


def origin(
    origin_id: str,
    url: pulumi.Output[str],
    access: cloudfront.OriginAccessControl,
    seconds: int | None = None,
) -> cloudfront.DistributionOriginArgsDict:
    """Return a function URL as an origin; a function URL answers HTTPS with TLS 1.2 or later.

    Args:
        origin_id: the origin's id in its distribution.
        url: the function's URL.
        access: the origin access control, by which CloudFront signs its requests.
        seconds: how long CloudFront waits for an answer, once. None is CloudFront's default, 30
            seconds and three times for GET (developer guide, "Connection attempts"), each of which
            would be an invocation.
    """
    custom: cloudfront.DistributionOriginCustomOriginConfigArgsDict = {
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only",
        "origin_ssl_protocols": ["TLSv1.2"],
    }
    found: cloudfront.DistributionOriginArgsDict = {
        "origin_id": origin_id,
        "domain_name": url.apply(lambda known: urlsplit(known).netloc),
        "origin_access_control_id": access.id,
        "custom_origin_config": custom,
    }
    if seconds:
        custom["origin_read_timeout"] = seconds
        found["connection_attempts"] = 1
    return found
