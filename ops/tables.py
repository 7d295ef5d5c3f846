"""Items of chosen uploads in the stack's DynamoDB tables: the index of duplicates, and quotas.

The index is keyed by hashes that duplicates share, not by upload. An upload's manifest would lead
to its entries, but not to entries that a crash has left behind. So the whole table is read, which
also proves that nothing is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from function.contract.keys import REJECTED_MARK, name_of_entry
from ops.listing import workers
from ops.scope import Scope
from ops.stack import Stack

SEGMENTS: Final = 8
"""Parts of a table read at one time; boto3 keeps ten connections (botocore, ``Config``)."""

Key = dict[str, dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Items:
    """Some items of a table; ``find`` lists their keys anew."""

    dynamodb: Any
    table: str
    find: Callable[[], list[Key]]

    def count(self) -> int:
        """Return how many there are."""
        return len(self.find())

    def clear(self) -> int:
        """Delete them and return how many there were."""
        found = self.find()
        with workers(SEGMENTS) as pool:
            list(pool.map(self._delete, found))
        return len(found)

    def _delete(self, key: Key) -> None:
        self.dynamodb.delete_item(TableName=self.table, Key=key)


def index_entries(stack: Stack, table: str, scope: Scope) -> Items:
    """Return the entries of uploads in the index of duplicates."""
    dynamodb = stack.client("dynamodb")
    return Items(dynamodb=dynamodb, table=table, find=partial(_scan, dynamodb, table, scope))


def quota_items(stack: Stack, table: str, user: str) -> Items:
    """Return the quota items of a user, given the user's part of keys."""
    dynamodb = stack.client("dynamodb")
    return Items(dynamodb=dynamodb, table=table, find=partial(_query, dynamodb, table, user))


def _scan(dynamodb: Any, table: str, scope: Scope) -> list[Key]:
    with workers(SEGMENTS) as pool:
        found = pool.map(partial(_scan_segment, dynamodb, table, scope), range(SEGMENTS))
        return [key for keys in found for key in keys]


def _scan_segment(dynamodb: Any, table: str, scope: Scope, segment: int) -> list[Key]:
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        Segment=segment,
        TotalSegments=SEGMENTS,
        FilterExpression="begins_with(#n, :n) OR begins_with(#n, :r)",
        ProjectionExpression="#b, #n",
        ExpressionAttributeNames={"#b": "bucket", "#n": "name"},
        ExpressionAttributeValues={
            ":n": {"S": scope.name},
            ":r": {"S": f"{REJECTED_MARK}{scope.name}"},
        },
        ConsistentRead=True,
    )
    items = (item for page in pages for item in page["Items"])
    return [item for item in items if scope.holds_name(name_of_entry(item["name"]["S"]))]


def _query(dynamodb: Any, table: str, user: str) -> list[Key]:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="#u = :u",
        ProjectionExpression="#u, #d",
        ExpressionAttributeNames={"#u": "user", "#d": "day"},
        ExpressionAttributeValues={":u": {"S": user}},
        ConsistentRead=True,
    )
    return [item for page in pages for item in page["Items"]]
