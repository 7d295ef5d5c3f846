"""The CDN is told to forget what a moderator takes down."""

from xml.etree import ElementTree as ET

import pytest

from function.cdn_cache import CdnCache
from function.storage.deadline import Deadline
from function.storage.errors import Refused

NAMES = {"c": "http://cloudfront.amazonaws.com/doc/2020-05-31/"}
BUSY = b"""<?xml version="1.0"?>
<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type>
<Code>TooManyInvalidationsInProgress</Code><Message>Processing</Message></Error>
<RequestId>r1</RequestId></ErrorResponse>"""


def test_all_files_of_the_upload_are_named_in_both_ways_to_write_their_paths(aws_server):
    aws_server.answers = [(201, b"<Invalidation/>")]
    CdnCache("E1", Deadline()).forget("u1/a&b +.jpg", "m<1")
    assert aws_server.asked[0][:2] == ("POST", "/2020-05-31/distribution/E1/invalidation")
    ((headers, body),) = aws_server.received
    sent = ET.fromstring(body)
    assert sent.tag == f"{{{NAMES['c']}}}InvalidationBatch"
    paths = [path.text for path in sent.findall("c:Paths/c:Items/c:Path", NAMES)]
    assert paths == ["/u1/a%26b%20%2B.jpg/*", "/u1/a&b%20+.jpg/*"]
    assert sent.findtext("c:Paths/c:Quantity", None, NAMES) == "2"
    assert sent.findtext("c:CallerReference", None, NAMES) == "m<1"
    assert "/us-east-1/cloudfront/aws4_request" in headers["authorization"]


@pytest.mark.parametrize(
    ("region", "signed_for"), [("eu-central-1", "us-east-1"), ("cn-north-1", "cn-northwest-1")]
)
def test_requests_are_signed_for_the_one_region_of_the_service(
    aws_server, monkeypatch, region, signed_for
):
    monkeypatch.setenv("AWS_REGION", region)
    CdnCache("E1", Deadline()).forget("a", "m1")
    assert f"/{signed_for}/cloudfront/" in aws_server.received[0][0]["authorization"]


def test_a_refusal_is_told_with_its_code(aws_server):
    aws_server.answers = [(400, BUSY)]
    with pytest.raises(Refused, match="TooManyInvalidationsInProgress: Processing") as refused:
        CdnCache("E1", Deadline()).forget("a", "m1")
    assert refused.value.code == "TooManyInvalidationsInProgress"
