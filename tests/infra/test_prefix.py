"""Prefixes of uploads: every part of a stack follows them, and strangers write under one alone."""

import json

import pytest

from tests.infra.engine import run
from tests.infra.variants import LAZY, QUOTAS

NEW, OLD = "shop/in/", "uploads/"
MOVED = {"prefix": NEW, "formerPrefixes": [OLD]}
EVERYTHING = {
    "delivery": "cdn",
    "renditions": LAZY,
    "rejectedUploadDays": 7,
    "storageClasses": {"GLACIER_IR": 90},
    "batchOperationsConcurrency": 5,
}


@pytest.fixture(scope="module")
def public():
    return run("dev", **EVERYTHING, site="true", **MOVED)


def paths(statement) -> list[str]:
    found = statement["Resource"]
    return [arn.partition("/")[2] for arn in ([found] if isinstance(found, str) else found)]


def test_both_are_announced_and_strangers_write_under_the_new_one(public):
    queues = public.one("BucketNotification", "-uploads").inputs["queues"]
    assert [queue["filterPrefix"] for queue in queues] == [NEW, OLD]
    assert queues[0] | {"filterPrefix": OLD} == queues[1]
    policy = public.one("BucketPolicy", "-source").statements()
    assert paths(policy["PublicUpload"]) == [f"{NEW}*"]
    assert paths(policy["DenyIndexUpload"]) == [f"{NEW}_index/*", f"{NEW}_index"]


@pytest.mark.parametrize("part", ["-resizer", "-batch", "-views"])
def test_the_functions_read_both(public, part):
    statements = public.one("RolePolicy", part).statements()
    for sid in {"ReadUploads", "TagRejected"} & set(statements):
        assert paths(statements[sid]) == [f"{NEW}*", f"{OLD}*"]
    variables = public.one("Function", part).inputs["environment"]["variables"]
    assert variables["UPLOAD_PREFIXES"] == f"{NEW},{OLD}"
    assert public.outputs["uploadPrefixes"] == f"{NEW},{OLD}"


def test_both_are_moved_to_another_storage_class(public):
    rules = public.one("BucketLifecycleConfiguration", "-source").inputs["rules"]
    moved = {r["id"]: r["filter"]["prefix"] for r in rules if "transitions" in r}
    assert moved == {"move-uploads": NEW, "move-uploads-1": OLD}


def test_the_page_uploads_under_the_new_one(public):
    (config,) = [o for o in public.all("BucketObjectv2") if o.inputs["key"] == "config.json"]
    assert json.loads(config.inputs["content"])["prefix"] == NEW


@pytest.mark.parametrize("settings", [{"uploads": "presigned"}, QUOTAS])
def test_the_signer_signs_and_may_write_under_the_new_one(settings):
    stack = run("dev", **settings, **MOVED)
    assert paths(stack.one("RolePolicy", "-signer").statements()["WriteUploads"]) == [f"{NEW}*"]
    assert (
        stack.one("Function", "-signer").inputs["environment"]["variables"]["UPLOAD_PREFIX"] == NEW
    )


def test_eventbridge_sends_both_of_an_adopted_bucket():
    stack = run("dev", sourceBucket="shop-photos", uploads="private", **MOVED)
    pattern = json.loads(stack.one("EventRule").inputs["eventPattern"])
    assert pattern["detail"]["object"] == {"key": [{"prefix": NEW}, {"prefix": OLD}]}


@pytest.mark.parametrize(
    ("settings", "announcing", "way_in"),
    [
        ({}, "BucketNotification", ("BucketPolicy", "-source")),
        ({"uploads": "presigned"}, "BucketNotification", ("Function", "-signer")),
        (
            {"uploads": "presigned", "sourceBucket": "shop-photos"},
            "EventRule",
            ("Function", "-signer"),
        ),
    ],
)
def test_nobody_may_upload_under_a_prefix_before_its_keys_are_announced(
    settings, announcing, way_in
):
    """S3 tells nobody of an upload that came before: it would lie there, and nothing be made."""
    stack = run("dev", **settings, **MOVED)
    stack.assert_after(stack.one(*way_in), stack.one(announcing))


def test_a_stack_with_the_default_tells_of_it_nowhere():
    """So that an upgrade changes none; tests/infra/state.json holds the rest."""
    stack = run("dev", prefix=OLD)
    assert "uploadPrefixes" not in stack.outputs
    assert "PREFIX" not in json.dumps([f.inputs["environment"] for f in stack.all("Function")])
