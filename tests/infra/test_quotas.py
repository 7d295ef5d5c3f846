"""The signer of a stack with ``auth``, and the table of what users have uploaded."""

import json

import pytest

from signer.issuer_keys import FETCH_SECONDS
from signer.quota import Quota
from tests.infra.engine import evaluated
from tests.infra.variants import DOMAIN, QUOTAS, SIGNED_IN

BEHIND = {**QUOTAS, "site": "true", **DOMAIN, "wafRequestsPerMinute": 300}


@pytest.fixture(scope="module")
def signed_in():
    return evaluated("prod", **SIGNED_IN)


@pytest.fixture(scope="module")
def quotas():
    return evaluated("prod", **QUOTAS)


@pytest.fixture(scope="module")
def behind():
    """The signer behind the CDN, and the page."""
    return evaluated("prod", **BEHIND)


def test_the_signer_asks_who_it_is_with_libraries_of_its_own(signed_in, prod):
    function = signed_in.one("Function", "-signer").inputs
    assert function["handler"] == "signer.authorized.handle"
    assert "signer-" in json.dumps(function["code"])
    assert ".cache/bundle" in json.dumps(function["code"])
    variables = function["environment"]["variables"]
    assert variables["ISSUER"] == "https://login.example.com/"
    assert variables["AUDIENCE"] == "photos"
    assert prod.one("Function", "-signer").inputs["handler"] == "signer.handler.handle"


def test_a_stack_without_quotas_has_no_table(signed_in):
    assert signed_in.all("Table") == []
    assert "CountUploads" not in signed_in.one("RolePolicy", "-signer").statements()
    assert (
        "QUOTA_TABLE" not in signed_in.one("Function", "-signer").inputs["environment"]["variables"]
    )


def test_the_table_deletes_its_items_by_itself(quotas):
    table = quotas.one("Table", "-quotas").inputs
    assert table["ttl"] == {"attributeName": "expires", "enabled": True}
    assert table["billingMode"] == "PAY_PER_REQUEST"
    assert (table["hashKey"], table["rangeKey"]) == ("user", "day")


def test_the_signer_may_count_and_not_read(quotas):
    counts = quotas.one("RolePolicy", "-signer").statements()["CountUploads"]
    assert counts["Action"] == ["dynamodb:UpdateItem"]
    assert counts["Resource"] == quotas.one("Table", "-quotas").outputs["arn"]
    variables = quotas.one("Function", "-signer").inputs["environment"]["variables"]
    assert variables["QUOTA_TABLE"] == quotas.one("Table", "-quotas").outputs["name"]
    assert quotas.outputs["quotaTable"] == variables["QUOTA_TABLE"]
    assert (variables["QUOTA_PER_HOUR"], variables["QUOTA_BYTES_PER_DAY"]) == ("100", "1000000000")


def test_the_slowest_request_fits_into_the_function_s_timeout(quotas, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    times = Quota("table", forms_per_hour=1, bytes_per_day=0).client.meta.config
    attempts = times.retries["total_max_attempts"]
    counting = attempts * (times.connect_timeout + times.read_timeout)
    assert FETCH_SECONDS + counting < quotas.one("Function", "-signer").inputs["timeout"]


def test_browsers_may_send_a_token_where_it_is_read(quotas, behind, prod):
    def allowed(program):
        return program.one("FunctionUrl").inputs["cors"]["allowHeaders"]

    assert allowed(prod) == ["content-type"]
    assert allowed(quotas) == ["content-type", "authorization", "x-authorization"]
    expected = ["content-type", "authorization", "x-authorization", "x-amz-content-sha256"]
    assert allowed(behind) == expected


def test_browsers_may_read_when_to_try_again(quotas, prod):
    assert quotas.one("FunctionUrl").inputs["cors"]["exposeHeaders"] == ["retry-after"]
    assert "exposeHeaders" not in prod.one("FunctionUrl").inputs["cors"]


def test_the_page_knows_that_it_must_sign_in_and_may_ask_the_issuer(behind, site):
    def config(program):
        objects = program.all("BucketObjectv2")
        (found,) = [o for o in objects if o.inputs["key"] == "config.json"]
        return json.loads(found.inputs["content"])

    assert config(behind)["signIn"] is True
    assert "signIn" not in config(site)
    headers = behind.one("ResponseHeadersPolicy", "-cdn-page").inputs["securityHeadersConfig"]
    policy = headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert " https://login.example.com" in policy


def test_a_provider_s_window_may_answer_the_page_that_opened_it(behind, site):
    def opener(program):
        policy = program.one("ResponseHeadersPolicy", "-cdn-page").inputs["customHeadersConfig"]
        headers = {item["header"]: item["value"] for item in policy["items"]}
        return headers["Cross-Origin-Opener-Policy"]

    assert opener(behind) == "same-origin-allow-popups"
    assert opener(site) == "same-origin"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"uploads": "public"}, "Anyone may upload: uploads is public."),
        ({"uploads": "presigned"}, "Anyone may upload: uploads is presigned, without auth."),
        (SIGNED_IN, None),
    ],
)
def test_the_preview_says_when_anyone_may_upload(settings, said, monkeypatch):
    heard = []
    monkeypatch.setattr("pulumi.log.info", heard.append)
    evaluated("prod", delivery="cdn", **settings)
    assert heard == ([said] if said else [])
