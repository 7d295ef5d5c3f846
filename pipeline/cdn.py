"""CloudFront in front of the private buckets: public paths, caching, headers and the domain."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import cloudfront, route53

from function.engine.renditions import Rendition
from pipeline import edge, function_urls, page, signer_route, view_route
from pipeline.auth import Auth
from pipeline.buckets import Bucket, SecureBucket
from pipeline.component import Component, Options
from pipeline.naming import resource_name, tags
from pipeline.views import Views

DAY: Final = 86_400
YEAR: Final = 31_536_000

TLS: Final = "TLSv1.2_2021"
"""CloudFront's security policy with TLS 1.2 and 1.3 alone (developer guide, "Supported protocols
and ciphers"). CloudFront takes it only with a custom domain; ``edge/route.js`` covers the other."""

NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
"""The Content-Security-Policy of every response that is not a page."""

CROSS_ORIGIN: Final = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""The header that lets pages of other origins load a response."""


@dataclass(frozen=True, kw_only=True)
class CdnArgs:
    """The buckets that are served, and under which domain.

    Attributes:
        destination: the bucket of renditions.
        renditions: the stack's renditions; only they and the manifests are public.
        negotiated: formats that a URL without an extension may give besides JPEG and PNG.
        page: the bucket of the upload page, if there is one.
        upload_urls: where the page sends uploads, for its Content-Security-Policy.
        auth: issuer whose tokens let users upload; the page may ask it for tokens.
        signer_url: of the function that signs forms, if its requests come through the CDN.
        views: the function that makes lazy renditions; None if the stack has none.
        allowed_origins: web origins whose pages may read renditions (CORS).
        price_class: set of edge locations.
        cdn_scheme: of the CDN's URLs.
        domain: custom domain with its ``certificate_arn``; empty for CloudFront's.
        hosted_zone_id: zone that gets the domain's records; empty for none.
        web_acl_arn: of AWS WAF, which sees every request first; None for none.
    """

    destination: Bucket
    renditions: Sequence[Rendition]
    negotiated: Sequence[str]
    page: SecureBucket | None
    upload_urls: Sequence[pulumi.Output[str]]
    auth: Auth | None
    signer_url: pulumi.Output[str] | None
    views: Views | None
    allowed_origins: Sequence[str]
    price_class: str
    cdn_scheme: str
    domain: str
    certificate_arn: pulumi.Input[str]
    hosted_zone_id: pulumi.Input[str]
    web_acl_arn: pulumi.Input[str] | None


class Cdn(Component):
    """One distribution; HTTPS, HTTP/3, compressed, and cached by path and ``v`` alone."""

    url: pulumi.Output[str]
    sign_url: pulumi.Output[str]
    arn: pulumi.Output[str]
    distribution_id: pulumi.Output[str]

    def __init__(self, name: str, args: CdnArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:cdn:Cdn", name, opts)
        self._label, self._args = resource_name(name, "cdn"), args
        self._cache, self._request = self._cache_policy(), self._request_policy()
        files = page.file_names() if args.page else ()
        code = edge.function_code(args.renditions, args.negotiated, files)
        self._route = self._edge_function("", code)
        # Not in the function for requests: a rollback would run that function's older code on
        # responses until the distribution is updated.
        self._age = self._edge_function("-age", edge.AGE)
        distribution = self._distribution(name)
        if args.hosted_zone_id:
            self._records(distribution)
        self.arn, self.distribution_id = distribution.arn, distribution.id
        host = args.domain or distribution.domain_name
        self.url = pulumi.Output.concat(args.cdn_scheme, "://", host)
        self.sign_url = pulumi.Output.concat(self.url, signer_route.PATH)
        self.register_outputs({"url": self.url, "arn": self.arn})

    def _edge_function(self, suffix: str, code: str) -> cloudfront.Function:
        return cloudfront.Function(
            f"{self._label}{suffix}",
            runtime=edge.RUNTIME,
            code=code,
            publish=True,
            tags=tags(),
            opts=self.child,
        )

    def _distribution(self, name: str) -> cloudfront.Distribution:
        args = self._args
        access = self._access_control("", "s3")
        buckets = {"destination": args.destination}
        behaviors: list[cloudfront.DistributionOrderedCacheBehaviorArgsDict] = []
        if args.page:
            buckets["site"] = args.page
            behavior = self._behavior("site", self._page_headers(), {})
            behaviors = [{"path_pattern": pattern, **behavior} for pattern in page.PATTERNS]
        origins: list[cloudfront.DistributionOriginArgsDict] = [
            {
                "origin_id": name,
                "domain_name": bucket.domain,
                "origin_access_control_id": access.id,
            }
            for name, bucket in buckets.items()
        ]
        if args.signer_url:
            signs = self._access_control("-sign", "lambda")
            origins.append(function_urls.origin(signer_route.ORIGIN, args.signer_url, signs))
            behaviors.append(signer_route.behavior(self._signer_headers()))
        headers, functions = self._rendition_headers(), {"viewer-response": self._age}
        groups: list[cloudfront.DistributionOriginGroupArgsDict] = []
        if args.views:
            origins.append(self._views_origin(args.views))
            groups.append(view_route.group("destination"))
            lazy = self._behavior(view_route.GROUP, headers, functions)
            patterns = view_route.patterns(args.renditions)
            behaviors.extend({"path_pattern": pattern, **lazy} for pattern in patterns)
        return cloudfront.Distribution(
            self._label,
            comment=f"Renditions of {name}",
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            price_class=args.price_class,
            aliases=[args.domain] if args.domain else None,
            origins=origins,
            origin_groups=groups or None,
            default_cache_behavior=self._behavior("destination", headers, functions),
            ordered_cache_behaviors=behaviors or None,
            # By default an edge caches for ten seconds the error that a manifest does not exist.
            custom_error_responses=[
                {"error_code": code, "error_caching_min_ttl": 0} for code in (403, 404)
            ],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate=self._certificate(),
            web_acl_id=args.web_acl_arn,
            tags=tags(),
            opts=self.child,
        )

    def _views_origin(self, views: Views) -> cloudfront.DistributionOriginArgsDict:
        access = self._access_control("-views", "lambda")
        return function_urls.origin(view_route.ORIGIN, views.url, access, views.seconds)

    def _access_control(self, suffix: str, type_: str) -> cloudfront.OriginAccessControl:
        return cloudfront.OriginAccessControl(
            f"{self._label}{suffix}",
            origin_access_control_origin_type=type_,
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=self.child,
        )

    def _behavior(
        self,
        origin: str,
        headers: cloudfront.ResponseHeadersPolicy,
        functions: Mapping[str, cloudfront.Function],
    ) -> cloudfront.DistributionDefaultCacheBehaviorArgsDict:
        return {
            "target_origin_id": origin,
            "viewer_protocol_policy": "https-only",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "cache_policy_id": self._cache.id,
            "origin_request_policy_id": self._request.id,
            "response_headers_policy_id": headers.id,
            "function_associations": [
                {"event_type": event_type, "function_arn": function.arn}
                for event_type, function in {"viewer-request": self._route, **functions}.items()
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
        """Cache by path and ``v``; ``min_ttl`` 0 honours the ``no-cache`` of manifests."""
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
        """Pass the viewer's TLS version to ``edge/route.js``, outside the cache key."""
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
        """Let pages of the allowed origins read renditions, and any page show them."""
        cors: cloudfront.ResponseHeadersPolicyCorsConfigArgsDict = {
            "access_control_allow_credentials": False,
            "access_control_allow_headers": {"items": ["*"]},
            "access_control_allow_methods": {"items": ["GET", "HEAD"]},
            "access_control_allow_origins": {"items": list(self._args.allowed_origins)},
            "access_control_max_age_sec": 3600,
            "origin_override": True,
        }
        return self._headers("", NOTHING, CROSS_ORIGIN, cors)

    def _signer_headers(self) -> cloudfront.ResponseHeadersPolicy:
        """Leave CORS to the function URL, which also answers a browser's preflight requests."""
        return self._headers("-sign", NOTHING, CROSS_ORIGIN)

    def _page_headers(self) -> cloudfront.ResponseHeadersPolicy:
        origin = f"https://{self._args.domain}" if self._args.domain else ""
        issuer = self._args.auth.origin if self._args.auth else ""
        content = pulumi.Output.all(*self._args.upload_urls).apply(
            lambda urls: page.content_security_policy(urls, origin, issuer)
        )
        return self._headers("-page", content, page.headers(issuer))

    def _headers(
        self,
        suffix: str,
        content_security_policy: pulumi.Input[str],
        headers: Mapping[str, str],
        cors: cloudfront.ResponseHeadersPolicyCorsConfigArgsDict | None = None,
    ) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            f"{self._label}{suffix}",
            cors_config=cors,
            security_headers_config={
                "content_security_policy": {
                    "content_security_policy": content_security_policy,
                    "override": True,
                },
                "content_type_options": {"override": True},
                "frame_options": {"frame_option": "DENY", "override": True},
                "referrer_policy": {"referrer_policy": "no-referrer", "override": True},
                "strict_transport_security": {"access_control_max_age_sec": YEAR, "override": True},
            },
            custom_headers_config={
                "items": [
                    {"header": name, "value": value, "override": True}
                    for name, value in headers.items()
                ]
            },
            opts=self.child,
        )

    def _records(self, distribution: cloudfront.Distribution) -> None:
        alias: route53.RecordAliasArgsDict = {
            "name": distribution.domain_name,
            "zone_id": distribution.hosted_zone_id,
            "evaluate_target_health": False,
        }
        for type_ in ("A", "AAAA"):
            route53.Record(
                f"{self._label}-{type_.lower()}",
                name=self._args.domain,
                type=type_,
                zone_id=self._args.hosted_zone_id,
                aliases=[alias],
                opts=self.child,
            )
