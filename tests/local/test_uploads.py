"""Presigned uploads, tried for real over HTTP: what the signer allows, and all that S3 refuses."""

import base64
import http.client
import json
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from local.http import request
from local.uploader import post_form, upload
from tests.local.defaults import DEFAULTS
from tests.local.probing import BODY, probe

ORIGIN = "https://photos.example"
LIMIT = 1_000_000
SETTINGS = {
    "image-pipeline:uploads": "presigned",
    "image-pipeline:maxUploadMb": 1,
    "image-pipeline:allowedOrigins": [ORIGIN],
}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    with served(tmp_path_factory.mktemp("presigned"), DEFAULTS | SETTINGS, "dev") as server:
        yield server


@pytest.fixture(scope="module")
def url(server):
    return server.outputs["uploadEndpoint"]


@pytest.fixture(scope="module")
def signer(server):
    functions = server.client("lambda").list_functions()["Functions"]
    (name,) = [f["FunctionName"] for f in functions if "-signer-" in f["FunctionName"]]
    return name


@pytest.fixture
def form(url):
    """A fresh form, as the signer hands it to anyone."""
    wanted = json.dumps({"name": "beach.jpg", "type": "image/jpeg"}).encode()
    status, answer = request("POST", url, wanted, JSON)
    assert status == 200, answer
    return json.loads(answer)


def exists(server, key):
    found = server.client("s3").list_objects_v2(Bucket=server.outputs["sourceBucket"], Prefix=key)
    return found["KeyCount"] > 0


def test_a_signed_upload_becomes_renditions(server, url, photo):
    delivery = server.outputs["deliveryUrl"]
    result = upload(photo("signed.jpg"), "", url, delivery, presigned=True)
    assert (result.status, result.error, len(result.renditions)) == ("ready", None, 5)
    uploads, random_part, name = result.key.split("/")
    assert (uploads, name) == ("uploads", "signed.jpg")
    assert uuid.UUID(random_part).version == 4


def test_the_policy_binds_key_type_size_and_time(server, form):
    policy = json.loads(base64.b64decode(form["fields"]["policy"]))
    conditions = policy["conditions"]
    assert {"key": form["key"]} in conditions
    assert {"bucket": server.outputs["sourceBucket"]} in conditions
    assert {"Content-Type": "image/jpeg"} in conditions
    assert ["content-length-range", 1, LIMIT] in conditions
    left = datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC)
    assert timedelta(seconds=270) < left <= timedelta(seconds=300)


def test_no_two_uploads_get_one_key(form, url):
    again = request("POST", url, b'{"name": "beach.jpg", "type": "image/jpeg"}', JSON)[1]
    assert json.loads(again)["key"] != form["key"]


def test_exactly_the_limit_is_taken(server, form):
    assert post_form(form, "beach.jpg", b"x" * LIMIT)[0] == 204
    assert exists(server, form["key"])


@pytest.mark.parametrize(
    ("body", "code"), [(b"x" * (LIMIT + 1), b"EntityTooLarge"), (b"", b"EntityTooSmall")]
)
def test_other_sizes_are_refused(server, form, body, code):
    status, answer = post_form(form, "beach.jpg", body)
    assert (status, code in answer) == (400, True)
    assert not exists(server, form["key"])


CHANGED = {
    "another type": {"Content-Type": "text/html"},
    "another type of image": {"Content-Type": "image/svg+xml"},
    "another key": {"key": "uploads/another/beach.jpg"},
    "a key outside uploads/": {"key": "beach.jpg"},
    "a key of the private index": {"key": "uploads/_index/beach.jpg"},
    "a key that the file's name completes": {"key": "uploads/${filename}"},
    "another signer": {"x-amz-credential": "ASIAOTHER/20261123/us-east-1/s3/aws4_request"},
    "another session": {"x-amz-security-token": "other"},
    "another day": {"x-amz-date": "20200101T000000Z"},
    "another signature": {"x-amz-signature": "0" * 64},
    "a public ACL": {"acl": "public-read"},
    "metadata": {"x-amz-meta-note": "x"},
    "tags": {"x-amz-tagging": "a=b"},
    "a redirect": {"success_action_redirect": "https://evil.example"},
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_changed_form_is_refused(server, form, change):
    fields = {**form["fields"], **CHANGED[change]}
    status, answer = post_form({**form, "fields": fields}, "beach.jpg", b"x")
    assert status in (400, 403), answer
    assert not exists(server, form["key"])
    assert not exists(server, fields["key"])


@pytest.mark.parametrize("left_out", ["policy", "x-amz-signature", "x-amz-security-token", "key"])
def test_a_form_that_lacks_a_part_is_refused(server, form, left_out):
    fields = {name: value for name, value in form["fields"].items() if name != left_out}
    assert post_form({**form, "fields": fields}, "beach.jpg", b"x")[0] in (400, 403)
    assert not exists(server, form["key"])


@pytest.mark.parametrize(
    ("written", "instead"),
    [(str(LIMIT), str(LIMIT * 1000)), ("image/jpeg", "text/html"), ("beach.jpg", "other.jpg")],
)
def test_a_policy_that_was_tampered_with_is_refused(server, form, written, instead):
    policy = base64.b64decode(form["fields"]["policy"]).decode()
    assert written in policy
    tampered = base64.b64encode(policy.replace(written, instead).encode()).decode()
    status, answer = post_form(
        {**form, "fields": {**form["fields"], "policy": tampered}}, "beach.jpg", b"x"
    )
    assert (status, b"SignatureDoesNotMatch" in answer) == (403, True)
    assert not exists(server, form["key"])


def test_an_expired_policy_is_refused(server):
    """The same form as the signer's, made to last for a minute, and to have ended a second ago."""

    def post(seconds):
        s3, key = server.client("s3"), "uploads/expired/beach.jpg"
        form = s3.generate_presigned_post(server.outputs["sourceBucket"], key, ExpiresIn=seconds)
        return post_form(form, "beach.jpg", b"x")

    assert post(60)[0] == 204
    status, answer = post(-1)
    assert (status, b"Policy expired" in answer) == (403, True)


def test_a_form_for_one_bucket_opens_no_other(server, form):
    destination = server.outputs["deliveryUrl"]
    assert post_form({**form, "url": destination}, "beach.jpg", b"x")[0] == 403


@pytest.mark.parametrize("method", ["PUT", "POST", "GET", "DELETE"])
def test_without_a_signature_there_is_no_way_in(server, form, method):
    body = b"x" if method in ("PUT", "POST") else None
    assert request(method, f"{form['url']}/uploads/a.jpg", body)[0] in (403, 405)


def test_an_unsigned_form_is_refused(server, form):
    fields = {"key": "uploads/a/unsigned.jpg", "Content-Type": "image/jpeg"}
    assert post_form({**form, "fields": fields}, "unsigned.jpg", b"x")[0] == 403
    assert not exists(server, fields["key"])


@pytest.mark.parametrize("type_", ["text/html", "application/javascript", "image/*", ""])
def test_the_signer_signs_pictures_only(url, type_):
    wanted = json.dumps({"name": "page.html", "type": type_}).encode()
    status, answer = request("POST", url, wanted, JSON)
    assert (status, json.loads(answer)["error"]["code"]) == (415, "type")


@pytest.mark.parametrize(("origin", "allowed"), [(ORIGIN, ORIGIN), ("https://evil.example", None)])
def test_pages_of_the_allowed_origins_alone_may_ask(url, origin, allowed):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    connection.request("OPTIONS", parts.path, headers=asked)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.headers["Access-Control-Allow-Origin"] == allowed


def test_concurrency_has_a_ceiling(server, signer, url):
    lambda_ = server.client("lambda")
    ceiling = lambda_.get_function_concurrency(FunctionName=signer)["ReservedConcurrentExecutions"]
    assert ceiling == 10
    lambda_.put_function_concurrency(FunctionName=signer, ReservedConcurrentExecutions=0)
    try:
        assert request("POST", url, b"{}", JSON)[0] == 429
    finally:
        lambda_.put_function_concurrency(FunctionName=signer, ReservedConcurrentExecutions=ceiling)


DENIED = {
    "read an upload": ("s3", "get_object", {"Key": "uploads/a.jpg"}),
    "delete an upload": ("s3", "delete_object", {"Key": "uploads/a.jpg"}),
    "list uploads": ("s3", "list_objects_v2", {}),
    "write outside uploads/": ("s3", "put_object", {"Key": "private/a.jpg", "Body": BODY}),
    "write into the index": ("s3", "put_object", {"Key": "uploads/_index/a.jpg", "Body": BODY}),
}


@pytest.fixture(scope="module")
def as_signer(server, signer):
    return probe(server, signer)


@pytest.mark.parametrize("what", DENIED)
def test_the_signers_role_may_not(server, as_signer, what):
    service, operation, arguments = DENIED[what]
    bucket = server.outputs["sourceBucket"]
    assert as_signer(service, operation, Bucket=bucket, **arguments) == "AccessDenied"


def test_the_signers_role_may_not_touch_the_destination(server, as_signer):
    bucket = server.outputs["destinationBucket"]
    for key in ("a/manifest.json", "a/thumb.jpg"):
        assert as_signer("s3", "put_object", Bucket=bucket, Key=key, Body=BODY) == "AccessDenied"


def operators_form(aws, key, **bounds):
    """A form like the signer's, made by hand for the public stack."""
    return aws.client("s3").generate_presigned_post(
        aws.outputs["sourceBucket"],
        key,
        Fields={"Content-Type": "image/jpeg"},
        Conditions=[{"Content-Type": "image/jpeg"}, ["content-length-range", 1, 10]],
        **bounds,
    )


PUBLIC_MISUSE = {
    "oversize": ({}, b"x" * 11),
    "empty": ({}, b""),
    "another type": ({"Content-Type": "text/html"}, b"x"),
    "another key": ({"key": "uploads/replayed.jpg"}, b"x"),
    "a tampered policy": ({"policy": base64.b64encode(b"{}").decode()}, b"x"),
}


@pytest.mark.parametrize("misuse", PUBLIC_MISUSE)
def test_a_public_bucket_holds_a_form_to_its_policy_as_well(aws, misuse):
    changes, body = PUBLIC_MISUSE[misuse]
    form = operators_form(aws, "uploads/form.jpg")
    fields = {**form["fields"], **changes}
    status, answer = post_form({**form, "fields": fields}, "form.jpg", body)
    assert status in (400, 403), answer


def test_a_public_bucket_refuses_an_expired_form(aws):
    def post(seconds):
        form = operators_form(aws, "uploads/late.jpg", ExpiresIn=seconds)
        return post_form(form, "late.jpg", b"x")[0]

    assert (post(60), post(-1)) == (204, 403)
