"""tests/local/test_ops_erase.py has the same with real tables."""

import pytest

from function.contract.keys import rejected_entry
from ops import tables
from ops.scope import Scope
from ops.stack import Stack
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS


def item(**values):
    return {name: {"S": value} for name, value in values.items()}


def stack(**answers):
    client = aws_client("dynamodb", **answers)
    return Stack(outputs=OUTPUTS, client={"dynamodb": client}.__getitem__)


def test_every_page_of_every_segment_of_the_index_is_read_consistently():
    asked = []

    def scan(**given):
        asked.append(given)
        entry = item(bucket=f"sha256#{given['Segment']}", name="u1/a.jpg")
        longer = item(bucket="sha256#1", name="u1/a.jpg2")
        if "ExclusiveStartKey" in given:
            return {"Items": [entry]}
        return {"Items": [longer], "LastEvaluatedKey": longer}

    entries = tables.index_entries(stack(scan=scan), "index", Scope(key="uploads/u1/a.jpg"))
    assert entries.count() == tables.SEGMENTS
    assert len(asked) == 2 * tables.SEGMENTS
    assert {given["Segment"] for given in asked} == set(range(tables.SEGMENTS))
    assert all(given["ConsistentRead"] for given in asked)
    names = {":n": {"S": "u1/a.jpg"}, ":r": {"S": "\nu1/a.jpg"}}
    assert asked[0]["ExpressionAttributeValues"] == names


@pytest.mark.parametrize("key", ["uploads/u1/a.jpg", "uploads/u1/"])
def test_the_entries_of_rejected_pictures_are_found_too(key):
    own = item(bucket="sha256#1", name=rejected_entry("u1/a.jpg", "v1"))
    others = [item(bucket="sha256#1", name=rejected_entry(name, "v1")) for name in ("u1", "u11/a")]

    def scan(**given):
        return {"Items": [own, *others] if given["Segment"] == 0 else []}

    entries = tables.index_entries(stack(scan=scan), "index", Scope(key=key))
    assert entries.find() == [own]


def test_a_users_quota_items_are_deleted_and_counted():
    deleted = []
    found = [item(user="u1", day="2026-11-26"), item(user="u1", day="2026-11-27")]
    quotas = stack(
        query=lambda **given: {"Items": found if given["ConsistentRead"] else []},
        delete_item=lambda **given: deleted.append(given["Key"]) or {},
    )
    assert tables.quota_items(quotas, "quotas", "u1").clear() == 2
    assert sorted(deleted, key=str) == found
