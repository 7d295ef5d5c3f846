"""Runs a job: its list, an invocation for each object, retries of failed tasks, and the report."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from botocore.exceptions import BotoCoreError, ClientError

from local.batch_operations import manifest, report
from local.batch_operations.job import Job, JobFailed, Outcome, Task
from local.batch_operations.session import Session

TRIES: Final = 3
"""Attempts for a task that fails temporarily. AWS says that it is redriven before the job ends, but
not how often."""

INVOKERS: Final = 16
"""Invocations that are asked for at one time; the function's reserved concurrency limits them."""

THROTTLED_SECONDS: Final = 120.0
"""Time that a task waits for a throttled function."""

PAUSE_SECONDS: Final = 0.2

CODES: Final = ("Succeeded", "TemporaryFailure", "PermanentFailure")

FEWEST: Final = 1000
"""Tasks that have run from which on a job fails once more than half of them have failed ("Tracking
job failure" in "Managing S3 Batch Operations jobs", S3 user guide, read 2026-11-27)."""


def run(job: Job) -> None:
    """Take a job from its first status to its last."""
    try:
        session = _session(job)
        s3, lambda_ = session.client("s3"), session.client("lambda")
        job.status = "Preparing"
        tasks = manifest.read(job, s3)
        job.total, job.status = len(tasks), "Active"
        try:
            run_all(job, lambda_, tasks)
        finally:
            report.write(job, s3)
    except JobFailed as failure:
        job.failures.append(failure)
        job.end("Failed")
    except (ClientError, BotoCoreError, ValueError, KeyError) as error:
        job.failures.append(JobFailed(type(error).__name__, str(error)[:256]))
        job.end("Failed")
    else:
        job.end("Cancelled" if job.cancelled.is_set() else "Complete")


def _session(job: Job) -> Session:
    if job.session is None:
        raise JobFailed("AccessDenied", f"{job.asked['RoleArn']} cannot be assumed.")
    return job.session


def run_all(job: Job, lambda_: Any, tasks: list[Task]) -> None:
    """Run the tasks of a job; raise ``JobFailed`` once too many of them have failed."""
    invoke = partial(_invoke, job, lambda_)
    with ThreadPoolExecutor(INVOKERS) as pool:
        for again in reversed(range(TRIES)):
            failed: list[Task] = []
            for outcome in pool.map(invoke, tasks):
                if outcome is None:
                    continue
                if outcome.code == "TemporaryFailure" and again:
                    failed.append(outcome.task)
                    continue
                job.add(outcome)
                if len(job.outcomes) >= FEWEST and job.failed > job.succeeded:
                    job.cancelled.set()
                    raise JobFailed("TooManyFailures", f"{job.failed} tasks have failed.")
            tasks = failed


def _invoke(job: Job, lambda_: Any, task: Task) -> Outcome | None:
    """Invoke the function for a task; return the outcome, or None if the job was cancelled."""
    operation = job.asked["Operation"]["LambdaInvoke"]
    event = _event(job, task, operation.get("InvocationSchemaVersion", "1.0"))
    deadline = time.monotonic() + THROTTLED_SECONDS
    while not job.cancelled.is_set():
        try:
            answer = lambda_.invoke(
                FunctionName=operation["FunctionArn"], Payload=json.dumps(event)
            )
        except lambda_.exceptions.TooManyRequestsException as error:
            if time.monotonic() > deadline:
                return Outcome(task, "TemporaryFailure", str(error))
            time.sleep(PAUSE_SECONDS)
        except ClientError as error:
            return Outcome(task, "PermanentFailure", str(error))
        except BotoCoreError as error:
            return Outcome(task, "TemporaryFailure", str(error))
        else:
            return _outcome(event, task, answer)
    return None


def _event(job: Job, task: Task, version: str) -> dict[str, Any]:
    """Return the function's event ("Invoke AWS Lambda function", "Example request").

    Of version 2.0 there is an example in the AWS Storage Blog, "Automate object processing in
    Amazon S3 directory buckets with S3 Batch Operations and AWS Lambda".
    """
    named = {"s3BucketArn": f"arn:aws:s3:::{task.bucket}"}
    if version != "1.0":
        named = {"s3Bucket": task.bucket}
    identity = f"{job.id}-{task.number}"
    of_task = {
        "taskId": identity,
        "s3Key": quote(task.key),
        "s3VersionId": task.version_id or None,
        **named,
    }
    return {
        "invocationSchemaVersion": version,
        "invocationId": f"invocation-{identity}",
        "job": {"id": job.id},
        "tasks": [of_task],
    }


def _outcome(event: dict[str, Any], task: Task, answer: dict[str, Any]) -> Outcome:
    """Read the function's answer as AWS documents it; any other is a failure of the task."""
    payload = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        return Outcome(task, "TemporaryFailure", f"Lambda returned function error: {payload}")
    try:
        told = json.loads(payload)
        results = {result["taskId"]: result for result in told["results"]}
        missing = {"resultCode": told["treatMissingKeysAs"], "resultString": "no result"}
        result = results.get(event["tasks"][0]["taskId"], missing)
        outcome = Outcome(task, result["resultCode"], result["resultString"])
        copied = ("invocationId", "invocationSchemaVersion")
        is_answer = outcome.code in CODES and all(told[name] == event[name] for name in copied)
    except (ValueError, KeyError, TypeError):
        is_answer, outcome = False, None
    if outcome is None or not is_answer:
        return Outcome(task, "PermanentFailure", "Invalid JSON returned in Lambda payload")
    return outcome
