"""Names that AWS accepts, and URLs of buckets."""

import pytest

from pipeline.naming import NamingError, bucket_url, resource_name


@pytest.mark.parametrize("stack", ["A_b", "x" * 60])
def test_names_that_aws_would_refuse_are_refused(stack):
    choose = "Choose (a shorter one|another): the stack's setting `name`"
    with pytest.raises(NamingError, match=choose):
        resource_name(f"image-pipeline-{stack}", "source")


def test_the_longest_name_leaves_room_for_pulumis_suffix():
    assert len(resource_name("x" * 48, "source")) == 55
    with pytest.raises(NamingError, match="has 56 characters and AWS leaves room for 55"):
        resource_name("x" * 49, "source")
    with pytest.raises(NamingError, match="must have at most 48; got 49"):
        resource_name("x" * 49, "source")


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [("", "https://b.s3.eu-central-1.amazonaws.com"), ("http://[::1]:4566", "http://[::1]:4566/b")],
)
def test_the_url_of_a_bucket(endpoint, url):
    assert bucket_url("b", "b.s3.eu-central-1.amazonaws.com", s3_endpoint=endpoint) == url


@pytest.mark.parametrize(
    "domain", ["s3.eu-central-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn"]
)
def test_a_name_that_no_certificate_of_s3_has_is_in_the_path(domain):
    assert bucket_url("a.b", f"a.b.{domain}", s3_endpoint="") == f"https://{domain}/a.b"
