"""Uploads by signed-in users, end to end: tokens, rotated keys, an issuer that is down, quotas."""

import http.client
import json
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import urllib3

from local.http import request
from local.uploader import post_form, upload
from tests.local.defaults import DEFAULTS
from tests.local.probing import probe
from tests.support.issuer import AUDIENCE
from tests.support.waiting import wait_until

PER_HOUR = 5
PER_DAY = 3_000_000
ORIGIN = "https://photos.example"


@pytest.fixture(scope="module")
def server(served, tmp_path_factory, issuer):
    settings = {
        "image-pipeline:uploads": "presigned",
        "image-pipeline:maxUploadMb": 1,
        "image-pipeline:allowedOrigins": [ORIGIN],
        "image-pipeline:auth": {"issuer": issuer.url, "audience": AUDIENCE},
        "image-pipeline:quotaPerHour": PER_HOUR,
        "image-pipeline:quotaBytesPerDay": PER_DAY,
    }
    with served(tmp_path_factory.mktemp("auth"), DEFAULTS | settings, "dev") as server:
        yield server


@pytest.fixture(scope="module")
def signer(server):
    functions = server.client("lambda").list_functions()["Functions"]
    (name,) = [f["FunctionName"] for f in functions if "-signer-" in f["FunctionName"]]
    return name


@pytest.fixture
def ask(server):
    """Ask for a form: a token, and the file's size; returns status and JSON."""

    def ask(token, size=5, name="beach.jpg"):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        wanted = json.dumps({"name": name, "type": "image/jpeg", "size": size}).encode()
        status, answer = request("POST", server.outputs["uploadEndpoint"], wanted, headers)
        return status, json.loads(answer)

    return ask


@pytest.fixture
def restart(server, signer):
    """End the signer's execution environments, with other variables or the same ones."""
    lambda_ = server.client("lambda")
    found = lambda_.get_function_configuration(FunctionName=signer)["Environment"]["Variables"]
    times = iter(range(100))

    def restart(**variables):
        changed = {**found, "RESTARTED": str(next(times)), **variables}
        lambda_.update_function_configuration(
            FunctionName=signer, Environment={"Variables": changed}
        )

    yield restart
    lambda_.update_function_configuration(FunctionName=signer, Environment={"Variables": found})


def code(answer):
    status, body = answer
    return status, body["error"]["code"]


def keys_of(server, prefix):
    found = server.client("s3").list_objects_v2(
        Bucket=server.outputs["sourceBucket"], Prefix=prefix
    )
    return [item["Key"] for item in found.get("Contents", [])]


def test_a_signed_in_user_s_photo_becomes_renditions(server, issuer, ask, photo):
    path = photo("signed-in.jpg")
    body = path.read_bytes()
    status, form = ask(issuer.token(sub="auth0|65f"), len(body), path.name)
    assert status == 200
    assert form["key"].startswith("uploads/auth0_7c65f/")
    assert post_form(form, path.name, body)[0] == 204
    name = form["key"].removeprefix("uploads/")
    url = f"{server.outputs['deliveryUrl']}/{name}/manifest.json"
    wait_until(lambda: request("GET", url)[0] == 200, 60)
    manifest = json.loads(request("GET", url)[1])
    assert (manifest["status"], len(manifest["renditions"])) == ("ready", 5)


def test_the_uploader_uploads_as_the_user_whose_header_it_is_given(
    server, issuer, photo, monkeypatch
):
    endpoint, delivery = server.outputs["uploadEndpoint"], server.outputs["deliveryUrl"]
    refused = upload(photo("no-one.jpg"), "", endpoint, delivery, presigned=True)
    assert (refused.status, refused.error.code) == ("refused", "http_401")
    monkeypatch.setenv("UPLOAD_AUTHORIZATION", f"Bearer {issuer.token(sub='operator')}")
    result = upload(photo("operator.jpg"), "", endpoint, delivery, presigned=True)
    assert (result.status, result.error) == ("ready", None)
    assert result.key.startswith("uploads/operator/")


def test_a_token_by_elliptic_curve_is_as_good(issuer, ask):
    assert ask(issuer.token("ec-1", sub="eve"))[0] == 200


def test_bad_tokens_get_no_form(issuer, ask):
    pem = issuer.public_pem()
    bad = {
        "none at all": (None, "sign_in"),
        "expired": (issuer.token(exp=1), "expired"),
        "another audience": (issuer.token(aud="others"), "token"),
        "another issuer": (issuer.token(iss="https://evil.example"), "token"),
        "unsigned": (issuer.forged("none"), "token"),
        "HS256 with the public key": (issuer.forged("HS256", secret=pem), "token"),
        "an unknown key": (issuer.token("rsa-9", key=issuer.keys["rsa-1"]), "token"),
        "no token": ("x", "token"),
    }
    for name, (token, expected) in bad.items():
        assert code(ask(token)) == (401, expected), name


@pytest.mark.parametrize("size", [4, 6, 0])
def test_a_form_takes_the_size_that_was_asked_for(server, issuer, ask, size):
    form = ask(issuer.token(sub=f"sizes-{size}"), 5)[1]
    assert post_form(form, "beach.jpg", b"x" * size)[0] in (400, 403)
    assert keys_of(server, f"uploads/sizes-{size}/") == []
    assert post_form(form, "beach.jpg", b"x" * 5)[0] == 204


def test_another_user_s_prefix_is_denied(server, issuer, ask):
    form = ask(issuer.token(sub="mallory"), 5)[1]
    for key in ("uploads/alice/beach.jpg", f"uploads/alice/{form['key']}", "uploads/beach.jpg"):
        status, _ = post_form({**form, "fields": {**form["fields"], "key": key}}, "b.jpg", b"x" * 5)
        assert status == 403
    assert keys_of(server, "uploads/alice/") == []


def test_a_name_cannot_leave_the_user_s_prefix(issuer, ask):
    for name in ("../alice/a.jpg", "/uploads/alice/a.jpg", "..\\a.jpg"):
        _, form = ask(issuer.token(sub="trent"), 5, name)
        user, _random, last = form["key"].removeprefix("uploads/").split("/")
        assert (user, last) == ("trent", "a.jpg")


def test_the_hour_s_quota_is_hit_and_recovers(server, issuer, ask):
    token = issuer.token(sub="hour")
    assert [ask(token)[0] for _ in range(PER_HOUR)] == [200] * PER_HOUR
    assert code(ask(token)) == (429, "quota_per_hour")
    assert ask(issuer.token(sub="another"))[0] == 200
    forget(server, "hour", f"forms{datetime.now(UTC):%H}")
    assert ask(token)[0] == 200


def test_the_day_s_quota_is_hit_and_recovers(server, issuer, ask):
    token = issuer.token(sub="day")
    assert [ask(token, 1_000_000)[0] for _ in range(3)] == [200] * 3
    status, body = ask(token, 1)
    assert (status, body["error"]["code"]) == (429, "quota_bytes_per_day")
    assert body["error"]["message"].startswith("You may send 3 MB a day, and they are used up.")
    forget(server, "day", "bytes")
    assert ask(token, 1_000_000)[0] == 200


def test_forms_asked_for_at_one_time_do_not_exceed_a_quota_together(issuer, ask):
    token = issuer.token(sub="crowd")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(token)[0], range(3 * PER_HOUR)))
    assert (answers.count(200), answers.count(429)) == (PER_HOUR, 2 * PER_HOUR)


def test_what_is_counted_expires(server, issuer, ask):
    assert ask(issuer.token(sub="counted"), 7)[0] == 200
    item = counted(server, "counted")
    assert item["bytes"] == {"N": "7"}
    left = int(item["expires"]["N"]) - datetime.now(UTC).timestamp()
    assert 24 * 3600 <= left <= 48 * 3600
    (name,) = server.client("dynamodb").list_tables()["TableNames"]
    ttl = server.client("dynamodb").describe_time_to_live(TableName=name)
    assert ttl["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


def forget(server, user, attribute):
    """Remove what was counted, as the next hour or day does."""
    (name,) = server.client("dynamodb").list_tables()["TableNames"]
    server.client("dynamodb").update_item(
        TableName=name,
        Key={"user": {"S": user}, "day": {"S": f"{datetime.now(UTC):%Y-%m-%d}"}},
        UpdateExpression="REMOVE #a",
        ExpressionAttributeNames={"#a": attribute},
    )


def counted(server, user):
    (name,) = server.client("dynamodb").list_tables()["TableNames"]
    key = {"user": {"S": user}, "day": {"S": f"{datetime.now(UTC):%Y-%m-%d}"}}
    return server.client("dynamodb").get_item(TableName=name, Key=key)["Item"]


def test_pages_of_the_allowed_origins_may_send_a_token(server):
    asked = {"Origin": ORIGIN, "Access-Control-Request-Headers": "authorization"}
    parts = urlsplit(server.outputs["uploadEndpoint"])
    with closing(http.client.HTTPConnection(parts.netloc, timeout=10)) as connection:
        connection.request("OPTIONS", parts.path, headers=asked)
        answer = connection.getresponse()
        answer.read()
    allowed = answer.headers["Access-Control-Allow-Headers"].split(",")
    assert {"authorization", "x-authorization"} <= set(allowed)
    assert answer.headers["Access-Control-Expose-Headers"] == "retry-after"


DENIED = {
    "read counts": ("get_item", {"Key": {"user": {"S": "a"}, "day": {"S": "b"}}}),
    "list users": ("scan", {}),
    "query users": (
        "query",
        {"KeyConditionExpression": "#u = :u", "ExpressionAttributeNames": {"#u": "user"},
         "ExpressionAttributeValues": {":u": {"S": "a"}}},
    ),
    "delete counts": ("delete_item", {"Key": {"user": {"S": "a"}, "day": {"S": "b"}}}),
    "write items": ("put_item", {"Item": {"user": {"S": "a"}, "day": {"S": "b"}}}),
    "delete the table": ("delete_table", {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def as_signer(server, signer):
    return probe(server, signer)


@pytest.mark.parametrize("what", DENIED)
def test_the_signer_may_count_and_nothing_else(server, as_signer, what):
    operation, arguments = DENIED[what]
    (name,) = server.client("dynamodb").list_tables()["TableNames"]
    refused = as_signer("dynamodb", operation, TableName=name, **arguments)
    assert refused == "AccessDeniedException"


def test_the_signer_may_count_in_its_own_table_alone(server, as_signer):
    key = {"user": {"S": "a"}, "day": {"S": "b"}}
    (name,) = server.client("dynamodb").list_tables()["TableNames"]
    assert as_signer("dynamodb", "update_item", TableName=name, Key=key) == "allowed"
    refused = as_signer("dynamodb", "update_item", TableName="other", Key=key)
    assert refused == "AccessDeniedException"


def test_a_table_that_cannot_be_reached_lets_nobody_in(server, signer, issuer, ask):
    """Its policy is taken away: the count fails, and the form is not signed."""
    iam = server.client("iam")
    arn = server.client("lambda").get_function_configuration(FunctionName=signer)["Role"]
    role = arn.rpartition("/")[2]
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    held = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    statements = [s for s in held["Statement"] if s["Sid"] != "CountUploads"]
    lesser = json.dumps({**held, "Statement": statements})
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=lesser)
    try:
        assert code(ask(issuer.token(sub="denied"))) == (503, "unavailable")
    finally:
        document = json.dumps(held)
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=document)
    assert ask(issuer.token(sub="denied"))[0] == 200


def test_keys_rotate(issuer, ask, restart):
    """The new key is found within the cooldown; the old one is no longer accepted."""
    restart()
    old = issuer.token(sub="rotated")
    assert ask(old)[0] == 200
    keys = issuer.keys
    issuer.rotate()
    try:
        wait_until(lambda: ask(issuer.token("rsa-2", sub="rotated"))[0] == 200, 30)
        assert code(ask(old)) == (401, "token")
    finally:
        issuer.keys = keys
        issuer.publish()


def test_an_issuer_that_is_down_is_not_missed_until_a_cold_start(issuer, ask, restart):
    restart()
    assert ask(issuer.token(sub="down"))[0] == 200
    issuer.stop()
    try:
        assert ask(issuer.token(sub="down"))[0] == 200
        restart()
        assert code(ask(issuer.token(sub="down"))) == (503, "unavailable")
        assert code(ask(issuer.forged("none"))) == (401, "token")
    finally:
        issuer.start()
    restart()
    assert ask(issuer.token(sub="down"))[0] == 200


@pytest.fixture
def provider():
    """A provider that people sign in at, in a separate process."""
    with socket.socket() as probed:
        probed.bind(("127.0.0.1", 0))
        port = probed.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    url = f"http://localhost:{port}"
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: is_up(f"{url}/.well-known/openid-configuration"), 60)
            yield url
        finally:
            process.terminate()


def is_up(url):
    try:
        return request("GET", url)[0] == 200
    except OSError:
        return False


def sign_in(url, sub):
    """Return the ID token of an authorization code flow."""
    app = {"client_id": AUDIENCE, "redirect_uri": "http://app.example/"}
    query = urlencode({**app, "response_type": "code", "scope": "openid"})
    moved = post(f"{url}/oauth2/authorize?{query}", {"sub": sub})
    (grant,) = parse_qs(urlsplit(moved.headers["Location"]).query)["code"]
    wanted = {**app, "grant_type": "authorization_code", "code": grant, "client_secret": "secret"}
    return post(f"{url}/oauth2/token", wanted).json()["id_token"]


def post(url, fields):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return urllib3.request("POST", url, body=urlencode(fields), headers=headers, redirect=False)


def test_a_user_of_an_independent_provider_signs_in(ask, provider, issuer, restart):
    """The signer is told of the provider as an update of the setting would tell it."""
    restart(ISSUER=provider)
    status, form = ask(sign_in(provider, "google-oauth2|1234"))
    assert status == 200
    assert form["key"].startswith("uploads/google-oauth2_7c1234/")
    assert code(ask(issuer.token())) == (401, "token")
