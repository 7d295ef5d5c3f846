"""AWS WAF in front of the CDN."""

import pytest

from local.uploader import PAUSE_SECONDS
from pipeline.settings import SettingsError
from tests.infra.engine import evaluated, run


@pytest.fixture(scope="module")
def limited():
    return evaluated("prod", wafRequestsPerMinute=300)


def test_one_rule_blocks_an_address_that_asks_too_often(limited):
    acl = limited.one("WebAcl").inputs
    assert (acl["scope"], acl["region"]) == ("CLOUDFRONT", "us-east-1")
    assert acl["defaultAction"] == {"allow": {}}
    (rule,) = acl["rules"]
    answer = rule["action"]["block"]["customResponse"]
    headers = {header["name"]: header["value"] for header in answer["responseHeaders"]}
    assert answer["responseCode"] == 429
    assert headers["Retry-After"] == "60" == str(PAUSE_SECONDS)
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Expose-Headers"] == "Retry-After"
    assert rule["statement"] == {
        "rateBasedStatement": {"aggregateKeyType": "IP", "evaluationWindowSec": 60, "limit": 300}
    }


def test_the_distribution_has_it(limited):
    given = limited.one("Distribution").inputs["webAclId"]
    assert given.startswith("arn:aws:wafv2:")
    assert given == limited.one("WebAcl").outputs["arn"]


def test_without_the_setting_there_is_none(prod):
    assert prod.all("WebAcl") == []
    assert "webAclId" not in prod.one("Distribution").inputs


def changed_by_it(limited, program):
    before = {resource.urn: resource.inputs for resource in program.resources}
    return {
        resource.type.rpartition(":")[2]
        for resource in limited.resources
        if before.get(resource.urn) != resource.inputs
    }


def test_it_adds_a_web_acl_and_puts_the_signer_behind_the_distribution(limited, prod):
    by_the_signer = {"FunctionUrl", "Permission", "OriginAccessControl", "ResponseHeadersPolicy"}
    assert changed_by_it(limited, prod) == {"Firewall", "WebAcl", "Distribution", *by_the_signer}


def test_without_a_signer_it_adds_a_web_acl_and_changes_the_distribution_alone():
    limited = evaluated("dev", delivery="cdn", wafRequestsPerMinute=300)
    before = evaluated("dev", delivery="cdn")
    assert changed_by_it(limited, before) == {"Firewall", "WebAcl", "Distribution"}


def test_a_bucket_cannot_have_it():
    with pytest.raises(SettingsError, match="wafRequestsPerMinute needs delivery: cdn"):
        run("dev", wafRequestsPerMinute=10)
