"""Tasks of S3 Batch Operations: each is one upload to be rendered again, and fails alone.

The event and the answer are those of the S3 user guide, "Invoke AWS Lambda function" (read
2026-11-27). Batch Operations calls the function itself, so no queue delivers a task again: the
answer says whether Batch Operations has to.
"""

from enum import StrEnum
from typing import Any
from urllib.parse import unquote_plus

from function.contract.messages import BACKFILL_SEQUENCER, s3_event
from function.engine.record import Record
from function.events import OutsidePrefixes, parse_message
from function.uploads import UploadHandler


class ResultCode(StrEnum):
    """Results of a task, which tell Batch Operations what to do; never ``PermanentFailure``."""

    SUCCEEDED = "Succeeded"
    TEMPORARY_FAILURE = "TemporaryFailure"


class TaskHandler(Record):
    """Processes tasks for the life of one execution environment."""

    uploads: UploadHandler

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Process one event, which has a task, and return the result of each task.

        A rejected upload has succeeded: its manifest says why. A failure of ours is temporary,
        whatever it was, so that Batch Operations tries again and at last reports it as failed.
        """
        tasks, job = event["tasks"], event["job"]["id"]
        results: list[dict[str, str]] = []
        for index, task in enumerate(tasks):
            left_ms = context.get_remaining_time_in_millis()
            self.uploads.deadline.start(left_ms / 1000, len(tasks) - index)
            results.append(self._result(task, job))
        return {
            "invocationSchemaVersion": event["invocationSchemaVersion"],
            "treatMissingKeysAs": ResultCode.TEMPORARY_FAILURE,
            "invocationId": event["invocationId"],
            "results": results,
        }

    def _result(self, task: dict[str, Any], job: str) -> dict[str, str]:
        code, told = ResultCode.SUCCEEDED, "ignored: not an upload"
        try:
            for event in parse_message(_message(task), job, self.uploads.prefixes):
                # Not known to be the last attempt. The upload had its outcome when it was new. No
                # queue delivers a second look: a first view of what a backfill has replaced is of
                # the same version, unless the event of a newer one is under way too.
                told = self.uploads.handle(event, is_last=False).told
        except OutsidePrefixes:
            pass  # of a report on the whole bucket, which also has lists and reports of jobs
        except Exception as error:  # noqa: BLE001 - whatever it was, this task alone is retried
            self.uploads.log_failure(error, {"job": job, "task": task})
            code, told = ResultCode.TEMPORARY_FAILURE, f"{type(error).__name__}: {error}"
        return {"taskId": task["taskId"], "resultCode": code, "resultString": told}


def _message(task: dict[str, Any]) -> str:
    """Return a task as the message of a backfill.

    Version 1.0 of the event names the bucket's ARN and 2.0 its name. Keys are URL-encoded: spaces
    as ``%20`` in AWS's example of a manifest, as ``+`` in reports of S3 Inventory.
    """
    return s3_event(
        task.get("s3Bucket") or task["s3BucketArn"].rpartition(":")[2],
        unquote_plus(task["s3Key"]),
        length=0,
        etag="",
        sequencer=BACKFILL_SEQUENCER,
        version_id=task.get("s3VersionId"),
        reprocess=True,
    )
