import base64
import io
import json
from types import SimpleNamespace

import botocore.exceptions
import pytest

from bench.aws import invocation
from bench.aws.clone import Clone
from bench.aws.invocation import CannotRun, Invoker
from bench.sweep.results import Stored
from local.server import OTHER_ARCHITECTURE
from ops.stack import Stack
from terminal import Failure
from tests.support.manifests import manifest, rendition

REPORT = (
    "REPORT RequestId: 8 Duration: 120.50 ms Billed Duration: 121 ms Memory Size: 512 MB "
    "Max Memory Used: 90 MB"
)
READY = manifest(rendition(size=40), rendition(size=60))
REJECTED = manifest(code="too_small")
DONE = {"batchItemFailures": []}


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(2)]
    for path in paths:
        path.write_bytes(b"12345")
    return paths


@pytest.fixture
def invoke(files):
    """Invoke with two uploads a function that answers, logs and writes manifests as given."""

    def run(body=DONE, *, log=REPORT, manifests=(READY, READY), error="", events=()):
        left, sent = list(manifests), []

        def get_object(Bucket, Key):  # noqa: N803 - as boto3 has them
            found = left.pop(0)
            if found is None:
                answer = {"Error": {"Code": "NoSuchKey", "Message": "none"}}
                raise botocore.exceptions.ClientError(answer, "GetObject")
            return {"Body": io.BytesIO(found.to_json())}

        def call(**given):
            sent.append(given)
            answer = {"Payload": io.BytesIO(json.dumps(body).encode())}
            tail = base64.b64encode(log.encode()).decode()
            return answer | {"LogResult": tail} | ({"FunctionError": error} if error else {})

        pages = SimpleNamespace(
            paginate=lambda **_given: SimpleNamespace(search=lambda _path: iter(events))
        )
        invoker = Invoker(
            clone=Clone(stack=Stack(outputs={}, client=None), name="f-bench-123456"),
            keys={file: f"files/{number}" for number, file in enumerate(files)},
            s3=SimpleNamespace(
                copy_object=lambda **_given: {"CopyObjectResult": {"ETag": '"e"'}},
                get_object=get_object,
            ),
            lambda_=SimpleNamespace(invoke=call),
            logs=SimpleNamespace(get_paginator=lambda _name: pages),
        )
        return invoker.invoke("arm64", "3", files), sent

    return run


def test_a_batch_is_what_the_queue_would_hand_over(invoke):
    run, (sent,) = invoke()
    assert (run.report.outcome, run.report.duration_ms, run.report.billed_ms) == ("ok", 120.5, 121)
    assert run.stored == Stored(images=2, uploaded_bytes=10, made_bytes=200, objects=8)
    assert (sent["FunctionName"], sent["Qualifier"]) == ("f-bench-123456-arm64", "3")
    records = json.loads(sent["Payload"])["Records"]
    told = [json.loads(record["body"])["Records"][0]["s3"] for record in records]
    assert {each["bucket"]["name"] for each in told} == {"f-bench-123456-in"}
    keys = [each["object"]["key"] for each in told]
    assert len({*keys}) == 2
    assert all(key.startswith("uploads/") for key in keys)
    assert {each["object"]["size"] for each in told} == {5}


def test_a_rejected_upload_is_no_success(invoke):
    run, _ = invoke(manifests=(READY, REJECTED))
    assert (run.report.outcome, run.why) == ("rejected", "1.jpg: Too small.")


def test_a_part_of_a_batch_that_failed_fails_the_run(invoke):
    log = f'{{"level":"ERROR","message":"denied"}}\n{REPORT}'
    run, _ = invoke({"batchItemFailures": [{"itemIdentifier": "x"}]}, log=log)
    assert (run.report.outcome, run.why) == ("failed", '{"level":"ERROR","message":"denied"}')


def test_an_upload_without_a_manifest_fails_the_run(invoke):
    run, _ = invoke(manifests=(READY, None))
    assert run.report.outcome == "failed"
    assert "did not process all" in run.why
    assert run.stored.objects == 2 + 1 + 2


def test_lambda_s_own_outcome_is_kept(invoke):
    body = {"errorMessage": "Task timed out after 60.00 seconds"}
    run, _ = invoke(
        body, error="Unhandled", log=f"{REPORT} Status: timeout", manifests=(None, None)
    )
    assert (run.report.outcome, run.why) == ("timeout", body["errorMessage"])


def test_an_architecture_that_cannot_run_has_no_figure(invoke):
    body = {"errorType": OTHER_ARCHITECTURE, "errorMessage": "not here"}
    with pytest.raises(CannotRun, match="not here"):
        invoke(body, error="Unhandled")


def test_a_report_that_the_tail_lacks_is_read_from_the_version_s_own_stream(invoke, monkeypatch):
    monkeypatch.setattr(invocation, "_LOG_S", 0.1)
    other = {"logStreamName": "2026/11/27/[2]a", "message": REPORT}
    mine = {"logStreamName": "2026/11/27/[3]b", "message": REPORT.replace("120.50", "7.00")}
    run, _ = invoke(log="cut", events=[other, mine])
    assert run.report.duration_ms == 7
    with pytest.raises(Failure, match="no REPORT of version 3"):
        invoke(log="cut", events=[other])
