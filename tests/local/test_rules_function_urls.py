"""The signer behind the CDN and its rate rule, tried over HTTP; and who else tries to reach it."""

import copy
import hashlib
import http.client
import json
from urllib.parse import urlsplit

import pytest

from local.http import request
from local.uploader import upload
from tests.local.defaults import DEFAULTS, PROD
from tests.local.probing import probe

LIMIT = 60
ORIGIN = "https://photos.example"
WANTED = json.dumps({"name": "beach.jpg", "type": "image/jpeg"}).encode()
SETTINGS = PROD | {
    "image-pipeline:wafRequestsPerMinute": LIMIT,
    "image-pipeline:allowedOrigins": [ORIGIN],
}


def hashed(body=WANTED):
    return {
        "Content-Type": "application/json",
        "x-amz-content-sha256": hashlib.sha256(body).hexdigest(),
    }


def ask(url, address="127.0.0.1", headers=None, *, method="POST", body=WANTED):
    """Ask for a form from one of this machine's addresses; return status, headers and body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(
        "127.0.0.1", parts.port, source_address=(address, 0), timeout=30
    )
    try:
        sent = {"Host": parts.netloc, **(hashed(body) if headers is None else headers)}
        connection.request(method, parts.path, body, sent)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def signer_of(server):
    functions = server.client("lambda").list_functions()["Functions"]
    (name,) = [f["FunctionName"] for f in functions if "-signer-" in f["FunctionName"]]
    return name


def direct(server):
    """The function URL itself, as it is called on this machine."""
    config = server.client("lambda").get_function_url_config(FunctionName=signer_of(server))
    identity = urlsplit(config["FunctionUrl"]).netloc.split(".")[0]
    return f"{server.endpoint}/_aws/lambda-url/{identity}/"


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    with served(tmp_path_factory.mktemp("signer"), SETTINGS, "prod") as server:
        yield server


@pytest.fixture(scope="module")
def url(server):
    return server.outputs["uploadEndpoint"]


def test_the_endpoint_is_a_path_of_the_cdn(server, url):
    assert url == f"{server.outputs['deliveryUrl']}/_sign"


def test_a_form_from_the_cdn_uploads(server, url):
    status, headers, body = ask(url, "127.0.0.2", hashed() | {"Origin": ORIGIN})
    assert status == 200, body
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert json.loads(ask(url, "127.0.0.2")[2])["key"] != json.loads(body)["key"]


def test_our_own_uploader_takes_that_way(server, url, photo):
    result = upload(photo("c.jpg"), "", url, server.outputs["deliveryUrl"], presigned=True)
    # The rate rule counts its polls for the manifest too, so only the upload is looked at.
    found = server.client("s3").list_objects_v2(
        Bucket=server.outputs["sourceBucket"], Prefix=result.key
    )
    assert found["KeyCount"] == 1


def test_a_browser_may_ask_from_the_allowed_origin(url):
    preflight = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-amz-content-sha256",
    }
    status, headers, _ = ask(url, "127.0.0.3", preflight, method="OPTIONS", body=b"")
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    assert headers["Access-Control-Allow-Headers"] == "content-type,x-amz-content-sha256"
    status, headers, _ = ask(url, "127.0.0.3", hashed() | {"Origin": "https://other.example"})
    assert status == 200
    assert "Access-Control-Allow-Origin" not in headers


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
def test_the_function_url_itself_answers_403(server, method):
    status, body = request(method, direct(server), WANTED if method == "POST" else None, hashed())
    assert status == 403
    assert b"Forbidden" in body


def test_who_says_to_be_the_cdn_gets_403(server):
    headers = hashed() | {
        "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/lambda/aws4_request, "
        "SignedHeaders=host, Signature=00",
        "X-Amz-Source-Arn": distribution(server)["ARN"],
    }
    assert request("POST", direct(server), WANTED, headers)[0] in (400, 401, 403)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Type": "application/json"}, id="none"),
        pytest.param(hashed(b"other"), id="another's"),
        pytest.param(hashed() | {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, id="unsigned"),
    ],
)
def test_a_body_needs_its_hash(url, headers):
    """Page "Restrict access to an AWS Lambda function URL origin", CloudFront developer guide."""
    status, _, body = ask(url, "127.0.0.4", headers)
    assert status == 403
    assert b"signature" in body


def test_other_methods_are_the_signers_to_refuse(url):
    assert ask(url, "127.0.0.4", {}, method="GET", body=None)[0] == 405


def distribution(server):
    client = server.client("cloudfront")
    (item,) = [
        item
        for item in client.list_distributions()["DistributionList"]["Items"]
        if item["DomainName"].split(".")[0] in server.outputs["deliveryUrl"]
    ]
    return item


@pytest.fixture
def other(server):
    """Another distribution of the same account, equal to the stack's: a function that makes one."""
    client, made = server.client("cloudfront"), []
    config = client.get_distribution_config(Id=distribution(server)["Id"])["DistributionConfig"]

    def make(**origin):
        changed = copy.deepcopy(config) | {"CallerReference": f"other-{len(made)}", "WebACLId": ""}
        (signer,) = [item for item in changed["Origins"]["Items"] if item["Id"] == "signer"]
        signer |= origin
        found = client.create_distribution(DistributionConfig=changed)["Distribution"]
        made.append(found["Id"])
        label = found["DomainName"].removesuffix(".net")
        return f"http://{label}.localhost:{urlsplit(server.endpoint).port}/_sign"

    yield make
    for identity in made:
        found = client.get_distribution_config(Id=identity)
        etag = client.update_distribution(
            Id=identity,
            IfMatch=found["ETag"],
            DistributionConfig=found["DistributionConfig"] | {"Enabled": False},
        )["ETag"]
        client.delete_distribution(Id=identity, IfMatch=etag)


def test_another_distribution_gets_403(other):
    status, _, body = ask(other())
    assert status == 403
    assert b"Forbidden" in body


def test_a_distribution_that_does_not_sign_gets_403(other):
    assert ask(other(OriginAccessControlId=""))[0] == 403


def test_each_permission_is_needed(server, url):
    lambda_, name = server.client("lambda"), signer_of(server)
    policy = json.loads(lambda_.get_policy(FunctionName=name)["Policy"])
    assert len(policy["Statement"]) == 2
    for statement in policy["Statement"]:
        lambda_.remove_permission(FunctionName=name, StatementId=statement["Sid"])
        assert ask(url, "127.0.0.6")[0] == 403
        condition = {
            key: value
            for operator in statement["Condition"].values()
            for key, value in operator.items()
        }
        via = {"InvokedViaFunctionUrl": True}
        kind = {"FunctionUrlAuthType": condition.get("lambda:FunctionUrlAuthType")}
        lambda_.add_permission(
            FunctionName=name,
            StatementId=statement["Sid"],
            Action=statement["Action"],
            Principal=statement["Principal"]["Service"],
            SourceArn=condition["AWS:SourceArn"],
            **(kind if kind["FunctionUrlAuthType"] else via),
        )
        assert ask(url, "127.0.0.6")[0] == 200


def test_the_functions_role_may_not_call_it(server):
    may = probe(server, server.outputs["functionName"])
    assert may("lambda", "invoke", FunctionName=signer_of(server)) == "AccessDeniedException"


def test_the_rate_rule_sees_the_signer_too(url):
    """Page "Rate-based rule statement" in the AWS WAF developer guide."""
    answers = [ask(url, "127.0.0.5", {}, method="GET", body=None) for _ in range(LIMIT + 1)]
    assert [status for status, _, _ in answers] == [405] * LIMIT + [429]
    status, headers, body = ask(url, "127.0.0.5")
    assert (status, headers["Retry-After"], body) == (429, "60", b"")
    assert ask(url, "127.0.0.7")[0] == 200


@pytest.mark.parametrize("action", ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"])
def test_an_open_url_needs_both_permissions_too(served, tmp_path, action):
    """Page "Control access to Lambda function URLs" in the Lambda developer guide."""
    settings = DEFAULTS | {"image-pipeline:uploads": "presigned"}
    with served(tmp_path, settings, "dev") as server:
        url, lambda_, name = (
            server.outputs["uploadEndpoint"],
            server.client("lambda"),
            signer_of(server),
        )
        assert request("POST", url, WANTED, hashed())[0] == 200
        policy = json.loads(lambda_.get_policy(FunctionName=name)["Policy"])
        (statement,) = [s for s in policy["Statement"] if s["Action"] == action]
        lambda_.remove_permission(FunctionName=name, StatementId=statement["Sid"])
        assert request("POST", url, WANTED, hashed())[0] == 403
