"""How renditions go out: the destination bucket's policy and, if asked for, a CDN before it."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudfront, s3

from pipeline import permissions
from pipeline.buckets import SecureBucket
from pipeline.identity import Identity
from pipeline.naming import resource_name, tags
from pipeline.settings import Settings
from pipeline.uploads import bucket_url

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""Managed cache policy that caches by path (CloudFront guide, "Use managed cache policies")."""

CORS_WITH_SECURITY_HEADERS = "e61eb60c-9c35-4d20-a928-2b84e02af89c"
"""Managed response headers policy "CORS-and-SecurityHeadersPolicy" (same guide)."""


@dataclass(frozen=True, kw_only=True)
class DeliveryArgs:
    """The destination bucket, and who may read it."""

    settings: Settings
    destination: SecureBucket
    identity: Identity


class Delivery(pulumi.ComponentResource):
    """Readers get renditions and manifests from the bucket itself, or from CloudFront alone."""

    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:delivery:Delivery", name, None, opts)
        self._child_opts = pulumi.ResourceOptions(parent=self)
        distribution = self._distribution(name, args) if args.settings.delivery == "cdn" else None
        s3.BucketPolicy(
            resource_name(name, "destination"),
            bucket=args.destination.name,
            policy=pulumi.Output.all(
                args.destination.arn,
                args.identity.account_id,
                distribution.arn if distribution else "",
            ).apply(lambda parts: _policy(*parts, settings=args.settings)),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[args.destination.public_access_block]
            ),
        )
        self.url = (
            pulumi.Output.concat("https://", distribution.domain_name)
            if distribution
            else bucket_url(args.destination, args.settings)
        )
        self.register_outputs({"url": self.url})

    def _distribution(self, name: str, args: DeliveryArgs) -> cloudfront.Distribution:
        cdn_name = resource_name(name, "cdn")
        access = cloudfront.OriginAccessControl(
            cdn_name,
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._child_opts,
        )
        return cloudfront.Distribution(
            cdn_name,
            comment=f"Renditions of {name}",
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            origins=[
                {
                    "origin_id": "destination",
                    "domain_name": args.destination.domain,
                    "origin_access_control_id": access.id,
                }
            ],
            default_cache_behavior={
                "target_origin_id": "destination",
                "viewer_protocol_policy": "https-only",
                "allowed_methods": ["GET", "HEAD"],
                "cached_methods": ["GET", "HEAD"],
                "compress": True,
                "cache_policy_id": CACHING_OPTIMIZED,
                "response_headers_policy_id": CORS_WITH_SECURITY_HEADERS,
            },
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={"cloudfront_default_certificate": True},
            tags=tags(),
            opts=self._child_opts,
        )


def _policy(bucket_arn: str, account_id: str, distribution_arn: str, *, settings: Settings) -> str:
    renditions = settings.renditions
    reader = (
        permissions.cdn_read(bucket_arn, renditions, distribution_arn)
        if distribution_arn
        else permissions.public_read(bucket_arn, renditions)
    )
    return json.dumps(
        permissions.document(
            [
                *permissions.tls_only_bucket(bucket_arn),
                permissions.private_index(bucket_arn, account_id),
                reader,
            ]
        )
    )
