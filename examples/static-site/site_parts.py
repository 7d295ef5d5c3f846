"""A bucket that CloudFront alone may read, and a certificate for its domain."""

import json

import pulumi
import pulumi_aws as aws

CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
"""AWS's managed cache policy (CloudFront Developer Guide, "Use managed cache policies")."""


class StaticSite(pulumi.ComponentResource):
    """A site of static files at ``https://<domain>``."""

    url: pulumi.Output[str]
    bucket_name: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        domain: str,
        zone_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("static-site:index:StaticSite", name, None, opts)
        self._name, self._domain, self._zone_id = name, domain, zone_id
        bucket = aws.s3.Bucket(name, opts=self._options(protect=True))
        aws.s3.BucketPublicAccessBlock(
            name,
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._options(),
        )
        distribution = self._distribution(bucket, self._certificate())
        aws.s3.BucketPolicy(
            name,
            bucket=bucket.id,
            policy=pulumi.Output.all(bucket.arn, distribution.arn).apply(_read_by_cloudfront),
            opts=self._options(),
        )
        aws.route53.Record(
            f"{name}-alias",
            zone_id=zone_id,
            name=domain,
            type="A",
            aliases=[
                {
                    "name": distribution.domain_name,
                    "zone_id": distribution.hosted_zone_id,
                    "evaluate_target_health": False,
                }
            ],
            opts=self._options(),
        )
        self.url = pulumi.Output.from_input(f"https://{domain}")
        self.bucket_name = bucket.bucket
        self.register_outputs({"url": self.url})

    def _certificate(self) -> aws.acm.CertificateValidation:
        """Return a certificate in the region where CloudFront looks for it, once it is valid."""
        virginia = aws.Provider("us-east-1", region="us-east-1", opts=self._options())
        there = self._options(provider=virginia)
        certificate = aws.acm.Certificate(
            self._name, domain_name=self._domain, validation_method="DNS", opts=there
        )
        option = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{self._name}-proof",
            zone_id=self._zone_id,
            name=option.resource_record_name,
            type=option.resource_record_type,
            records=[option.resource_record_value],
            ttl=300,
            opts=self._options(),
        )
        return aws.acm.CertificateValidation(
            self._name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=there,
        )

    def _distribution(
        self, bucket: aws.s3.Bucket, certificate: aws.acm.CertificateValidation
    ) -> aws.cloudfront.Distribution:
        access = aws.cloudfront.OriginAccessControl(
            self._name,
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self._options(),
        )
        return aws.cloudfront.Distribution(
            self._name,
            enabled=True,
            aliases=[self._domain],
            default_root_object="index.html",
            origins=[
                {
                    "origin_id": "bucket",
                    "domain_name": bucket.bucket_regional_domain_name,
                    "origin_access_control_id": access.id,
                }
            ],
            default_cache_behavior={
                "target_origin_id": "bucket",
                "viewer_protocol_policy": "redirect-to-https",
                "allowed_methods": ["GET", "HEAD"],
                "cached_methods": ["GET", "HEAD"],
                "cache_policy_id": CACHING_OPTIMIZED,
            },
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate={
                "acm_certificate_arn": certificate.certificate_arn,
                "ssl_support_method": "sni-only",
                "minimum_protocol_version": "TLSv1.2_2021",
            },
            opts=self._options(),
        )

    def _options(
        self, *, protect: bool | None = None, provider: aws.Provider | None = None
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, protect=protect, provider=provider)


def _read_by_cloudfront(arns: list[str]) -> str:
    bucket, distribution = arns
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudfront.amazonaws.com"},
                    "Action": "s3:GetObject",
                    "Resource": f"{bucket}/*",
                    "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
                }
            ],
        }
    )
