"""The completion report: a manifest.json, and CSV files of succeeded and of failed tasks.

"Examples: S3 Batch Operations completion reports" (S3 user guide, read 2026-11-27). Its example
rows have the HTTP status before the error code, which its schema names the other way round; rows
here are as its rows.
"""

import csv
import hashlib
import io
import json
from typing import Any, Final
from urllib.parse import quote_plus

from local.batch_operations.job import Job, Outcome

SCHEMA: Final = "Bucket, Key, VersionId, TaskStatus, ErrorCode, HTTPStatusCode, ResultMessage"


def write(job: Job, s3: Any) -> None:
    """Write the report that was asked for, with the role's permissions.

    Raises:
        botocore.exceptions.ClientError: the role may not.
    """
    wanted = job.asked["Report"]
    if not wanted["Enabled"] or not job.succeeded:
        return  # there is a report once a task has been invoked successfully
    bucket = wanted["Bucket"].rpartition(":")[2]
    folder = f"{wanted.get('Prefix', '').rstrip('/')}/job-{job.id}".lstrip("/")
    results: list[dict[str, str]] = []
    for status in ("succeeded", "failed"):
        rows = [o for o in job.outcomes if o.succeeded is (status == "succeeded")]
        if not rows or (status == "succeeded" and wanted.get("ReportScope") == "FailedTasksOnly"):
            continue
        body = _csv(rows, status)
        key = f"{folder}/results/{hashlib.sha1(body, usedforsecurity=False).hexdigest()}.csv"
        s3.put_object(Bucket=bucket, Key=key, Body=body, ServerSideEncryption="AES256")
        results.append(
            {
                "TaskExecutionStatus": status,
                "Bucket": bucket,
                "MD5Checksum": hashlib.md5(body, usedforsecurity=False).hexdigest(),
                "Key": key,
            }
        )
    manifest = {
        "Format": "Report_CSV_20180820",
        "ReportCreationDate": job.created.isoformat(),
        "Results": results,
        "ReportSchema": SCHEMA,
    }
    s3.put_object(
        Bucket=bucket,
        Key=f"{folder}/manifest.json",
        Body=json.dumps(manifest),
        ServerSideEncryption="AES256",
    )


def _csv(outcomes: list[Outcome], status: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for outcome in sorted(outcomes, key=lambda outcome: outcome.task.number):
        task, code = outcome.task, "" if status == "succeeded" else outcome.code
        key = quote_plus(task.key, safe="/")
        writer.writerow([task.bucket, key, task.version_id, status, 200, code, outcome.message])
    return text.getvalue().encode()
