"""The upload page behind the CDN."""

import json

from tests.infra.variants import ROOT


def test_the_page_lies_in_a_bucket_that_the_cdn_alone_reads(site):
    assert site.outputs["siteUrl"] == "https://photos.example.com/"
    objects = {r.inputs["key"]: r.inputs for r in site.all("BucketObjectv2")}
    assert set(objects) == {file.name for file in (ROOT / "web").iterdir()} | {"config.json"}
    assert {values["cacheControl"] for values in objects.values()} == {"no-cache"}
    assert json.loads(objects["config.json"]["content"]) == {
        "uploads": "presigned",
        "maxUploadBytes": 25_000_000,
        "uploadEndpoint": site.outputs["uploadEndpoint"].rstrip("/"),
        "deliveryUrl": "https://photos.example.com",
    }
    read = site.one("BucketPolicy", "-site").statements()["CdnRead"]
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "aws:SourceArn" in read["Condition"]["StringEquals"]
    paths = [b["pathPattern"] for b in site.one("Distribution").inputs["orderedCacheBehaviors"]]
    assert paths == ["/*.html", "/*.css", "/*.js", "/config.json"]


def test_the_page_may_reach_the_stack_and_nothing_else(site):
    headers = site.one("ResponseHeadersPolicy", "-cdn-page").inputs["securityHeadersConfig"]
    policy = headers["contentSecurityPolicy"]["contentSecurityPolicy"].split("; ")
    directives = {name: sources for name, *sources in (part.split() for part in policy)}
    delivery = "https://photos.example.com"
    source = f"https://{site.outputs['sourceBucket']}.s3.eu-central-1.amazonaws.com"
    signer = site.outputs["uploadEndpoint"].rstrip("/")
    assert directives == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", delivery],
        "connect-src": ["'self'", signer, source, delivery],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
    }
