"""CloudFront: what it serves, how, and what it caches."""

import json

from tests.infra.variants import DOMAIN, ROOT


def test_cdn_alone_reads_the_destination(prod):
    read = prod.one("BucketPolicy", "-destination").statements()["CdnRead"]
    distribution = prod.one("Distribution")
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert read["Condition"]["StringEquals"]["aws:SourceArn"].endswith(
        f"{distribution.name}-1234567"
    )
    behavior = distribution.inputs["defaultCacheBehavior"]
    assert behavior["viewerProtocolPolicy"] == "https-only"
    assert prod.outputs["deliveryUrl"] == "https://d111111abcdef8.cloudfront.net"


def test_the_cdn_is_https_http3_compressed_and_logged(prod):
    distribution = prod.one("Distribution").inputs
    assert distribution["httpVersion"] == "http2and3"
    assert distribution["isIpv6Enabled"] is True
    assert distribution["priceClass"] == "PriceClass_All"
    assert distribution["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    behavior = distribution["defaultCacheBehavior"]
    assert behavior["allowedMethods"] == behavior["cachedMethods"] == ["GET", "HEAD"]
    assert behavior["compress"] is True
    key = prod.one("CachePolicy").inputs["parametersInCacheKeyAndForwardedToOrigin"]
    assert (key["enableAcceptEncodingBrotli"], key["enableAcceptEncodingGzip"]) == (True, True)
    source = prod.one("LogDeliverySource").inputs
    assert source["resourceArn"].endswith(f"{prod.one('Distribution').name}-1234567")
    for part in ("LogDeliverySource", "LogDeliveryDestination", "LogDelivery"):
        assert prod.one(part).inputs["region"] == "us-east-1"


def test_the_cache_is_keyed_on_path_and_v_alone(prod):
    policy = prod.one("CachePolicy").inputs
    key = policy["parametersInCacheKeyAndForwardedToOrigin"]
    assert key["queryStringsConfig"] == {
        "queryStringBehavior": "whitelist",
        "queryStrings": {"items": ["v"]},
    }
    assert key["headersConfig"]["headerBehavior"] == "none"
    assert key["cookiesConfig"]["cookieBehavior"] == "none"
    assert policy["minTtl"] == 0


def test_an_edge_never_remembers_that_a_manifest_was_not_there(prod):
    errors = prod.one("Distribution").inputs["customErrorResponses"]
    assert errors == [
        {"errorCode": 403, "errorCachingMinTtl": 0},
        {"errorCode": 404, "errorCachingMinTtl": 0},
    ]


def test_the_edge_function_knows_the_stacks_renditions_and_sees_every_request(site):
    function = site.one("Function", "-cdn").inputs
    assert (function["runtime"], function["publish"]) == ("cloudfront-js-2.0", True)
    constants = function["code"].splitlines()[:4]
    assert constants[:3] == [
        (
            'const RENDITIONS = {"large":["jpg","avif"],"medium":["jpg"],"small":["jpg"],'
            '"thumb":["jpg"]};'
        ),
        'const EXTENSIONS = ["jpg","webp","avif","png"];',
        "const NEGOTIATED = [];",
    ]
    assert json.loads(constants[3].removeprefix("const SITE = ").rstrip(";")) == [
        *sorted(file.name for file in (ROOT / "web").iterdir()),
        "config.json",
    ]
    distribution = site.one("Distribution").inputs
    for behavior in (distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"]):
        association = behavior["functionAssociations"][0]
        assert association["eventType"] == "viewer-request"
        assert association["functionArn"].endswith("-cdn-1234567")
        assert behavior["viewerProtocolPolicy"] == "https-only"


def test_a_function_of_its_own_sees_the_answers_of_the_destination_alone(site):
    """An older release's one function, which a rollback brings back, takes requests only."""
    distribution = site.one("Distribution").inputs
    _request, answer = distribution["defaultCacheBehavior"]["functionAssociations"]
    assert answer["eventType"] == "viewer-response"
    assert answer["functionArn"].endswith("-cdn-age-1234567")
    assert site.one("Function", "-cdn-age").inputs["code"] == (ROOT / "edge/age.js").read_text()
    for behavior in distribution["orderedCacheBehaviors"]:
        assert len(behavior["functionAssociations"]) == 1


def test_a_domain_of_ones_own_speaks_tls_1_2_or_later(site):
    distribution = site.one("Distribution").inputs
    assert distribution["aliases"] == ["photos.example.com"]
    assert distribution["priceClass"] == "PriceClass_100"
    assert distribution["viewerCertificate"] == {
        "acmCertificateArn": DOMAIN["certificateArn"],
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    for entry in site.all("Record"):
        assert (entry.inputs["name"], entry.inputs["zoneId"]) == (
            "photos.example.com",
            "Z123",
        )
        (alias,) = entry.inputs["aliases"]
        assert alias["name"] == "d111111abcdef8.cloudfront.net"
    assert {entry.inputs["type"] for entry in site.all("Record")} == {"A", "AAAA"}
    assert site.outputs["deliveryUrl"] == "https://photos.example.com"
