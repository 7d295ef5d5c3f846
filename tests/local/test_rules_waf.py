"""AWS WAF in front of the CDN, tried over HTTP by readers of two addresses."""

import http.client
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from local.rules import wafv2
from tests.local.defaults import PROD

LIMIT = 20
MANIFEST = "u1/a.jpg/manifest.json"


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    settings = PROD | {"image-pipeline:wafRequestsPerMinute": LIMIT}
    with served(tmp_path_factory.mktemp("waf"), settings, "prod") as server:
        bucket = server.outputs["destinationBucket"]
        server.client("s3").put_object(Bucket=bucket, Key=MANIFEST, Body=b"{}")
        yield server


def read(server, address):
    """GET a manifest from one of this machine's addresses."""
    parts = urlsplit(server.outputs["deliveryUrl"])
    connection = http.client.HTTPConnection(
        "127.0.0.1", parts.port, source_address=(address, 0), timeout=10
    )
    try:
        connection.request("GET", f"/{MANIFEST}", headers={"Host": parts.netloc})
        answer = connection.getresponse()
        return answer.status, answer.read(), dict(answer.headers)
    finally:
        connection.close()


def acl_of(server):
    (found,) = server.client("wafv2").list_web_acls(Scope="CLOUDFRONT")["WebACLs"]
    return found


@contextmanager
def rules_of(server):
    """The web ACL's rules, to change; sent when the block ends."""
    client, found = server.client("wafv2"), acl_of(server)
    acl = client.get_web_acl(Name=found["Name"], Scope="CLOUDFRONT", Id=found["Id"])["WebACL"]
    yield acl["Rules"]
    client.update_web_acl(
        Name=found["Name"],
        Scope="CLOUDFRONT",
        Id=found["Id"],
        LockToken=acl_of(server)["LockToken"],
        DefaultAction=acl["DefaultAction"],
        VisibilityConfig=acl["VisibilityConfig"],
        Rules=acl["Rules"],
    )


def test_one_reader_is_blocked_and_another_is_not(server):
    """Page "Rate-based rule statement" in the AWS WAF developer guide."""
    answers = [read(server, "127.0.0.2") for _ in range(LIMIT + 2)]
    assert [answer[:2] for answer in answers[:LIMIT]] == [(200, b"{}")] * LIMIT
    assert [status for status, _, _ in answers[LIMIT:]] == [429, 429]
    assert answers[-1][2]["Retry-After"] == "60"
    assert answers[-1][2]["Access-Control-Allow-Origin"] == "*"
    assert read(server, "127.0.0.3")[:2] == (200, b"{}")


def test_a_rule_without_a_custom_response_answers_403(server):
    """Page "Customized web requests and responses" in the AWS WAF developer guide."""
    with rules_of(server) as rules:
        rules[0]["Action"] = {"Block": {}}
    answers = [read(server, "127.0.0.4") for _ in range(LIMIT + 1)]
    assert answers[-1][0] == 403
    assert b"Request blocked." in answers[-1][1]


@pytest.mark.parametrize(
    "answer",
    [
        {"ResponseCode": 600},
        {"ResponseCode": 429, "ResponseHeaders": [{"Name": "Content-Type", "Value": "a"}]},
        {"ResponseCode": 429, "ResponseHeaders": [{"Name": "A", "Value": "1"}] * 2},
    ],
)
def test_a_custom_response_that_aws_waf_does_not_have_is_refused(server, answer):
    """Page "CustomResponse" in the AWS WAF API reference."""
    client = server.client("wafv2")
    with pytest.raises(client.exceptions.WAFInvalidParameterException), rules_of(server) as rules:
        rules[0]["Action"] = {"Block": {"CustomResponse": answer}}


def test_the_distribution_names_the_web_acl(server):
    (item,) = server.client("cloudfront").list_distributions()["DistributionList"]["Items"]
    assert item["WebACLId"] == acl_of(server)["ARN"]


def test_a_web_acl_in_use_is_kept(server):
    """Page "DeleteWebACL" in the AWS WAF API reference."""
    found = acl_of(server)
    client = server.client("wafv2")
    with pytest.raises(client.exceptions.WAFAssociatedItemException):
        client.delete_web_acl(
            Name=found["Name"], Scope="CLOUDFRONT", Id=found["Id"], LockToken=found["LockToken"]
        )


def test_a_window_that_aws_waf_does_not_have_is_refused(server):
    """Page "RateBasedStatement" in the AWS WAF API reference."""
    client = server.client("wafv2")
    visibility = {
        "SampledRequestsEnabled": True,
        "CloudWatchMetricsEnabled": True,
        "MetricName": "a",
    }
    statement = {"Limit": 10, "AggregateKeyType": "IP", "EvaluationWindowSec": 90}
    with pytest.raises(client.exceptions.WAFInvalidParameterException):
        client.create_web_acl(
            Name="a",
            Scope="CLOUDFRONT",
            DefaultAction={"Allow": {}},
            VisibilityConfig=visibility,
            Rules=[
                {
                    "Name": "rate",
                    "Priority": 0,
                    "Action": {"Block": {}},
                    "Statement": {"RateBasedStatement": statement},
                    "VisibilityConfig": visibility,
                }
            ],
        )


def test_a_web_acl_that_does_not_exist_is_refused(server):
    """Page "UpdateDistribution" in the CloudFront API reference."""
    client = server.client("cloudfront")
    (item,) = client.list_distributions()["DistributionList"]["Items"]
    found = client.get_distribution_config(Id=item["Id"])
    config = found["DistributionConfig"] | {"WebACLId": f"{item['WebACLId']}0"}
    with pytest.raises(ClientError) as error:
        client.update_distribution(Id=item["Id"], IfMatch=found["ETag"], DistributionConfig=config)
    assert error.value.response["Error"]["Code"] == "InvalidWebACLId"


def test_requests_before_the_window_do_not_count(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(wafv2.time, "monotonic", lambda: now[0])
    statement = {"EvaluationWindowSec": 60}

    def count(address):
        return wafv2.count("arn", "rate", address, statement)

    assert [count("a"), count("a"), count("b")] == [1, 2, 1]
    now[0] += 59.9
    assert count("a") == 3
    now[0] += 0.1
    assert count("a") == 2
