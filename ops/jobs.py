"""S3 Batch Operations: a job that has the stack's second function render uploads again."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from function.contract import StackOutput
from function.contract.keys import BATCH_OPERATIONS
from ops import inventory
from ops.stack import Stack
from terminal import Failure, Misuse

POLL_SECONDS: Final = 5.0
"""Time between two queries of a job's status."""

REPORTS: Final = f"{BATCH_OPERATIONS}reports"
MANIFESTS: Final = f"{BATCH_OPERATIONS}manifests"

WAITING: Final = frozenset({"New", "Preparing"})
ENDED: Final = frozenset({"Complete", "Failed", "Cancelled"})
"""Statuses before a job's tasks are counted, and after the last (S3 user guide, "Tracking job
status and completion reports", read 2026-11-27)."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report of S3 Inventory in S3, as a job names it."""

    where: str  # ``s3://`` address of its manifest.json
    etag: str  # entity tag, without quotes


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Progress of a job; ``reasons`` say why the job itself has failed."""

    status: str
    total: int
    succeeded: int
    failed: int
    reasons: tuple[str, ...]

    @property
    def done(self) -> int:
        """Tasks that have ended either way."""
        return self.succeeded + self.failed


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job of the stack's account."""

    stack: Stack
    account: str
    id: str

    @property
    def report(self) -> str:
        """The folder of the job's report, as an ``s3://`` address."""
        return f"s3://{self.stack.source}/{REPORTS}/job-{self.id}/"

    @property
    def commands(self) -> str:
        """One sentence that says how to look at the job, and how to end it."""
        named = f"--account-id {self.account} --job-id {self.id}{self.stack.region_option}"
        return (
            f"`aws s3control describe-job {named}` shows it, and `aws s3control update-job-status "
            f"{named} --requested-job-status Cancelled` ends it."
        )

    def progress(self) -> Progress:
        """Query the job's progress."""
        s3control = self.stack.client("s3control")
        job = s3control.describe_job(AccountId=self.account, JobId=self.id)["Job"]
        counts = job.get("ProgressSummary", {})
        failures = job.get("FailureReasons", [])
        return Progress(
            status=job["Status"],
            total=counts.get("TotalNumberOfTasks", 0),
            succeeded=counts.get("NumberOfTasksSucceeded", 0),
            failed=counts.get("NumberOfTasksFailed", 0),
            reasons=tuple(f"{f['FailureCode']}: {f['FailureReason']}" for f in failures),
        )

    def has_ended(self) -> bool:
        """Return True if the job is known to have ended; False if it cannot be looked at, too."""
        try:
            return self.progress().status in ENDED
        except (BotoCoreError, ClientError):
            return False

    def follow(self) -> Iterator[Progress]:
        """Yield the job's progress, every few seconds until it has ended."""
        while True:
            progress = self.progress()
            yield progress
            if progress.status in ENDED:
                return
            time.sleep(POLL_SECONDS)


def find_report(stack: Stack, where: str) -> Report:
    """Return a report of S3 Inventory that a job can take, given the address of its manifest.json.

    Raises:
        Misuse: it is not in S3.
        Failure: it is not a report of the stack's uploads, or it lists old versions too, each of
            which would be a task.
    """
    if urlsplit(where).scheme != "s3":
        raise Misuse(f"--batch-operations reads the inventory itself, from s3://…; got {where}.")
    found = inventory.read_manifest(stack, where)
    if "IsLatest" in found.columns:
        raise Failure(
            f"{where} lists all versions, and each would be rendered; configure the inventory for "
            "current versions, or leave out --inventory."
        )
    bucket, key = _parts(where)
    etag = stack.client("s3").head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
    return Report(where=where, etag=etag)


def request(
    stack: Stack, account: str, prefixes: tuple[str, ...], report: Report | None
) -> dict[str, Any]:
    """Return the request for a job: the uploads in a report, or else all with these prefixes.

    Raises:
        Failure: the stack has no function for S3 Batch Operations.
    """
    function = stack.outputs.get(StackOutput.BATCH_FUNCTION_ARN)
    role = stack.outputs.get(StackOutput.BATCH_ROLE_ARN)
    if not function or not role:
        raise Failure(
            "The stack has no function for S3 Batch Operations; set batchOperationsConcurrency and "
            "run `pulumi up` first."
        )
    partition = function.split(":")[1]
    source = f"arn:{partition}:s3:::{stack.source}"
    asked: dict[str, Any] = {
        "AccountId": account,
        "ConfirmationRequired": False,
        "Description": f"Render uploads of {stack.source} again",
        "Operation": {"LambdaInvoke": {"FunctionArn": function}},
        "Priority": 10,
        "RoleArn": role,
        "Report": {
            "Enabled": True,
            "Bucket": source,
            "Prefix": REPORTS,
            "Format": "Report_CSV_20180820",
            "ReportScope": "AllTasks",
        },
    }
    if report:
        bucket, key = _parts(report.where)
        asked["Manifest"] = {
            "Spec": {"Format": "S3InventoryReport_CSV_20161130"},
            "Location": {"ObjectArn": f"arn:{partition}:s3:::{bucket}/{key}", "ETag": report.etag},
        }
        return asked
    asked["ManifestGenerator"] = {
        "S3JobManifestGenerator": {
            "ExpectedBucketOwner": account,
            "SourceBucket": source,
            "EnableManifestOutput": True,
            # With S3's own keys: for a KMS key, the jobs' role would need permission to use it.
            "ManifestOutputLocation": {
                "ExpectedManifestBucketOwner": account,
                "Bucket": source,
                "ManifestPrefix": MANIFESTS,
                "ManifestEncryption": {"SSES3": {}},
                "ManifestFormat": "S3InventoryReport_CSV_20211130",
            },
            "Filter": {"KeyNameConstraint": {"MatchAnyPrefix": [*prefixes]}},
        }
    }
    return asked


def create(stack: Stack, asked: dict[str, Any]) -> Job:
    """Create a job as ``request`` describes it, which starts by itself.

    If an earlier command has created just this job, and it has not ended, that job is returned:
    S3's answer to that command may have been lost. The token by which S3 knows the request again is
    made from what the job does, and from how many such jobs have ended.

    Raises:
        Failure: S3 did not answer, so that there may be a job; or it does not say which job the
            earlier one is.
    """
    ended = 0
    while (job := _create(stack, asked, ended)).has_ended():
        ended += 1
    return job


def _create(stack: Stack, asked: dict[str, Any], ended: int) -> Job:
    """Create a job, or return the one that was created as so many had ended."""
    s3control, account = stack.client("s3control"), asked["AccountId"]
    token = hashlib.sha256(json.dumps([asked, ended], sort_keys=True).encode()).hexdigest()
    try:
        made = s3control.create_job(**asked, ClientRequestToken=token)
    except HTTPClientError as error:
        raise Failure(
            f"S3 did not say whether it has created the job ({error}); run the same command again, "
            "which follows that job if there is one."
        ) from error
    except s3control.exceptions.IdempotencyException as error:
        raise Failure(
            "S3 was asked for this very job before, and does not say which one it is; `aws "
            f"s3control list-jobs --account-id {account}{stack.region_option}` shows all jobs."
        ) from error
    return Job(stack=stack, account=account, id=made["JobId"])


def account_of(stack: Stack) -> str:
    """Return the account that the operator's credentials belong to."""
    return stack.client("sts").get_caller_identity()["Account"]


def _parts(where: str) -> tuple[str, str]:
    """Return the bucket and the key of an ``s3://`` address."""
    bucket, _, key = where.removeprefix("s3://").partition("/")
    return bucket, key
