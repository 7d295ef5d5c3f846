"""``python -m bench aws --stack dev``: the same sweep on the deployed function.

Each memory size has a temporary version and an upload; all sizes are measured in parallel, one run
after the other within a size, of which the first is cold. The figures are those of Lambda's REPORT.
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

from cyclopts import Group, Parameter
from cyclopts.types import PositiveInt
from cyclopts.validators import LimitedChoice

from bench.reports import NO_FILES, Files, publish
from bench.sandbox import Report
from bench.sandbox.function import was_rejected
from bench.signals import uninterrupted
from bench.tune import report, report_line, versions, workloads
from bench.tune.choice import Choice, Place
from bench.tune.results import AwsResult, DeployedFunction, Samples
from bench.tune.sweep import summarise
from bench.tune.workloads import Workload
from function.contract import StackOutput, Status, manifest_key, source_key, upload_name
from ops.backfill import Existing, event, find
from ops.stack import Stack, connected
from terminal import Failure, console, progress

_MANIFEST_S: Final = 60
_LOG_S: Final = 10
"""The bench's patience with a manifest and a REPORT in the log group; no property of AWS."""
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


def aws(*, options: Options = _DEFAULTS, files: Files = NO_FILES) -> int:
    """Measure the deployed function, print, write."""
    workload = workloads.make(options.workload)
    with connected(options.stack, options.outputs) as stack:
        result = measure(stack, workload, options)
    publish(result, [report.table(result)], result.words, lambda: report.page(result), files)
    return int(not result.complete or not result.clean)


def measure(stack: Stack, workload: Workload, options: Options) -> AwsResult:
    """Publish, invoke, clean up, and return what was measured."""
    function, lambda_ = stack.outputs[StackOutput.FUNCTION_NAME], stack.client("lambda")
    facts = lambda_.get_function_configuration(FunctionName=function)
    architecture = facts.get("Architectures", ["x86_64"])[0]
    left: list[str] = []
    sizes = list(dict.fromkeys(options.memory))
    cases = [Samples.of(workload, size) for size in sizes]
    complete, stop = False, Event()
    with (
        suppress(KeyboardInterrupt),
        progress("Measuring on AWS", len(sizes) * (options.samples + 1)) as advance,
        _uploads(stack, workload, sizes) as events,
        versions.published(lambda_, function, sizes, left.append) as numbers,
        ThreadPoolExecutor(len(sizes)) as pool,
    ):

        def sweep(case: Samples) -> None:
            version, payload = numbers[case.memory_mb], events[case.memory_mb]
            for _ in range(options.samples + 1):
                if stop.is_set():
                    return
                case.reports.append(_invoke(stack, lambda_, version, payload))
                advance(name=f"{case.memory_mb} MB")
                if case.reports[-1].outcome != "ok":
                    return

        try:
            list(pool.map(sweep, cases))
            complete = True
        finally:
            stop.set()
    if not complete:
        console(stderr=True).print("Interrupted and cleaned up; what is done is kept.")
    for sentence in left:
        console(stderr=True).print(sentence, markup=False, soft_wrap=True)
    cases = [case for case in cases if case.reports]
    rows = [summarise(case, architecture) for case in cases]
    place = Place(where="as Lambda reports it", architecture=architecture)
    endpoint = lambda_.meta.endpoint_url
    return AwsResult(
        summary=rows,
        strategy=options.strategy,
        chosen_mb=options.memory_mb(rows),
        samples=cases,
        complete=complete,
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


def _describe_place(endpoint: str, cases: list[Samples]) -> str:
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
    tail = report_line.tail(answer.get("LogResult", ""))
    said = report_line.parse(tail) or _from_log(stack, version, since)
    failed = "FunctionError" in answer or body != {"batchItemFailures": []}
    if said.outcome == "ok" and failed:
        return replace(said, outcome="failed")
    if said.outcome == "ok" and was_rejected(tail):
        return replace(said, outcome="rejected")
    return said


def _from_log(stack: Stack, version: str, since: float) -> Report:
    """Return the report from the log group, where the tail lacks it, because it is cut at 4 KB.

    Streams are named after the version, which runs one invocation after the other.
    """
    logs, group = stack.client("logs"), stack.outputs[StackOutput.LOG_GROUP]
    deadline = time.monotonic() + _LOG_S
    while time.monotonic() < deadline:
        found = logs.filter_log_events(logGroupName=group, startTime=int(since * 1000))
        lines = [e["message"] for e in found["events"] if f"[{version}]" in e["logStreamName"]]
        if said := report_line.parse("\n".join(lines)):
            return said
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
    keys = {size: source_key(f"{name}/{size}-{file.name}") for size in sizes}
    try:
        for key in keys.values():
            s3.put_object(Bucket=source, Key=key, Body=file.read_bytes())
        for key in keys.values():
            _wait_for_manifest(s3, destination, key)
        yield {size: _payload(source, next(find(stack, key))) for size, key in keys.items()}
    finally:
        with uninterrupted():
            _remove(s3, source, source_key(f"{name}/"))
            _remove(s3, destination, f"{name}/")


def _wait_for_manifest(s3: Any, bucket: str, key: str) -> None:
    where = {"Bucket": bucket, "Key": manifest_key(upload_name(key))}
    deadline = time.monotonic() + _MANIFEST_S
    while time.monotonic() < deadline:
        with suppress(s3.exceptions.NoSuchKey):
            manifest = json.loads(s3.get_object(**where)["Body"].read())
            if manifest["status"] == Status.READY:
                return
            raise Failure(f"The stack rejects this workload: {manifest['error']['message']}.")
        time.sleep(0.5)
    raise Failure(
        f"The stack made nothing of {key} within {_MANIFEST_S} s; see `python -m ops doctor`."
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
