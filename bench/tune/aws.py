"""``python -m bench aws --stack dev``: the same sweep on the deployed function.

For each memory size a temporary version is published and invoked with an upload of its own, all
sizes in parallel, one run after the other within a size; the figures are those of Lambda's REPORT.
Afterwards the versions and the uploads are gone, Ctrl-C or not. The first run of a version is cold.
"""

import json
import secrets
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Annotated, Any, Final

import botocore.exceptions
from cyclopts import Group, Parameter
from cyclopts.types import PositiveInt
from cyclopts.validators import LimitedChoice

from bench.sandbox import Report
from bench.sandbox.function_log import was_rejected
from bench.signals import uninterrupted
from bench.tune import report_line, versions, workloads
from bench.tune.advice import Place
from bench.tune.choice import Choice
from bench.tune.report import show
from bench.tune.results import AwsResult, DeployedFunction, samples_of
from bench.tune.sweep import Case, summarise
from bench.tune.workloads import Workload
from function.contract import StackOutput, Status, manifest_key, source_key, upload_name
from ops.backfill import Existing, event, find
from ops.stack import Stack, connect, connect_to_outputs
from terminal import Failure, console, progress

_MANIFEST_S: Final = 60
_LOG_S: Final = 10
_WHICH: Final = Group("Stack", validator=LimitedChoice(1))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options(Choice):
    """Options of ``aws``.

    Attributes:
        stack: Stack to measure, e.g. dev or local.
        outputs: File of its outputs, without Pulumi.
        samples: Warm runs of each size.
    """

    stack: Annotated[str | None, Parameter(group=_WHICH)] = None
    outputs: Annotated[Path | None, Parameter(group=_WHICH)] = None
    workload: Annotated[
        str, Parameter(help=f"A file, or one of: {', '.join(workloads.NAMES)}.")
    ] = "jpeg-12mp"
    samples: PositiveInt = 10


_DEFAULTS: Final = Options()


def aws(*, options: Options = _DEFAULTS) -> int:
    """Measure the deployed function, print, write."""
    workload = workloads.make(options.workload)
    try:
        result = measure(_connect(options), workload, options)
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        raise Failure(
            f"AWS refused or did not answer; check credentials and network: {error}"
        ) from error
    show(result, options)
    return int(not result.complete or not result.clean)


def _connect(options: Options) -> Stack:
    if options.outputs:
        return connect_to_outputs(options.outputs)
    assert options.stack  # noqa: S101 (exactly one of the two was given)
    return connect(options.stack)


def measure(stack: Stack, workload: Workload, options: Options) -> AwsResult:
    """Publish, invoke, clean up, and return what was measured."""
    function = stack.outputs[StackOutput.FUNCTION_NAME]
    lambda_ = stack.client("lambda")
    facts = lambda_.get_function_configuration(FunctionName=function)
    architecture = facts.get("Architectures", ["x86_64"])[0]
    left: list[str] = []
    sizes = list(dict.fromkeys(options.memory))
    steps = len(sizes) * (options.samples + 1)
    stop = Event()
    cases = [Case(workload, size) for size in sizes]
    with (
        suppress(KeyboardInterrupt),
        progress("Measuring on AWS", steps) as advance,
        _uploads(stack, workload, sizes) as events,
        versions.published(lambda_, function, sizes, left.append) as numbers,
        ThreadPoolExecutor(len(sizes)) as pool,
    ):

        def sweep(case: Case) -> None:
            version, payload = numbers[case.memory_mb], events[case.memory_mb]
            for _ in range(options.samples + 1):
                if stop.is_set():
                    return
                case.reports.append(_invoke(stack, lambda_, version, payload))
                advance(name=f"{case.memory_mb} MB")
                if case.reports[-1].outcome != "ok":
                    break
            case.done = True

        try:
            list(pool.map(sweep, cases))
        finally:
            stop.set()
    is_complete = all(case.done for case in cases)
    if not is_complete:
        console(stderr=True).print("Interrupted and cleaned up; what is done is kept.")
    for sentence in left:
        console(stderr=True).print(sentence, soft_wrap=True)
    cases = [case for case in cases if case.reports]
    rows = [summarise(case, architecture) for case in cases]
    place = Place(where="as Lambda reports it", architecture=architecture)
    endpoint = lambda_.meta.endpoint_url
    return AwsResult(
        summary=rows,
        strategy=options.strategy,
        chosen_mb=options.memory_mb(rows),
        samples=samples_of(cases),
        complete=is_complete,
        clean=not left,
        function=DeployedFunction(
            name=function,
            architecture=architecture,
            code=facts.get("CodeSha256"),
            runtime=facts.get("Runtime"),
            endpoint=endpoint,
        ),
        words=[*options.sentences(rows, place), _describe_place(endpoint, cases)],
    )


def _describe_place(endpoint: str, cases: list[Case]) -> str:
    if "127.0.0.1" in endpoint:
        return (
            "This was the embedded AWS, which holds no function to a memory size: the command was "
            "tried, the figures mean nothing. The sandbox (bench tune) is what measures here."
        )
    runs = sum(len(case.reports) for case in cases)
    return f"Measured on {endpoint}: {runs} invocations, as Lambda's REPORT lines state them."


def _invoke(stack: Stack, lambda_: Any, version: str, payload: bytes) -> Report:
    function, since = stack.outputs[StackOutput.FUNCTION_NAME], time.time()
    answer = lambda_.invoke(
        FunctionName=function, Qualifier=version, LogType="Tail", Payload=payload
    )
    body: Any = json.loads(answer["Payload"].read() or b"null")
    report = report_line.from_tail(answer.get("LogResult", ""))
    if report is None:
        report = _from_log(stack, version, since)
    failed = "FunctionError" in answer or body != {"batchItemFailures": []}
    if report.outcome == "ok" and failed:
        return replace(report, outcome="failed")
    if report.outcome == "ok" and was_rejected(report_line.tail(answer.get("LogResult", ""))):
        return replace(report, outcome="rejected")
    return report


def _from_log(stack: Stack, version: str, since: float) -> Report:
    """Return the report from the log group, where the tail lacks it, because it is cut at 4 KB.

    Streams are named after the version, which runs one invocation after the other.
    """
    logs, group = stack.client("logs"), stack.outputs[StackOutput.LOG_GROUP]
    deadline = time.monotonic() + _LOG_S
    while time.monotonic() < deadline:
        found = logs.filter_log_events(logGroupName=group, startTime=int(since * 1000))
        lines = [e["message"] for e in found["events"] if f"[{version}]" in e["logStreamName"]]
        report = report_line.parse("\n".join(lines))
        if report:
            return report
        time.sleep(0.5)
    raise Failure(
        f"Lambda's log has no REPORT of version {version}, neither in the answer's tail nor in "
        f"{group}; the function's system log level must be INFO."
    )


@contextmanager
def _uploads(stack: Stack, workload: Workload, sizes: list[int]) -> Generator[dict[int, bytes]]:
    """Make one upload for each size; yield size -> the event that has it rendered again.

    The stack itself renders each first, or it would do so at the same time. Afterwards every
    version of the uploads and all that was made of them is deleted.
    """
    s3, name = stack.client("s3"), f"bench-{secrets.token_hex(4)}"
    source = stack.outputs[StackOutput.SOURCE_BUCKET]
    destination = stack.outputs[StackOutput.DESTINATION_BUCKET]
    file = workload.file(0)
    try:
        for size in sizes:
            key = source_key(f"{name}/{size}-{file.name}")
            s3.put_object(Bucket=source, Key=key, Body=file.read_bytes())
        found = list(find(stack, source_key(f"{name}/")))
        for upload in found:
            _wait_for_manifest(s3, destination, upload)
        by_size = {int(Path(upload.key).name.split("-")[0]): upload for upload in found}
        yield {size: _payload(source, upload) for size, upload in by_size.items()}
    finally:
        with uninterrupted():
            _remove(s3, source, source_key(f"{name}/"))
            _remove(s3, destination, f"{name}/")


def _wait_for_manifest(s3: Any, bucket: str, upload: Existing) -> None:
    key = manifest_key(upload_name(upload.key))
    deadline = time.monotonic() + _MANIFEST_S
    while time.monotonic() < deadline:
        try:
            manifest = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except s3.exceptions.NoSuchKey:
            time.sleep(0.5)
            continue
        if manifest["status"] != Status.READY:
            raise Failure(f"The stack rejects this workload: {manifest['error']['message']}.")
        return
    raise Failure(
        f"The stack made nothing of {upload.key} within {_MANIFEST_S} s; "
        "see `python -m ops doctor`."
    )


def _payload(bucket: str, upload: Existing) -> bytes:
    """Return an SQS batch of one message, as Lambda would hand it over."""
    message = {
        "messageId": secrets.token_hex(8),
        "body": event(bucket, upload),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    return json.dumps({"Records": [message]}).encode()


def _remove(s3: Any, bucket: str, prefix: str) -> None:
    """Delete every version of what is under a prefix."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for item in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            s3.delete_object(Bucket=bucket, Key=item["Key"], VersionId=item["VersionId"])
