import io
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from function.contract import MODERATED, Status
from function.manifest import Manifest
from ops.canary import canary
from ops.finding import fail
from ops.stack import Stack
from tests.support.aws_client import Refusal, aws_client
from tests.support.manifests import manifest, rendition
from tests.support.ops import OUTPUTS

STORED = {"Size": 70, "LastModified": datetime(2026, 11, 27, tzinfo=UTC), "IsLatest": True}


@pytest.fixture
def examine():
    """Return the finding of a canary with a manifest, and the keys that it deletes."""

    def run(found: Manifest, *there: str):
        removed = []
        s3 = aws_client(
            "s3",
            get_bucket_policy={"Policy": '{"Statement": []}'},
            put_object={},
            get_object=lambda **_: {"Body": io.BytesIO(found.to_json())},
            list_objects_v2=lambda Bucket, Prefix: {  # noqa: N803 (boto3's names)
                "Contents": [{"Key": key} for key in there if key.startswith(Prefix)]
            },
            list_object_versions=lambda Prefix, **_: {  # noqa: N803
                "Versions": [{"Key": Prefix, "VersionId": "1", **STORED}]
            },
            delete_objects=lambda **given: (
                removed.extend(item["Key"] for item in given["Delete"]["Objects"]) or {}
            ),
        )
        return canary(Stack(outputs=OUTPUTS, client=lambda _: s3)), removed

    return run


def test_a_canary_that_is_ready_has_its_renditions_and_is_removed(examine):
    finding, removed = examine(manifest(rendition("1/a/b.png")), "1/a/b.png")
    assert (finding.level, finding.detail.partition(" after")[0]) == ("ok", "1 rendition")
    assert removed[0].startswith("uploads/canary-")
    assert len(removed) == 4


def test_a_lazy_rendition_of_a_canary_is_not_missed(examine):
    lazy = rendition("1/a/c.png").replace(lazy=True, bytes=None)
    finding, _ = examine(manifest(rendition("1/a/b.png"), lazy), "1/a/b.png")
    assert (finding.level, finding.detail.partition(" after")[0]) == ("ok", "1 rendition")


def test_a_rejected_canary_says_why(examine):
    finding, removed = examine(manifest(code="too_small"))
    why = "its manifest says rejected: too_small, Too small."
    assert finding == fail("canary", why, "see the function's log")
    assert len(removed) == 4


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (manifest().replace(status=Status.HELD).bare(), "waits for a moderator after"),
        (manifest(code=MODERATED).bare(), "a moderator said no after"),
    ],
)
def test_where_uploads_wait_so_does_the_canary_and_leaves_nothing(examine, found, told):
    finding, removed = examine(found)
    assert finding.level == "ok"
    assert finding.detail.startswith(told)
    name = removed[0].removeprefix("uploads/")
    moderation = [f"_index/moderation/{folder}/{name}/" for folder in ("held", "decisions")]
    assert removed == [f"uploads/{name}", f"{name}/", *moderation]


def test_a_rendition_that_is_named_and_not_there_is_told(examine):
    made = manifest(rendition("1/a/b.png"), rendition("1/a/b.pn"))
    finding, _ = examine(made, "1/a/b.png")
    assert finding == fail("canary", "its manifest names 1/a/b.pn, which is absent", "see the log")


def test_a_canary_whose_upload_is_not_answered_is_removed_too():
    """S3 may have stored it."""
    removed = []
    s3 = aws_client(
        "s3",
        get_bucket_policy={"Policy": '{"Statement": []}'},
        put_object=Refusal("RequestTimeout", 400),
        list_object_versions=lambda Prefix, **_: {  # noqa: N803 (boto3's name)
            "Versions": [{"Key": Prefix, "VersionId": "1", **STORED}]
        },
        delete_objects=lambda **given: (
            removed.extend(item["Key"] for item in given["Delete"]["Objects"]) or {}
        ),
    )
    with pytest.raises(ClientError, match="RequestTimeout"):
        canary(Stack(outputs=OUTPUTS, client=lambda _: s3))
    assert removed[0].startswith("uploads/canary-")
