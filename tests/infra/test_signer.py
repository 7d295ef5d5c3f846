"""The function that signs upload forms."""

import json
import re

import pytest

from tests.infra.engine import evaluated
from tests.infra.variants import DOMAIN, ROOT


@pytest.fixture(scope="module")
def limited():
    """Prod with its page and a rate rule, which is to see who asks for forms."""
    return evaluated("prod", site="true", **DOMAIN, wafRequestsPerMinute=300)


def test_anyone_may_call_the_signer_by_its_url_alone(prod):
    assert prod.outputs["uploadEndpoint"].endswith(".lambda-url.eu-central-1.on.aws/")
    url = prod.one("FunctionUrl").inputs
    assert url["authorizationType"] == "NONE"
    assert (url["cors"]["allowOrigins"], url["cors"]["allowMethods"]) == (["*"], ["POST"])
    permissions = {p.inputs["action"]: p.inputs for p in prod.all("Permission")}
    assert set(permissions) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert permissions["lambda:InvokeFunctionUrl"]["functionUrlAuthType"] == "NONE"
    assert permissions["lambda:InvokeFunction"]["invokedViaFunctionUrl"] is True


def test_the_signer_s_permissions_and_url_are_made_one_after_the_other(prod):
    """Lambda answers 409 to changes of one function's policy that overlap."""
    function, url = prod.one("Function", "-signer"), prod.one("FunctionUrl")
    may_url, may_invoke = prod.one("Permission", "-url"), prod.one("Permission", "-invoke")
    assert {may_url.urn, may_invoke.urn} <= url.dependencies
    assert may_url.urn in may_invoke.dependencies
    assert prod.one("RolePolicy", "-signer").urn in function.dependencies


def test_the_signer_has_a_ceiling_and_may_only_upload(prod, kms):
    assert prod.one("Function", "-signer").inputs["reservedConcurrentExecutions"] == 10
    statements = kms.one("RolePolicy", "-signer").statements()
    assert set(statements) == {"WriteUploads", "WriteLog", "UseKey"}
    assert statements["WriteUploads"]["Action"] == ["s3:PutObject"]
    assert statements["WriteUploads"]["Resource"].endswith("-source-1234567/uploads/*")
    assert statements["UseKey"]["Action"] == ["kms:GenerateDataKey"]
    assert set(prod.one("RolePolicy", "-signer").statements()) == {"WriteUploads", "WriteLog"}


def test_the_signer_reads_what_the_program_sets(prod):
    variables = prod.one("Function", "-signer").inputs["environment"]["variables"]
    read = re.findall(r'os\.environ\["(\w+)"\]', (ROOT / "signer" / "handler.py").read_text())
    assert set(variables) == set(read)
    assert variables["UPLOAD_URL"].endswith("-source-1234567.s3.eu-central-1.amazonaws.com")
    assert variables["MAX_UPLOAD_BYTES"] == "25000000"


def test_behind_a_rate_rule_the_distribution_alone_may_call_the_signer(limited):
    assert limited.one("FunctionUrl").inputs["authorizationType"] == "AWS_IAM"
    permissions = {p.inputs["action"]: p.inputs for p in limited.all("Permission")}
    assert set(permissions) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    for permission in permissions.values():
        assert permission["principal"] == "cloudfront.amazonaws.com"
        assert permission["sourceArn"] == limited.one("Distribution").outputs["arn"]
    assert permissions["lambda:InvokeFunctionUrl"]["functionUrlAuthType"] == "AWS_IAM"
    assert permissions["lambda:InvokeFunction"]["invokedViaFunctionUrl"] is True


def test_the_distribution_and_both_permissions_are_made_one_after_the_other(limited):
    may_url, may_invoke = limited.one("Permission", "-url"), limited.one("Permission", "-invoke")
    distribution = limited.one("Distribution")
    limited.assert_after(distribution, limited.one("FunctionUrl"))
    limited.assert_after(may_url, distribution)
    assert may_url.urn in may_invoke.dependencies


def test_the_distribution_signs_what_it_sends_to_the_signer_and_keeps_no_answer(limited):
    distribution = limited.one("Distribution").inputs
    origins = {origin["originId"]: origin for origin in distribution["origins"]}
    assert set(origins) == {"destination", "site", "signer"}
    signer = origins["signer"]
    assert f"https://{signer['domainName']}/" == limited.one("FunctionUrl").outputs["functionUrl"]
    assert signer["customOriginConfig"]["originProtocolPolicy"] == "https-only"
    assert signer["customOriginConfig"]["originSslProtocols"] == ["TLSv1.2"]
    access = limited.one("OriginAccessControl", "-cdn-sign")
    assert signer["originAccessControlId"].startswith(access.name)
    assert access.inputs["originAccessControlOriginType"] == "lambda"
    assert access.inputs["signingBehavior"] == "always"
    (behavior,) = [
        b for b in distribution["orderedCacheBehaviors"] if b["targetOriginId"] == "signer"
    ]
    assert behavior["pathPattern"] == "/_sign"
    assert "POST" in behavior["allowedMethods"]
    assert behavior["viewerProtocolPolicy"] == "https-only"
    # Managed-CachingDisabled and Managed-AllViewerExceptHostHeader
    assert behavior["cachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert behavior["originRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"


def test_uploaders_and_the_page_are_told_of_the_cdn(limited):
    endpoint = "https://photos.example.com/_sign"
    assert limited.outputs["uploadEndpoint"] == endpoint
    (config,) = [r for r in limited.all("BucketObjectv2") if r.inputs["key"] == "config.json"]
    assert json.loads(config.inputs["content"])["uploadEndpoint"] == endpoint
    headers = limited.one("ResponseHeadersPolicy", "-cdn-page").inputs["securityHeadersConfig"]
    policy = headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert ".lambda-url." not in policy
    assert " https://photos.example.com" in policy


def test_browsers_may_send_the_hash_only_where_it_is_needed(limited, prod):
    assert prod.one("FunctionUrl").inputs["cors"]["allowHeaders"] == ["content-type"]
    assert limited.one("FunctionUrl").inputs["cors"]["allowHeaders"] == [
        "content-type",
        "x-amz-content-sha256",
    ]
