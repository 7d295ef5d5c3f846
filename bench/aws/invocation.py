"""One invocation of a clone with a batch of new uploads, and its outcome."""

import json
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.config import Config

from bench.aws import report_line
from bench.aws.clone import Clone
from bench.sandbox import Report
from bench.sweep.results import Run, Stored
from function.contract import Status
from function.contract.keys import manifest_key, source_key
from function.contract.messages import s3_event
from function.manifest import Manifest
from local.server import OTHER_ARCHITECTURE
from ops.stack import read_or_none
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient
    from types_boto3_logs import CloudWatchLogsClient
    from types_boto3_s3 import S3Client

LATEST: Final = "$LATEST"
"""The version of a function that was published last of all: none."""

_LOG_S: Final = 10
"""Seconds to wait for a REPORT in the log group; our choice, not a limit of AWS."""

_ANSWER_S: Final = 930
"""Wait for an answer: an invocation takes at most 900 s ("Lambda quotas", Lambda developer guide,
read 2026-11-27). boto3's own 60 s would have it ask again, beside the invocation under way."""

_LINE: Final = 500
"""Characters of a line of the log that is shown."""


class CannotRun(Exception):
    """Functions of this architecture are not run here; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Invoker:
    """Invokes a clone's functions, from several threads."""

    clone: Clone
    keys: dict[Path, str]  # of the files in the source bucket; an upload is a copy of one
    s3: "S3Client"
    lambda_: "LambdaClient"
    logs: "CloudWatchLogsClient"

    @classmethod
    def of(cls, clone: Clone, files: Iterable[Path]) -> Self:
        """Return the invoker of a clone, for these files."""
        client = clone.stack.client
        return cls(
            clone=clone,
            keys={file: f"files/{number}" for number, file in enumerate(dict.fromkeys(files))},
            s3=client("s3"),
            lambda_=client("lambda", config=Config(read_timeout=_ANSWER_S)),
            logs=client("logs"),
        )

    def send_files(self) -> None:
        """Send each file to the source bucket, outside the function's reach."""
        for file, key in self.keys.items():
            self.s3.put_object(Bucket=self.clone.source, Key=key, Body=file.read_bytes())

    def invoke(self, architecture: str, version: str, files: Sequence[Path]) -> Run:
        """Have a version of a function process new uploads of some files, as one batch.

        Raises:
            CannotRun: this AWS has no machine of the architecture.
            Failure: Lambda's log has no report.
        """
        token = secrets.token_hex(6)
        names = [f"{token}/{number}-{file.name}" for number, file in enumerate(files)]
        records = [
            self._upload(file, source_key(name)) for file, name in zip(files, names, strict=True)
        ]
        since, function = time.time(), self.clone.function(architecture)
        answer = self.lambda_.invoke(
            FunctionName=function,
            Qualifier=version,
            LogType="Tail",
            Payload=json.dumps({"Records": records}).encode(),
        )
        body: Any = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer and body.get("errorType") == OTHER_ARCHITECTURE:
            raise CannotRun(body["errorMessage"])
        tail = report_line.tail(answer.get("LogResult", ""))
        report = report_line.parse(tail) or self._from_log(architecture, version, since)
        manifests = [found for name in names if (found := self._manifest(name))]
        failed = "FunctionError" in answer or body != {"batchItemFailures": []}
        if report.outcome != "ok" or failed or len(manifests) < len(files):
            outcome = "failed" if report.outcome == "ok" else report.outcome
            report = replace(report, outcome=outcome)
            return Run(report=report, stored=_stored(files, manifests), why=_complaint(body, tail))
        return _judged(report, files, manifests)

    def _upload(self, file: Path, key: str) -> dict[str, Any]:
        """Make an upload, and return the message that the queue would hand over of it."""
        bucket = self.clone.source
        copied = self.s3.copy_object(
            Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": self.keys[file]}
        )
        body = s3_event(
            bucket,
            key,
            length=file.stat().st_size,
            etag=copied["CopyObjectResult"]["ETag"].strip('"'),
            sequencer=f"{time.time_ns():016X}",
        )
        attributes = {"ApproximateReceiveCount": "1"}
        return {"messageId": secrets.token_hex(8), "body": body, "attributes": attributes}

    def _manifest(self, name: str) -> Manifest | None:
        """Return the manifest of an upload; None if the function wrote none."""
        where = {"Bucket": self.clone.destination, "Key": manifest_key(name)}
        found = read_or_none(partial(self.s3.get_object, **where), "NoSuchKey")
        return Manifest.from_json(found["Body"].read()) if found else None

    def _from_log(self, architecture: str, version: str, since: float) -> Report:
        """Return the report from the log group, where the tail lacks it.

        Streams are named after the version, which runs one invocation after the other.
        """
        group, start = self.clone.log_group(architecture), int(since * 1000)
        deadline = time.monotonic() + _LOG_S
        while time.monotonic() < deadline:
            pages = self.logs.get_paginator("filter_log_events")
            found = pages.paginate(logGroupName=group, startTime=start).search("events[]")
            lines = [e["message"] for e in found if e and f"[{version}]" in e["logStreamName"]]
            if report := report_line.parse("\n".join(lines)):
                return report
            time.sleep(0.5)
        raise Failure(
            f"Lambda's log has no REPORT of version {version}, neither in the answer's tail nor in "
            f"{group}."
        )


def _judged(report: Report, files: Sequence[Path], manifests: Sequence[Manifest]) -> Run:
    """Return a run with its outcome: Lambda counts a rejected upload as a success."""
    stored = _stored(files, manifests)
    for file, manifest in zip(files, manifests, strict=True):
        if manifest.status != Status.READY:
            rejected = replace(report, outcome="rejected")
            told = manifest.error.message if manifest.error else f"is {manifest.status}"
            why = f"{file.name}: {told}"
            return Run(report=rejected, stored=stored, why=why)
    return Run(report=report, stored=stored)


def _stored(files: Sequence[Path], manifests: Sequence[Manifest]) -> Stored:
    renditions = [each for manifest in manifests for each in manifest.stored]
    return Stored(
        images=len(files),
        uploaded_bytes=sum(file.stat().st_size for file in files),
        made_bytes=sum(each.bytes or 0 for each in renditions),
        objects=len(files) + len(manifests) + len(renditions),
    )


def _complaint(body: Any, tail: str) -> str:
    """Return what an invocation says went wrong: its error, or the last error in its log."""
    if body and "errorMessage" in body:
        return str(body["errorMessage"])
    errors = [line for line in tail.splitlines() if "ERROR" in line]
    return errors[-1][:_LINE] if errors else "it did not process all uploads of the batch"
