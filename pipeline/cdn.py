"""CloudFront before the private buckets: what is public, in which format, under which headers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import cloudfront, route53

from function.engine.renditions import Rendition
from pipeline import edge, page
from pipeline.buckets import SecureBucket
from pipeline.component import Component, Options
from pipeline.naming import resource_name, tags

DAY: Final = 86_400
YEAR: Final = 31_536_000

TLS: Final = "TLSv1.2_2021"
"""CloudFront's security policy with TLS 1.2 and 1.3 alone (developer guide, "Supported protocols
and ciphers"). It can be set for a domain of one's own only; ``edge/route.js`` does it for both."""


@dataclass(frozen=True, kw_only=True)
class CdnArgs:
    """What is delivered, to whom and under which name.

    Attributes:
        destination: the bucket of renditions.
        renditions: the stack's renditions, which name what is public.
        site: the bucket of the page, if there is one.
        upload_urls: where the page sends uploads, which its Content-Security-Policy names.
        allowed_origins: web origins whose pages may read renditions (CORS).
        price_class: set of edge locations.
        scheme: of the CDN's URLs.
        domain: a domain of the stack's own, or empty; it needs ``certificate_arn``, and gets
            records in the zone if ``hosted_zone_id`` is not empty.
    """

    destination: SecureBucket
    renditions: Sequence[Rendition]
    site: SecureBucket | None
    upload_urls: Sequence[pulumi.Output[str]]
    allowed_origins: Sequence[str]
    price_class: str
    scheme: str
    domain: str
    certificate_arn: str
    hosted_zone_id: str


class Cdn(Component):
    """One distribution; HTTPS, HTTP/3, compressed, and cached by path and ``v`` alone."""

    url: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: CdnArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:cdn:Cdn", name, opts)
        self._label = resource_name(name, "cdn")
        self._args = args
        self._access = cloudfront.OriginAccessControl(
            self._label,
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self.child,
        )
        self._cache, self._request = self._cache_policy(), self._request_policy()
        self._function = cloudfront.Function(
            self._label,
            runtime=edge.RUNTIME,
            code=edge.function_code(args.renditions, page.file_names() if args.site else ()),
            publish=True,
            tags=tags(),
            opts=self.child,
        )
        # A function of its own: were the code one with that of requests, a rollback would run
        # the older release's code on answers until the distribution is updated.
        self._age = cloudfront.Function(
            f"{self._label}-age",
            runtime=edge.RUNTIME,
            code=edge.AGE,
            publish=True,
            tags=tags(),
            opts=self.child,
        )
        distribution = self._distribution(name, args)
        if args.hosted_zone_id:
            self._records(distribution)
        self.arn = distribution.arn
        host = args.domain or distribution.domain_name
        self.url = pulumi.Output.concat(args.scheme, "://", host)
        self.register_outputs({"url": self.url, "arn": self.arn})

    def _distribution(self, name: str, args: CdnArgs) -> cloudfront.Distribution:
        behaviors: list[cloudfront.DistributionOrderedCacheBehaviorArgsDict] = []
        origins = [self._origin("destination", args.destination)]
        if args.site:
            origins.append(self._origin("site", args.site))
            behavior = self._behavior("site", self._page_headers(args).id, {})
            behaviors = [{"path_pattern": pattern, **behavior} for pattern in page.PATTERNS]
        return cloudfront.Distribution(
            self._label,
            comment=f"Renditions of {name}",
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.price_class,
            aliases=[args.domain] if args.domain else None,
            origins=origins,
            default_cache_behavior=self._behavior(
                "destination",
                self._rendition_headers().id,
                {"viewer-response": self._age},
            ),
            ordered_cache_behaviors=behaviors or None,
            # Else an edge remembers for ten seconds that a manifest is not there yet.
            custom_error_responses=[
                {"error_code": code, "error_caching_min_ttl": 0} for code in (403, 404)
            ],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate=self._certificate(),
            tags=tags(),
            opts=self.child,
        )

    def _origin(self, name: str, bucket: SecureBucket) -> cloudfront.DistributionOriginArgsDict:
        return {
            "origin_id": name,
            "domain_name": bucket.domain,
            "origin_access_control_id": self._access.id,
        }

    def _behavior(
        self,
        origin: str,
        headers_policy_id: pulumi.Output[str],
        functions: dict[str, cloudfront.Function],
    ) -> cloudfront.DistributionDefaultCacheBehaviorArgsDict:
        return {
            "target_origin_id": origin,
            "viewer_protocol_policy": "https-only",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": self._cache.id,
            "origin_request_policy_id": self._request.id,
            "response_headers_policy_id": headers_policy_id,
            "function_associations": [
                {"event_type": event_type, "function_arn": function.arn}
                for event_type, function in {"viewer-request": self._function, **functions}.items()
            ],
        }

    def _certificate(self) -> cloudfront.DistributionViewerCertificateArgsDict:
        if not self._args.domain:
            return {"cloudfront_default_certificate": True}
        return {
            "acm_certificate_arn": self._args.certificate_arn,
            "ssl_support_method": "sni-only",
            "minimum_protocol_version": TLS,
        }

    def _cache_policy(self) -> cloudfront.CachePolicy:
        """Path and ``v``; manifests say ``no-cache`` themselves, which ``min_ttl`` 0 honours."""
        return cloudfront.CachePolicy(
            self._label,
            min_ttl=0,
            default_ttl=DAY,
            max_ttl=YEAR,
            parameters_in_cache_key_and_forwarded_to_origin={
                "cookies_config": {"cookie_behavior": "none"},
                "headers_config": {"header_behavior": "none"},
                "query_strings_config": {
                    "query_string_behavior": "whitelist",
                    "query_strings": {"items": ["v"]},
                },
                "enable_accept_encoding_brotli": True,
                "enable_accept_encoding_gzip": True,
            },
            opts=self.child,
        )

    def _request_policy(self) -> cloudfront.OriginRequestPolicy:
        """Tells ``edge/route.js`` the viewer's TLS version, outside the cache key."""
        return cloudfront.OriginRequestPolicy(
            self._label,
            headers_config={
                "header_behavior": "whitelist",
                "headers": {"items": ["CloudFront-Viewer-TLS"]},
            },
            cookies_config={"cookie_behavior": "none"},
            query_strings_config={"query_string_behavior": "none"},
            opts=self.child,
        )

    def _rendition_headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Any page of the allowed origins may read them, and any page may show them."""
        return cloudfront.ResponseHeadersPolicy(
            self._label,
            cors_config={
                "access_control_allow_credentials": False,
                "access_control_allow_headers": {"items": ["*"]},
                "access_control_allow_methods": {"items": ["GET", "HEAD"]},
                "access_control_allow_origins": {"items": list(self._args.allowed_origins)},
                "access_control_max_age_sec": 3600,
                "origin_override": True,
            },
            security_headers_config=_security("default-src 'none'; frame-ancestors 'none'"),
            custom_headers_config=_custom({"Cross-Origin-Resource-Policy": "cross-origin"}),
            opts=self.child,
        )

    def _page_headers(self, args: CdnArgs) -> cloudfront.ResponseHeadersPolicy:
        domain = args.domain
        policy = pulumi.Output.all(*args.upload_urls).apply(
            lambda urls: page.content_security_policy(urls, f"https://{domain}" if domain else "")
        )
        return cloudfront.ResponseHeadersPolicy(
            f"{self._label}-page",
            security_headers_config=_security(policy),
            custom_headers_config=_custom(page.HEADERS),
            opts=self.child,
        )

    def _records(self, distribution: cloudfront.Distribution) -> None:
        for type_ in ("A", "AAAA"):
            route53.Record(
                f"{self._label}-{type_.lower()}",
                name=self._args.domain,
                type=type_,
                zone_id=self._args.hosted_zone_id,
                aliases=[
                    {
                        "name": distribution.domain_name,
                        "zone_id": distribution.hosted_zone_id,
                        "evaluate_target_health": False,
                    }
                ],
                opts=self.child,
            )


def _security(
    content_security_policy: pulumi.Input[str],
) -> cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgsDict:
    return {
        "content_security_policy": {
            "content_security_policy": content_security_policy,
            "override": True,
        },
        "content_type_options": {"override": True},
        "frame_options": {"frame_option": "DENY", "override": True},
        "referrer_policy": {"referrer_policy": "no-referrer", "override": True},
        "strict_transport_security": {"access_control_max_age_sec": YEAR, "override": True},
    }


def _custom(
    headers: dict[str, str],
) -> cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgsDict:
    return {
        "items": [
            {"header": name, "value": value, "override": True} for name, value in headers.items()
        ]
    }
