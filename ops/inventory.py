"""S3 Inventory: a bucket's listing as S3 itself writes it, cheaper than listing large buckets.

A report is a ``manifest.json`` and gzipped CSV files that it names; its ``fileSchema`` says what
their columns are. Keys in them are URL-encoded (S3 user guide, "Amazon S3 Inventory list").
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from ops.backfill import Existing
from ops.stack import Stack
from terminal import Failure

NEEDED: Final = ("Key", "Size")
"""Columns that an event needs; the function rejects an upload without bytes."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """A report's manifest."""

    where: str  # path or ``s3://`` address of the manifest
    bucket: str  # bucket that holds the report's CSV files
    columns: tuple[str, ...]  # names of the CSV files' columns, in order
    files: tuple[str, ...]  # keys of the CSV files


def read_manifest(stack: Stack, where: str) -> Inventory:
    """Read a report's ``manifest.json``, given its path or ``s3://bucket/key``.

    Raises:
        Failure: it is not there, not a manifest, not of the stack's source bucket, of another
            format, or lacks a column.
    """
    try:
        fields: dict[str, Any] = json.loads(_read(stack, where))
        columns = tuple(name.strip() for name in fields["fileSchema"].split(","))
        files = tuple(str(file["key"]) for file in fields["files"])
        source, kind = fields["sourceBucket"], fields["fileFormat"]
        bucket = fields["destinationBucket"].rsplit(":", 1)[-1]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(f"{where} is no manifest of S3 Inventory; name its manifest.json.") from error
    if kind != "CSV":
        raise Failure(f"{where} is of a report in {kind}; configure the inventory as CSV.")
    if source != stack.source:
        raise Failure(f"{where} lists {source}, not {stack.source}.")
    lacking = [name for name in NEEDED if name not in columns]
    if lacking:
        raise Failure(f"{where} lacks the column {lacking[0]}; add it to the inventory's fields.")
    return Inventory(where=where, bucket=bucket, columns=columns, files=files)


def find(
    stack: Stack, inventory: Inventory, prefixes: tuple[str, ...], skip: int = 0
) -> Iterator[Existing]:
    """Return the newest versions of uploads with one of the prefixes, in the report's order.

    The order never changes, so a run goes on where an earlier one ended by its number of uploads,
    ``skip``.

    Raises:
        Failure: a file of the report is missing or damaged, or lacks an upload's size.
    """
    rows = (row for file in inventory.files for row in _rows(stack, inventory, file))
    wanted = (row for row in rows if _is_current(row) and row["Key"].startswith(prefixes))
    for row in islice(wanted, skip, None):
        if not row["Size"].isdecimal():
            raise Failure(
                f"{inventory.where} has no valid size of {row['Key']}, got {row['Size']!r}; fetch "
                "the report again."
            )
        yield Existing(
            key=row["Key"],
            version_id=row.get("VersionId") or None,
            etag=row.get("ETag", ""),
            size=int(row["Size"]),
        )


def _rows(stack: Stack, inventory: Inventory, file: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file: of a copy next to a local manifest, else from its bucket."""
    beside = Path(inventory.where).parent / Path(file).name
    where = str(beside) if beside.is_file() else f"s3://{inventory.bucket}/{file}"
    try:
        text = gzip.decompress(_read(stack, where)).decode()
        for cells in csv.reader(io.StringIO(text)):
            row = dict(zip(inventory.columns, cells, strict=True))
            yield row | {"Key": unquote_plus(row["Key"])}
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise Failure(f"{where} is damaged ({error}); fetch the report again.") from error


def _is_current(row: dict[str, str]) -> bool:
    """Return True for an upload's newest version; reports of current versions lack both columns."""
    return row.get("IsLatest", "true") == "true" and row.get("IsDeleteMarker", "false") != "true"


def _read(stack: Stack, where: str) -> bytes:
    parts = urlsplit(where)
    if parts.scheme != "s3":
        try:
            return Path(where).read_bytes()
        except OSError as error:
            raise Failure(f"{where} cannot be read: {error.strerror}.") from error
    s3 = stack.client("s3")
    try:
        return s3.get_object(Bucket=parts.netloc, Key=where.split("/", 3)[3])["Body"].read()
    except (s3.exceptions.NoSuchKey, s3.exceptions.NoSuchBucket, IndexError) as error:
        raise Failure(f"{where} does not exist; name the report's manifest.json.") from error
