"""The list of a job's objects: a report of S3 Inventory that exists, or one that S3 generates."""

import csv
import gzip
import io
import json
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from botocore.exceptions import ClientError

from local.batch_operations import session
from local.batch_operations.job import Job, JobFailed, Task

MAX_TASKS: Final = 10_000
"""Longest list that the embedded AWS takes; AWS takes 20 billion objects."""

COLUMNS: Final = ("Bucket", "Key", "VersionId")

NO_KEYS: Final = "Manifest generation found no keys matching the filter criteria."
"""Reason of AWS ("Troubleshooting S3 Batch Operations", S3 user guide, read 2026-11-27), which does
not document its failure code; the code here is ours."""


def read(job: Job, s3: Any) -> list[Task]:
    """Return the tasks of a job, as its role may read their list; generate it first if asked to.

    Raises:
        JobFailed: the list is not there, has changed, is empty, forbidden or too long.
    """
    generator = job.asked.get("ManifestGenerator", {}).get("S3JobManifestGenerator")
    if generator:
        location = _generate(job, s3, generator)
        job.generated = {"Format": "S3InventoryReport_CSV_20211130", "Location": location}
    else:
        location = job.asked["Manifest"]["Location"]
    bucket, key = _address(location["ObjectArn"])
    with _forbidden("Reading the manifest"):
        found = s3.get_object(Bucket=bucket, Key=key)
        if found["ETag"].strip('"') != location["ETag"].strip('"'):
            raise JobFailed("ManifestChanged", "The manifest's ETag is not the one given.")
        report: dict[str, Any] = json.loads(found["Body"].read())
        reports = report["destinationBucket"].rpartition(":")[2]
        files = [
            s3.get_object(Bucket=reports, Key=file["key"])["Body"].read()
            for file in report["files"]
        ]
    columns = [name.strip() for name in report["fileSchema"].split(",")]
    tasks = [
        Task(number, row["Bucket"], unquote_plus(row["Key"]), row.get("VersionId", ""))
        for number, row in enumerate(row for file in files for row in _rows(file, columns))
    ]
    if len(tasks) > MAX_TASKS:
        raise JobFailed("TooManyTasks", f"The embedded AWS takes at most {MAX_TASKS} objects.")
    return tasks


def _generate(job: Job, s3: Any, generator: dict[str, Any]) -> dict[str, str]:
    """Write a list of the current versions that have a prefix; return where it is.

    AWS documents no names of the objects below ``ManifestPrefix``; these are ours.
    """
    if not job.may_list:
        raise JobFailed("AccessDenied", "The role may not s3:PutInventoryConfiguration.")
    source = generator["SourceBucket"].rpartition(":")[2]
    prefixes = generator.get("Filter", {}).get("KeyNameConstraint", {}).get("MatchAnyPrefix", [""])
    pages = session.of_account().get_paginator("list_object_versions")
    listed = [
        (source, quote_plus(item["Key"], safe="/"), item["VersionId"])
        for prefix in prefixes
        for page in pages.paginate(Bucket=source, Prefix=prefix)
        for item in page.get("Versions", [])
        if item["IsLatest"]
    ]
    if not listed:
        raise JobFailed("NoKeysFound", NO_KEYS)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(listed)
    where = generator["ManifestOutputLocation"]
    bucket = where["Bucket"].rpartition(":")[2]
    folder = f"{where.get('ManifestPrefix', '').rstrip('/')}/job-{job.id}".lstrip("/")
    encryption = {"ServerSideEncryption": "AES256"}
    data, manifest = f"{folder}/list.csv.gz", f"{folder}/manifest.json"
    report = {
        "sourceBucket": source,
        "destinationBucket": where["Bucket"],
        "fileFormat": "CSV",
        "fileSchema": ", ".join(COLUMNS),
        "files": [{"key": data}],
    }
    with _forbidden("Writing the manifest"):
        body = gzip.compress(text.getvalue().encode())
        s3.put_object(Bucket=bucket, Key=data, Body=body, **encryption)
        put = s3.put_object(Bucket=bucket, Key=manifest, Body=json.dumps(report), **encryption)
    return {"ObjectArn": f"{where['Bucket']}/{manifest}", "ETag": put["ETag"].strip('"')}


@contextmanager
def _forbidden(act: str) -> Generator[None]:
    """Turn a refusal of S3 into the failure of the job."""
    try:
        yield
    except ClientError as error:
        response: Any = error.response
        code = response["Error"]["Code"]
        raise JobFailed("ManifestNotFound", f"{act} is forbidden: {code}") from error


def _rows(file: bytes, columns: list[str]) -> Iterator[dict[str, str]]:
    for cells in csv.reader(io.StringIO(gzip.decompress(file).decode())):
        yield dict(zip(columns, cells, strict=True))


def _address(arn: str) -> tuple[str, str]:
    bucket, _, key = arn.split(":", 5)[5].partition("/")
    return bucket, key
