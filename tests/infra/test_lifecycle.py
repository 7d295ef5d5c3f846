"""Objects that S3 moves and deletes by itself, and the stacks that have it do so."""

import pytest

from function.contract import REJECTED_TAG
from tests.infra.engine import Program, evaluated

KEY, VALUE = REJECTED_TAG


def rules(program: Program) -> dict[str, dict]:
    """Return the rules of the source bucket by their names, each without name and status."""
    found = program.one("BucketLifecycleConfiguration", "-source").inputs["rules"]
    assert {rule["status"] for rule in found} == {"Enabled"}
    return {rule["id"]: {k: rule[k] for k in rule if k not in ("id", "status")} for rule in found}


def test_by_default_old_versions_alone_expire(program):
    assert list(rules(program)) == ["abort-stale-multiparts", "expire-noncurrent-versions"]


@pytest.mark.parametrize("days", [1, 400])
def test_old_versions_are_kept_as_long_as_the_stack_says(days):
    assert rules(evaluated("dev", oldVersionDays=days))["expire-noncurrent-versions"] == {
        "filter": {"prefix": ""},
        "noncurrentVersionExpiration": {"noncurrentDays": days},
        "expiration": {"expiredObjectDeleteMarker": True},
    }


def test_uploads_alone_are_moved(everything):
    assert rules(everything)["move-uploads"] == {
        "filter": {"prefix": "uploads/"},
        "transitions": [
            {"days": 30, "storageClass": "STANDARD_IA"},
            {"days": 90, "storageClass": "GLACIER_IR"},
        ],
    }


def test_rejected_uploads_alone_expire(everything):
    assert rules(everything)["expire-rejected-uploads"] == {
        "filter": {"tag": {"key": KEY, "value": VALUE}},
        "expiration": {"days": 7},
    }


def test_lists_and_reports_of_jobs_expire_with_the_jobs(everything):
    assert rules(everything)["expire-jobs"] == {
        "filter": {"prefix": "batch-operations/"},
        "expiration": {"days": 90},
    }


def test_the_function_tags_where_rejected_uploads_expire(program, everything):
    assert "TagRejected" not in program.one("RolePolicy", "-resizer").statements()
    for part in ("-resizer", "-batch"):
        tag = everything.one("RolePolicy", part).statements()["TagRejected"]
        assert tag["Action"] == ["s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging"]
        assert tag["Resource"].endswith("-source-1234567/uploads/*")
        variables = everything.one("Function", part).inputs["environment"]["variables"]
        assert variables["TAGS_REJECTED"] == "true"


def test_no_other_bucket_has_these_rules(everything):
    for bucket in everything.all("BucketLifecycleConfiguration"):
        if not bucket.name.endswith("-source"):
            found = {rule["id"] for rule in bucket.inputs["rules"]}
            assert found <= {"abort-stale-multiparts", "expire"}
