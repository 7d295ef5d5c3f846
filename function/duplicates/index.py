"""The index of duplicates: one DynamoDB table of small entries, in buckets that are read whole.

An entry is a hint. The search uses it only if the manifest that it names agrees, and deletes it
otherwise.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from function.engine.record import Record
from function.storage.client import SignedClient
from function.storage.deadline import Deadline

LIMIT: Final = 1000
"""At most this many entries are read per bucket, so a viral image cannot make queries expensive."""

THREADS: Final = 8


class Entry(Record):
    """One upload in one bucket."""

    bucket: str  # hash that its members share, e.g. ``sha256#<digest>``
    name: str  # the upload's key without ``uploads/``
    since: str  # when it was first entered (ISO 8601); the earliest entry is the original
    perceptual_hash: str  # 16 hex digits
    recipe: str  # which renditions it has; see ``search.recipe_of``
    rejected: str = ""  # source key of what a moderator rejected (``rejected.py``); else empty


class Index:
    """The stack's DynamoDB table, by its name."""

    def __init__(self, table: str, deadline: Deadline | None = None) -> None:
        self._table = table
        self._client = SignedClient("dynamodb", deadline)
        self._pool = ThreadPoolExecutor(THREADS)

    def find(self, buckets: Iterable[str]) -> list[Entry]:
        """Return the entries of some buckets, each read by one eventually consistent Query."""
        return [entry for found in self._pool.map(self._query, buckets) for entry in found]

    def put(self, entries: Iterable[Entry]) -> None:
        """Enter an upload in its buckets; an existing entry keeps its ``since``."""
        list(self._pool.map(self._put, entries))

    def delete(self, keys: Iterable[tuple[str, str]]) -> None:
        """Delete entries by bucket and name; missing ones are no error."""
        list(self._pool.map(self._delete, keys))

    def _query(self, bucket: str) -> list[Entry]:
        query = {
            # "bucket" and "name" are among DynamoDB's reserved words.
            "KeyConditionExpression": "#b = :b",
            "ExpressionAttributeNames": {"#b": "bucket"},
            "ExpressionAttributeValues": {":b": {"S": bucket}},
            "Limit": LIMIT,
        }
        items = self._call("Query", query)["Items"]
        return [
            Entry(**{name: item[name]["S"] for name in Entry.fields if name in item})
            for item in items
        ]

    def _put(self, entry: Entry) -> None:
        rejected = ", rejected = :x" if entry.rejected else ""
        update = {
            "UpdateExpression": "SET #s = if_not_exists(#s, :s), perceptual_hash = :p, recipe = :r"
            + rejected,
            "ExpressionAttributeNames": {"#s": "since"},
            "ExpressionAttributeValues": {
                ":s": {"S": entry.since},
                ":p": {"S": entry.perceptual_hash},
                ":r": {"S": entry.recipe},
                **({":x": {"S": entry.rejected}} if rejected else {}),
            },
        }
        self._call("UpdateItem", {"Key": _key(entry.bucket, entry.name), **update})

    def _delete(self, key: tuple[str, str]) -> None:
        self._call("DeleteItem", {"Key": _key(*key)})

    def _call(self, operation: str, body: dict[str, Any]) -> Any:
        body = {"TableName": self._table, **body}
        return self._client.call(f"DynamoDB_20120810.{operation}", body)


def _key(bucket: str, name: str) -> dict[str, Any]:
    return {"bucket": {"S": bucket}, "name": {"S": name}}
