"""The stack as prod has it, with its own key: signed uploads, CloudFront alone, the page."""

import http.client
import io
import json
from urllib.parse import urlsplit

import pytest
from PIL import Image

from function.contract.keys import upload_name
from local.deploy import deploy
from local.http import request
from local.uploader import post_form, upload
from tests.local.defaults import PROD

ORIGIN = "https://shop.example"
PRIVATE = {
    "image-pipeline:encryption": "kms",
    "image-pipeline:site": "true",
    "image-pipeline:allowedOrigins": [ORIGIN],
    "image-pipeline:negotiate": ["avif", "webp"],
    "image-pipeline:renditions": [
        {"name": "large", "width": 600, "height": 600, "formats": ["avif", "webp", "jpeg"]},
        {"name": "thumb", "width": 150, "height": 150, "fit": "cover"},
    ],
}
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
BROWSERS = {
    "Chrome": (CHROME, "AVIF", "WEBP"),
    "Edge": (CHROME, "AVIF", "WEBP"),
    "Firefox": (
        "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        "AVIF",
        "WEBP",
    ),
    "Safari 18": (
        "image/webp,image/avif,image/jxl,image/heic,video/*;q=0.8,image/png,image/*;q=0.8",
        "AVIF",
        "WEBP",
    ),
    "Safari 14": (
        "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5",
        "WEBP",
        "WEBP",
    ),
    "Internet Explorer 11": ("image/png, image/svg+xml, image/*;q=0.8, */*;q=0.5", "JPEG", "JPEG"),
}


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    with served(tmp_path_factory.mktemp("private"), PROD | PRIVATE, "prod") as server:
        yield server


@pytest.fixture(scope="module")
def cdn(server):
    return server.outputs["deliveryUrl"]


@pytest.fixture(scope="module")
def name(server, cdn, photo):
    """A photo, uploaded with a form of the signer's and awaited through the CDN."""
    endpoint = server.outputs["uploadEndpoint"]
    result = upload(photo("private.jpg"), "", endpoint, cdn, presigned=True)
    assert (result.status, len(result.renditions)) == ("ready", 5)
    return upload_name(result.key)


def headers(url, **sent):
    """Status and headers of a GET."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=10)
    try:
        target = f"{parts.path}?{parts.query}"
        connection.request("GET", target, headers={"Host": parts.netloc, **sent})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers
    finally:
        connection.close()


def test_what_is_written_is_encrypted_with_the_stacks_own_key(server, name):
    (alias,) = [
        a
        for a in server.client("kms").list_aliases()["Aliases"]
        if a["AliasName"].startswith("alias/image-pipeline-prod-key-")
    ]
    outputs = server.outputs
    for bucket, key in (
        (outputs["sourceBucket"], f"uploads/{name}"),
        (outputs["destinationBucket"], f"{name}/thumb.jpg"),
        (outputs["destinationBucket"], f"{name}/manifest.json"),
    ):
        head = server.client("s3").head_object(Bucket=bucket, Key=key)
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"].endswith(alias["TargetKeyId"])


@pytest.mark.parametrize("browser", BROWSERS)
def test_each_browser_gets_the_best_format_that_it_names(cdn, name, browser):
    accept, large, thumb = BROWSERS[browser]
    for rendition, expected in (("large", large), ("thumb", thumb)):
        status, body = request("GET", f"{cdn}/{name}/{rendition}", headers={"Accept": accept})
        assert (status, Image.open(io.BytesIO(body)).format) == (200, expected)


def test_every_url_of_the_manifest_is_delivered(cdn, name):
    manifest = json.loads(request("GET", f"{cdn}/{name}/manifest.json")[1])
    assert len(manifest["renditions"]) == 5
    for rendition in manifest["renditions"]:
        assert rendition["url"].startswith(f"{cdn}/{name}/")
        status, body = request("GET", rendition["url"])
        assert (status, len(body)) == (200, rendition["bytes"])


@pytest.mark.parametrize(
    "path",
    [
        "_index/a/thumb.jpg",
        "_index/a/thumb",
        "%5Findex/a/thumb.jpg",
        "{name}/../../_index/a/thumb.jpg",
        "{name}/notes.txt",
        "{name}/huge.webp",
        "{name}",
        "other.html",
        "?list-type=2",
    ],
)
def test_private_paths_are_not_there(server, cdn, name, path):
    bucket = server.outputs["destinationBucket"]
    for key in ("_index/a/thumb.jpg", f"{name}/notes.txt", f"{name}/huge.webp"):
        server.client("s3").put_object(Bucket=bucket, Key=key, Body=b"private")
    status, body = request("GET", f"{cdn}/{path.format(name=name)}")
    assert status == (302 if path.startswith("?") else 404)
    assert body == b""


def test_what_is_not_made_yet_is_asked_for_and_not_there(cdn):
    assert request("GET", f"{cdn}/u1/not-yet.jpg/manifest.json")[0] == 403


def test_the_buckets_themselves_deliver_nothing(server, name):
    (site,) = [
        bucket["Name"]
        for bucket in server.client("s3").list_buckets()["Buckets"]
        if "-site-" in bucket["Name"]
    ]
    destination = server.outputs["destinationBucket"]
    for path in (f"{destination}/{name}/manifest.json", f"{destination}/{name}/thumb.jpg"):
        assert request("GET", f"{server.endpoint}/{path}")[0] == 403
    assert request("GET", f"{server.endpoint}/{site}/index.html")[0] == 403


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_the_cdn_changes_nothing(cdn, name, method):
    assert request(method, f"{cdn}/{name}/thumb.jpg", b"x")[0] == 403


def test_the_cdn_speaks_https_of_today_alone(cdn, name):
    url = f"{cdn}/{name}/thumb.jpg"
    assert request("GET", url, headers={"X-Forwarded-Proto": "http"})[0] == 403
    for version, status in (("TLSv1.3", 200), ("TLSv1.2", 200), ("TLSv1.1", 403), ("TLSv1", 403)):
        sent = {"CloudFront-Viewer-TLS": f"{version}:ECDHE-RSA-AES128-SHA:fullHandshake"}
        assert request("GET", url, headers=sent)[0] == status


def test_a_url_without_its_version_is_kept_for_a_minute(cdn, name):
    manifest = json.loads(request("GET", f"{cdn}/{name}/manifest.json")[1])
    for rendition in manifest["renditions"]:
        year = "public, max-age=31536000, immutable"
        assert headers(rendition["url"])[1]["Cache-Control"] == year
        for url in (rendition["url"].partition("?")[0], f"{cdn}/{rendition['key']}?v=2"):
            assert headers(url)[1]["Cache-Control"] == "public, max-age=60"
    assert headers(f"{cdn}/{name}/thumb")[1]["Cache-Control"] == "public, max-age=60"
    assert headers(f"{cdn}/{name}/manifest.json")[1]["Cache-Control"] == "no-cache"


def test_renditions_carry_security_headers_and_may_be_shown_anywhere(cdn, name):
    manifest = json.loads(request("GET", f"{cdn}/{name}/manifest.json")[1])
    status, sent = headers(manifest["renditions"][0]["url"], Origin=ORIGIN)
    assert status == 200
    assert sent["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Strict-Transport-Security"] == "max-age=31536000"
    assert sent["Referrer-Policy"] == "no-referrer"
    assert sent["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert sent["Cache-Control"] == "public, max-age=31536000, immutable"
    assert sent["Access-Control-Allow-Origin"] == ORIGIN


def test_pages_of_other_origins_may_not_read_renditions(cdn, name):
    _, sent = headers(f"{cdn}/{name}/manifest.json", Origin="https://evil.example")
    assert sent["Access-Control-Allow-Origin"] is None


def test_the_page_is_served_beside_the_renditions(server, cdn):
    status, sent = headers(f"{cdn}/")
    assert (status, sent["Location"]) == (302, "/index.html")
    status, sent = headers(f"{cdn}/index.html")
    assert (status, sent["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert sent["Cache-Control"] == "no-cache"
    policy = sent["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "img-src 'self' data:"} <= set(policy)
    assert f"connect-src 'self' {server.endpoint}" in policy
    assert sent["Permissions-Policy"].startswith("camera=()")
    assert headers(f"{cdn}/page.js")[1]["Content-Type"] == "text/javascript; charset=utf-8"


def test_the_page_is_told_of_the_stack(server, cdn):
    config = json.loads(request("GET", f"{cdn}/config.json")[1])
    assert config == {
        "uploads": "presigned",
        "maxUploadBytes": 25_000_000,
        "uploadEndpoint": server.outputs["uploadEndpoint"].rstrip("/"),
        "deliveryUrl": cdn,
    }


def test_without_a_signature_nothing_is_uploaded(server):
    url = f"{server.endpoint}/{server.outputs['sourceBucket']}/uploads/a.jpg"
    assert request("PUT", url, b"x")[0] == 403


def test_a_form_of_the_signers_uploads_with_the_stacks_own_key(server):
    wanted = b'{"name": "signed.jpg", "type": "image/jpeg"}'
    status, answer = request("POST", server.outputs["uploadEndpoint"], wanted)
    assert status == 200, answer
    form = json.loads(answer)
    assert post_form(form, "signed.jpg", b"x")[0] == 204
    head = server.client("s3").head_object(Bucket=server.outputs["sourceBucket"], Key=form["key"])
    assert head["ServerSideEncryption"] == "aws:kms"


def test_block_public_access_is_whole(server):
    s3 = server.client("s3")
    buckets = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert len(buckets) == 4
    for bucket in buckets:
        block = s3.get_public_access_block(Bucket=bucket)
        assert set(block["PublicAccessBlockConfiguration"].values()) == {True}


def test_requests_are_logged_to_a_bucket_of_their_own(server):
    logs = server.client("logs")
    (delivery,) = logs.describe_deliveries()["deliveries"]
    (source,) = logs.describe_delivery_sources()["deliverySources"]
    (destination,) = logs.describe_delivery_destinations()["deliveryDestinations"]
    assert delivery["deliverySourceName"] == source["name"]
    assert (source["service"], source["logType"]) == ("cloudfront", "ACCESS_LOGS")
    bucket = destination["deliveryDestinationConfiguration"]["destinationResourceArn"]
    assert "-cdn-log-" in bucket


def test_a_domain_of_ones_own_gets_records_and_a_certificate(server):
    """Last of all: it updates the stack, whose CDN then goes by another name."""
    zone = server.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    zone_id = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
    certificate = server.client("acm").request_certificate(DomainName="photos.example.com")
    outputs = deploy(
        server,
        "prod",
        settings={
            **PROD,
            **PRIVATE,
            "image-pipeline:domain": "photos.example.com",
            "image-pipeline:certificateArn": certificate["CertificateArn"],
            "image-pipeline:hostedZoneId": zone_id,
        },
    )
    assert outputs["deliveryUrl"].endswith("://photos.example.com")
    (found,) = server.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    assert found["Aliases"]["Items"] == ["photos.example.com"]
    assert found["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    records = server.client("route53").list_resource_record_sets(HostedZoneId=zone_id)
    aliases = {r["Type"] for r in records["ResourceRecordSets"] if "AliasTarget" in r}
    assert aliases == {"A", "AAAA"}
