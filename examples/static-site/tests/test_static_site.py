"""The site, tested with pytest-pulumi alone: without the CLI, and without a cloud."""

import json
from pathlib import Path

import pytest
from pulumi_aws import acm, cloudfront, route53, s3

from pytest_pulumi import UNKNOWN, Cloud, PulumiTestError

FOLDER = Path(__file__).parents[1]
PROOF = {
    "resourceRecordName": "_proof.www.example.com",
    "resourceRecordType": "CNAME",
    "resourceRecordValue": "_value.acm-validations.aws",
}


def outputs(resource):
    """The outputs that AWS would return."""
    service = resource.type.split(":")[1].split("/")[0]
    return {
        "arn": f"arn:aws:{service}:::{resource.name}",
        "bucket": f"{resource.name}-1a2b3c4",
        "bucketRegionalDomainName": f"{resource.name}.s3.eu-central-1.amazonaws.com",
        "domainName": "d111111abcdef8.cloudfront.net",
        "hostedZoneId": "Z2FDTNDATAQYW2",
        "fqdn": resource.inputs.get("name", ""),
        "domainValidationOptions": [PROOF],
    } | resource.inputs


CLOUD = Cloud(outputs=outputs, stacks={"acme/dns/prod": {"zoneId": "Z123"}})


@pytest.fixture(scope="module")
def site(pulumi_program):
    return pulumi_program(FOLDER, stack="prod", cloud=CLOUD)


def test_only_the_distribution_reads_the_bucket(site):
    block = site.one(s3.BucketPublicAccessBlock).inputs
    assert [block[key] for key in sorted(block) if key != "bucket"] == [True] * 4
    [statement] = json.loads(site.one(s3.BucketPolicy).inputs["policy"])["Statement"]
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert (statement["Action"], statement["Resource"]) == ("s3:GetObject", "arn:aws:s3:::site/*")
    assert statement["Condition"]["StringEquals"]["AWS:SourceArn"] == "arn:aws:cloudfront:::site"


def test_cloudfront_takes_its_certificate_from_us_east_1(site):
    virginia = site.by_name("us-east-1")
    assert virginia.inputs["region"] == "us-east-1"
    assert site.one(acm.Certificate).provider == virginia.urn
    assert site.one(acm.CertificateValidation).provider == virginia.urn
    assert site.one(cloudfront.Distribution).provider == ""


def test_the_distribution_waits_until_the_certificate_is_valid(site):
    site.assert_after(site.one(cloudfront.Distribution), site.one(acm.CertificateValidation))
    site.assert_after(site.one(acm.CertificateValidation), site.one(route53.Record, "*-proof"))


def test_the_proof_is_what_the_certificate_asks(site):
    proof = site.one(route53.Record, "*-proof").inputs
    assert proof["name"] == "_proof.www.example.com"
    assert proof["records"] == ["_value.acm-validations.aws"]
    assert proof["zoneId"] == "Z123"


def test_everything_is_a_part_of_the_site(site):
    component = site.one("StaticSite")
    for resource in site.where(lambda resource: resource.custom and not resource.read):
        site.assert_within(resource, component)
    assert site.outputs == {"url": "https://www.example.com", "bucket": "site-1a2b3c4"}


def test_the_content_survives_a_destroy_and_a_rename(site, pulumi_snapshot):
    assert site.one(s3.Bucket).protect
    pulumi_snapshot(site, "prod", types=["aws:s3/bucket:Bucket"])


def test_a_first_preview_goes_through(pulumi_program):
    preview = pulumi_program(FOLDER, stack="prod", cloud=CLOUD, preview=True)
    assert preview.one(s3.BucketPolicy).inputs["policy"] is UNKNOWN
    assert preview.outputs["url"] == "https://www.example.com"


def test_it_says_which_stack_it_reads(pulumi_program):
    with pytest.raises(PulumiTestError, match="reads the stack 'acme/dns/prod'"):
        pulumi_program(FOLDER, stack="prod")
