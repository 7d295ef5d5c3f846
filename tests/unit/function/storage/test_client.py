"""Requests signed as AWS asks, and connections that are used again."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from function.storage.client import SignedClient, sign
from function.storage.errors import Refused
from pipeline.environment import environment_variables
from pipeline.settings import Settings

EXAMPLE = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_REGION": "us-east-1",
}


def signed(**changes):
    request = {
        "method": "GET",
        "target": "/test.txt",
        "headers": {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9"},
        "body": b"",
        "service": "s3",
        "variables": EXAMPLE,
        "now": datetime(2013, 5, 24, tzinfo=UTC),
    }
    return sign(**{**request, **changes})


def test_the_signature_is_the_one_that_amazon_publishes():
    """Amazon S3 API reference, "Examples: Signature calculations", GET object."""
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert signed()["authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize("service", ["lambda", "cloudfront", "sqs"])
def test_other_services_than_s3_sign_a_path_that_is_quoted_once_more(monkeypatch, service):
    """As botocore does it; without it Lambda refuses each ARN in a path."""
    now = datetime(2026, 11, 28, tzinfo=UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: now)
    target = (
        "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Arules/invocations"
    )
    body, host = b'{"a": 1}', f"{service}.eu-west-1.amazonaws.com"
    variables = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_REGION": "eu-west-1"}
    found = sign(
        "POST", target, {"host": host}, body, service=service, variables=variables, now=now
    )
    headers = {"host": host, "x-amz-content-sha256": found["x-amz-content-sha256"]}
    request = AWSRequest("POST", f"https://{host}{target}", headers=headers, data=body)
    botocore.auth.SigV4Auth(Credentials("k", "s"), service, "eu-west-1").add_auth(request)
    theirs = request.headers["Authorization"].rpartition("Signature=")[2]
    assert found["authorization"].rpartition("Signature=")[2] == theirs


@pytest.mark.parametrize(
    ("target", "signature"),
    [
        ("/?lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "/?max-keys=2&prefix=J",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_a_query_is_signed_as_amazon_publishes(target, signature):
    """The same page, GET bucket lifecycle and GET bucket (list objects)."""
    headers = {"host": "examplebucket.s3.amazonaws.com"}
    answer = signed(target=target, headers=headers)
    assert answer["authorization"].endswith(f"Signature={signature}")


def test_a_roles_token_is_sent_and_signed():
    headers = signed(variables=EXAMPLE | {"AWS_SESSION_TOKEN": "session"})
    assert headers["x-amz-security-token"] == "session"
    assert ";x-amz-security-token," in headers["authorization"]


def test_connections_are_used_again_and_replaced_when_they_were_closed(aws_server):
    client, aws_server.keeps_open = SignedClient("dynamodb"), True
    assert [client.request("POST", "/", {}, b"x") for _ in range(2)] == [b"{}"] * 2
    assert aws_server.connections == 1
    aws_server.keeps_open = False
    assert [client.request("POST", "/", {}, b"x") for _ in range(2)] == [b"{}"] * 2
    assert aws_server.connections == 2


def test_a_connection_that_aws_closed_while_it_was_idle_is_replaced(aws_server):
    client, aws_server.keeps_open = SignedClient("dynamodb"), True
    client.request("POST", "/", {}, b"x")
    aws_server.hang_up()
    aws_server.keeps_open = False
    assert client.request("POST", "/", {}, b"x") == b"{}"
    assert aws_server.connections == 2


def test_an_endpoint_may_have_a_path(aws_server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{aws_server.url}/aws/")
    SignedClient("s3").request("GET", "/bucket/key", {})
    assert aws_server.asked == [("GET", "/aws/bucket/key", {})]


DENIED = b"<Error><Code>AccessDenied</Code><Message>No.</Message></Error>"
BUSY = b'{"__type":"com.amazon.coral.service#ThrottlingException","message":"Rate exceeded"}'
REFUSALS = {
    "s3": ("s3", 403, DENIED, "AWS refused PUT /b/k with status 403, AccessDenied: No."),
    "s3, late": ("s3", 200, b"  " + DENIED, "AWS refused PUT /b/k with status 200, AccessDenied:"),
    "s3, no result": ("s3", 200, b"", "AWS refused PUT /b/k with status 200, no code:"),
    "dynamodb": ("dynamodb", 400, BUSY, "with status 400, ThrottlingException: Rate exceeded"),
    "dynamodb, no JSON": ("dynamodb", 503, b"<html>", "with status 503, no code:"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_has_the_status_and_error_code_of_aws(aws_server, name):
    service, status, body, message = REFUSALS[name]
    aws_server.answers = [(status, body)]
    with pytest.raises(Refused, match=message):
        SignedClient(service).request("PUT", "/b/k", {}, result="CopyObjectResult")


@pytest.mark.parametrize(
    "code",
    ["ThrottlingException", "ProvisionedThroughputExceededException", "RequestThrottled"],
)
def test_a_throttled_request_is_sent_again(aws_server, code):
    aws_server.answers = [(400, f'{{"__type":"aws#{code}"}}'.encode()), (200, b"{}")]
    assert SignedClient("dynamodb").call("DynamoDB_20120810.Query", {}) == {}
    assert len(aws_server.asked) == 2


def test_a_result_in_a_namespace_is_no_refusal(aws_server):
    body = b' <CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
    aws_server.answers = [(200, body)]
    assert SignedClient("s3").request("PUT", "/b/k", {}, result="CopyObjectResult") == body


def test_a_cold_start_imports_no_http_client_and_no_xml():
    """They cost 30 ms, and only copies, removals, refusals and the index need them."""
    variables = environment_variables(Settings(), "destination", "https://cdn.example", "")
    script = "import sys, function.handler; print({'http.client', 'xml'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[4],
        env={**os.environ, **variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "set()\n"
