import boto3
import pytest
from botocore import UNSIGNED

from bench.accept import cloud
from bench.accept.clone import Clone

KEYS = {"aws:accessKey": "AKIAEXAMPLE", "aws:secretKey": "secret", "aws:token": "token"}
CREDENTIALS = {
    "aws_access_key_id": "AKIAEXAMPLE",
    "aws_secret_access_key": "secret",
    "aws_session_token": "token",
}


def clone(**config):
    return Clone(name="x", content={"config": config})


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text("[default]\nregion = sa-east-1\n[profile ours]\nregion = eu-north-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))


def test_clients_have_the_settings_of_the_provider():
    made = cloud.clients(clone(**{"aws:region": "eu-west-1", **KEYS}))("sqs")
    assert made.meta.region_name == "eu-west-1"
    expected = boto3.client("sqs", "eu-west-1", **CREDENTIALS)
    assert any(signed(made) == signed(expected) for _ in range(9))  # in the same second


def signed(client):
    """A URL that says whose credentials signed it, and when."""
    return client.generate_presigned_url("list_queues")


def test_another_region_can_be_asked():
    made = cloud.clients(clone(**{"aws:region": "eu-west-1", **KEYS}), "us-east-1")("sqs")
    assert made.meta.region_name == "us-east-1"


@pytest.mark.parametrize(
    ("config", "region"),
    [
        ({"aws:region": "eu-west-1"}, "eu-west-1"),
        ({"aws:profile": "ours"}, "eu-north-1"),
        ({}, "sa-east-1"),
    ],
)
def test_the_region_is_the_settings_or_the_environments(config, region):
    assert cloud.region(clone(**config)) == region


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_a_partition_follows_from_the_region(region, partition):
    assert cloud.partition(clone(**{"aws:region": region})) == partition


@pytest.mark.parametrize(
    "endpoints", [[{"s3": "http://127.0.0.1:4566"}], '[{"s3": "http://127.0.0.1:4566"}]']
)
def test_an_endpoint_is_the_embedded_aws(endpoints):
    made = clone(**{"aws:region": "us-east-1", "aws:endpoints": endpoints})
    assert cloud.clients(made)("sqs").meta.endpoint_url == "http://127.0.0.1:4566"
    assert cloud.stranger(made).meta.endpoint_url == "http://127.0.0.1:4566"


def test_a_stranger_signs_nothing():
    made = clone(**{"aws:region": "eu-west-1", **KEYS})
    stranger = cloud.stranger(made)
    assert stranger.meta.config.signature_version is UNSIGNED
    assert stranger.meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"
    assert stranger.meta.config.retries["total_max_attempts"] == 1
    plain = cloud.stranger(made, is_encrypted=False)
    assert plain.meta.endpoint_url == "http://s3.eu-west-1.amazonaws.com"
