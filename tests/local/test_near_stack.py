"""A stack that looks for duplicates: S3 copies them, DynamoDB finds them, with least privilege."""

import pytest
from PIL import Image

from tests.support.waiting import wait_until

ORIGINAL, COPY, SMALLER = "uploads/one/a.jpg", "uploads/two/b é+.jpg", "uploads/three/c.jpg"


@pytest.fixture(scope="module")
def near(tmp_path_factory, deployed):
    with deployed(tmp_path_factory.mktemp("near"), {"image-pipeline:duplicates": "near"}) as aws:
        yield aws


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """A picture with something in it, and the same at half the size and lower quality."""
    folder = tmp_path_factory.mktemp("scene")
    noise = Image.effect_noise((12, 9), 90).resize((1200, 900), Image.Resampling.BICUBIC)
    noise.convert("RGB").save(folder / "whole.jpg", quality=92)
    noise.resize((600, 450)).convert("RGB").save(folder / "half.jpg", quality=60)
    return folder


@pytest.fixture(scope="module")
def uploaded(near, scene):
    for name, key in (("whole", ORIGINAL), ("whole", COPY), ("half", SMALLER)):
        assert near.upload(scene / f"{name}.jpg", key).status == "ready"
    return near


def table_of(aws) -> str:
    (table,) = aws.client("dynamodb").list_tables()["TableNames"]
    return table


def entries(aws) -> list[str]:
    items = aws.client("dynamodb").scan(TableName=table_of(aws))["Items"]
    return sorted(item["name"]["S"] for item in items)


def test_the_same_bytes_are_copied(uploaded):
    manifest, original = uploaded.manifest(COPY), uploaded.manifest(ORIGINAL)
    assert manifest["duplicate_of"] == original["id"]
    assert manifest["timings_ms"]["decode"] == 0
    assert len(manifest["renditions"]) == len(original["renditions"]) == 5
    s3, bucket = uploaded.client("s3"), uploaded.outputs["destinationBucket"]
    for ours, theirs in zip(manifest["renditions"], original["renditions"], strict=True):
        mine = s3.get_object(Bucket=bucket, Key=ours["key"])
        others = s3.get_object(Bucket=bucket, Key=theirs["key"])
        assert mine["Metadata"] == {"sequencer": manifest["source"]["sequencer"]}
        for header in ("ContentType", "CacheControl", "ServerSideEncryption", "ContentLength"):
            assert mine[header] == others[header]
        assert mine["Body"].read() == others["Body"].read()


def test_a_look_alike_is_named(uploaded):
    manifest = uploaded.manifest(SMALLER)
    assert manifest["duplicate_of"] == uploaded.manifest(ORIGINAL)["id"]
    assert manifest["renditions"][0]["width"] == 600


def test_the_original_may_go(uploaded):
    before = uploaded.manifest(COPY)
    source = uploaded.outputs["sourceBucket"]
    assert len(entries(uploaded)) == 12
    uploaded.client("s3").delete_object(Bucket=source, Key=ORIGINAL)
    wait_until(lambda: "one/a.jpg" not in entries(uploaded))
    assert entries(uploaded) == ["three/c.jpg"] * 4 + ["two/b é+.jpg"] * 4
    assert uploaded.manifest(COPY) == before
    s3, bucket = uploaded.client("s3"), uploaded.outputs["destinationBucket"]
    for rendition in before["renditions"]:
        assert s3.head_object(Bucket=bucket, Key=rendition["key"])["ContentLength"]


KEY = {"bucket": {"S": "probe"}, "name": {"S": "probe"}}
ALLOWED = {
    "look a bucket up": (
        "query",
        {
            "KeyConditionExpression": "#b = :b",
            "ExpressionAttributeNames": {"#b": "bucket"},
            "ExpressionAttributeValues": {":b": {"S": "probe"}},
        },
    ),
    "enter an upload": ("update_item", {"Key": KEY}),
    "delete an entry": ("delete_item", {"Key": KEY}),
}
DENIED = {
    "list all entries": ("scan", {}),
    "put an item": ("put_item", {"Item": KEY}),
    "read an item": ("get_item", {"Key": KEY}),
    "delete the table": ("delete_table", {}),
    "change the table": ("update_table", {"BillingMode": "PAY_PER_REQUEST"}),
}


@pytest.mark.parametrize("probe", ALLOWED)
def test_the_function_may(near, probe):
    operation, arguments = ALLOWED[probe]
    answer = near.as_function("dynamodb", operation, TableName=table_of(near), **arguments)
    assert answer == "allowed"


@pytest.mark.parametrize("probe", DENIED)
def test_the_function_may_not(near, probe):
    operation, arguments = DENIED[probe]
    answer = near.as_function("dynamodb", operation, TableName=table_of(near), **arguments)
    assert answer == "AccessDeniedException"


def test_the_function_may_not_touch_another_table(near):
    arguments = {"TableName": "other", "Key": KEY}
    assert near.as_function("dynamodb", "update_item", **arguments) == "AccessDeniedException"


def test_a_stack_without_duplicates_has_no_table(aws):
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
