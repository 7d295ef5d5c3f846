"""The index of duplicates: one DynamoDB table of small entries in buckets that are looked up whole.

An entry is a hint. Whoever finds one asks the manifest that it names before believing it, and
deletes the entry if the manifest says otherwise.
"""

import json
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from function.aws import Answer, Host
from function.fields import known_fields

LIMIT: Final = 1000
"""Entries read of one bucket, the first by name: bounds the cost of what everyone posts."""

THREADS: Final = 8
ATTEMPTS: Final = 4
_PAUSE: Final = 0.05
"""Seconds before the second attempt; doubled for each one after."""

_THROTTLED: Final = (b"ThrottlingException", b"ProvisionedThroughputExceededException")
"""Error codes of status 400 that pass (DynamoDB developer guide, "Error handling")."""


class IndexFailed(Exception):
    """DynamoDB refused a request, or stayed too busy for it; the message is delivered again."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One upload in one bucket.

    Attributes:
        bucket: what its members have in common, e.g. ``sha256#<digest>``.
        name: the upload's key without ``uploads/``.
        since: when it was first entered there (ISO 8601): earlier ones are originals.
        perceptual_hash: 16 hex digits.
        recipe: which renditions it has; see ``duplicates.recipe_of``.
    """

    bucket: str
    name: str
    since: str
    perceptual_hash: str
    recipe: str


class Index:
    """The stack's table.

    Args:
        table: its name.
    """

    def __init__(self, table: str) -> None:
        self._table = table
        region = os.environ["AWS_REGION"]
        url = os.environ.get("AWS_ENDPOINT_URL") or f"https://dynamodb.{region}.amazonaws.com"
        self._host = Host("dynamodb", url)
        self._pool = ThreadPoolExecutor(THREADS)

    def find(self, buckets: Iterable[str]) -> list[Entry]:
        """All entries of some buckets, each bucket in one eventually consistent Query."""
        return [entry for found in self._pool.map(self._query, buckets) for entry in found]

    def put(self, entries: Iterable[Entry]) -> None:
        """Enter an upload in its buckets; an entry that is there keeps its ``since``."""
        list(self._pool.map(self._put, entries))

    def delete(self, keys: Iterable[tuple[str, str]]) -> None:
        """Delete entries by bucket and name; those that are not there are no error."""
        list(self._pool.map(self._delete, keys))

    def _query(self, bucket: str) -> list[Entry]:
        # "bucket" and "name" are among DynamoDB's reserved words.
        answer = self._call(
            "Query",
            {
                "KeyConditionExpression": "#b = :b",
                "ExpressionAttributeNames": {"#b": "bucket"},
                "ExpressionAttributeValues": {":b": {"S": bucket}},
                "Limit": LIMIT,
            },
        )
        return [_entry(item) for item in answer["Items"]]

    def _put(self, entry: Entry) -> None:
        self._call(
            "UpdateItem",
            {
                "Key": _key(entry.bucket, entry.name),
                "UpdateExpression": (
                    "SET #s = if_not_exists(#s, :s), perceptual_hash = :p, recipe = :r"
                ),
                "ExpressionAttributeNames": {"#s": "since"},
                "ExpressionAttributeValues": {
                    ":s": {"S": entry.since},
                    ":p": {"S": entry.perceptual_hash},
                    ":r": {"S": entry.recipe},
                },
            },
        )

    def _delete(self, key: tuple[str, str]) -> None:
        self._call("DeleteItem", {"Key": _key(*key)})

    def _call(self, operation: str, body: dict[str, Any]) -> Any:
        """Call DynamoDB, again after a pause while it is too busy.

        Raises:
            IndexFailed: it refuses, or stays too busy.
            OSError: no answer.
        """
        headers = {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"DynamoDB_20120810.{operation}",
        }
        sent = json.dumps({"TableName": self._table, **body}).encode()
        answer = Answer(0, b"")
        for attempt in range(ATTEMPTS):
            answer = self._host.request("POST", "/", headers, sent)
            if answer.status == HTTPStatus.OK:
                return json.loads(answer.body)
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and not any(
                code in answer.body for code in _THROTTLED
            ):
                break
            time.sleep(_PAUSE * 2**attempt)
        raise IndexFailed(f"{operation}: {answer.status} {answer.body.decode(errors='replace')}")


def _entry(item: dict[str, Any]) -> Entry:
    return Entry(**{name: value["S"] for name, value in known_fields(Entry, item).items()})


def _key(bucket: str, name: str) -> dict[str, Any]:
    return {"bucket": {"S": bucket}, "name": {"S": name}}
