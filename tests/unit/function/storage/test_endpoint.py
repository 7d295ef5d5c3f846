"""obstore and the signed client ask the same hosts, which are those of the region."""

from datetime import timedelta

import obstore
import pytest
from obstore.store import MemoryStore, S3Store

from function.storage import bucket
from function.storage.endpoint import endpoint_url, signing_region

LOCAL = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"AWS_REGION": "us-east-1"}, "https://s3.us-east-1.amazonaws.com"),
        ({"AWS_REGION": "us-gov-west-1"}, "https://s3.us-gov-west-1.amazonaws.com"),
        ({"AWS_REGION": "cn-north-1"}, "https://s3.cn-north-1.amazonaws.com.cn"),
        ({"AWS_REGION": "cn-north-1", "AWS_ENDPOINT_URL": LOCAL}, LOCAL),
        (
            {"AWS_ENDPOINT_URL": LOCAL, "AWS_ENDPOINT_URL_S3": "https://s3.example"},
            "https://s3.example",
        ),
    ],
)
def test_a_bucket_is_asked_at_the_host_of_its_region(monkeypatch, variables, url):
    opened = []

    def open_store(name, **options):
        opened.append(S3Store(name, **options))
        return MemoryStore()

    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    for name, value in (keys | variables).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(bucket, "S3Store", open_store)
    assert bucket.Bucket("bucket").head("key") is None
    presigned = obstore.sign(opened[0], "PUT", "key", timedelta(minutes=1))
    assert presigned.partition("?")[0] == f"{url}/bucket/key"
    assert endpoint_url("s3", variables) == url


@pytest.mark.parametrize(
    ("region", "url", "signed_for"),
    [
        ("eu-central-1", "https://cloudfront.amazonaws.com", "us-east-1"),
        ("us-gov-west-1", "https://cloudfront.amazonaws.com", "us-east-1"),
        ("cn-north-1", "https://cloudfront.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
    ],
)
def test_cloudfront_has_one_host_in_a_partition(region, url, signed_for):
    variables = {"AWS_REGION": region}
    assert endpoint_url("cloudfront", variables) == url
    assert signing_region("cloudfront", variables) == signed_for
    assert signing_region("s3", variables) == region


@pytest.mark.parametrize("service", ["sqs", "dynamodb"])
def test_other_services_of_china_have_a_domain_of_their_own(service):
    url = endpoint_url(service, {"AWS_REGION": "cn-northwest-1"})
    assert url == f"https://{service}.cn-northwest-1.amazonaws.com.cn"
