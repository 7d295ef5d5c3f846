"""The sweep of a deployed function, on the embedded AWS: nothing of it is ever left."""

import json
import os
import signal
import subprocess
import sys

import botocore.exceptions
import pytest

from bench.tune import aws as bench_aws
from bench.tune import versions
from bench.tune.workloads import Workload
from ops.stack import Stack
from tests.support.waiting import wait_until


@pytest.fixture
def lambda_(aws):
    return aws.client("lambda")


@pytest.fixture
def name(aws):
    return aws.outputs["functionName"]


def state(lambda_, name):
    """Memory size of the function, and its published versions."""
    found = lambda_.list_versions_by_function(FunctionName=name)["Versions"]
    memory = lambda_.get_function_configuration(FunctionName=name)["MemorySize"]
    return memory, [item["Version"] for item in found if item["Version"] != "$LATEST"]


def test_each_size_has_a_version_and_all_are_gone_afterwards(lambda_, name):
    before = state(lambda_, name)
    with versions.published(lambda_, name, [256, 512], pytest.fail) as numbers:
        assert sorted(numbers) == [256, 512]
        sizes = [
            lambda_.get_function_configuration(FunctionName=name, Qualifier=version)["MemorySize"]
            for version in numbers.values()
        ]
        assert sizes == [256, 512]
        assert state(lambda_, name)[0] == before[0]
    assert state(lambda_, name) == before


@pytest.fixture
def _interruptible():
    """A shell without job control has what it starts in the background ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_cleans_up(lambda_, name):
    before = state(lambda_, name)
    with pytest.raises(KeyboardInterrupt), versions.published(lambda_, name, [256], pytest.fail):
        os.kill(os.getpid(), signal.SIGINT)
    assert state(lambda_, name) == before


def is_invoked(aws, version: str) -> bool:
    """Return True once the log has a stream of the version, which its first invocation begins."""
    pages = aws.client("logs").get_paginator("describe_log_streams")
    streams = pages.paginate(logGroupName=aws.outputs["logGroup"]).search(
        "logStreams[].logStreamName"
    )
    return any(f"[{version}]" in stream for stream in streams)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_sweep_leaves_nothing(
    aws, lambda_, name, photo, tmp_path, number
):
    before = state(lambda_, name)
    outputs = tmp_path / "state" / "state.json"
    outputs.parent.mkdir()
    facts = {"stack": "local", "port": aws.server.port, "outputs": aws.outputs}
    outputs.write_text(json.dumps(facts))
    command = [sys.executable, "-m", "bench", "aws", "--stack", "local", "--samples", "200"]
    workload = ["--workload", str(photo("small.jpg", (640, 480))), "--memory", "512"]
    process = subprocess.Popen(
        [*command, *workload],
        env={**os.environ, "IMAGE_PIPELINE_LOCAL": str(outputs.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    (version,) = wait_until(lambda: set(state(lambda_, name)[1]) - set(before[1]), 60)
    wait_until(lambda: is_invoked(aws, version))
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert state(lambda_, name) == before
    left = aws.client("s3").list_objects_v2(
        Bucket=aws.outputs["sourceBucket"], Prefix="uploads/bench-"
    )
    assert left.get("KeyCount", 0) == 0


@pytest.mark.usefixtures("_interruptible")
def test_an_interrupt_while_cleaning_up_waits(lambda_, name):
    before = state(lambda_, name)

    class Impatient:
        def __getattr__(self, operation):
            if operation == "delete_function":
                os.kill(os.getpid(), signal.SIGINT)
            return getattr(lambda_, operation)

    with (
        pytest.raises(KeyboardInterrupt),
        versions.published(Impatient(), name, [256, 512], pytest.fail),
    ):
        pass
    assert state(lambda_, name) == before


def test_a_failure_while_publishing_cleans_up(lambda_, name):
    before = state(lambda_, name)
    refused = versions.published(lambda_, name, [256, 1], pytest.fail)  # 1 MB is refused
    with pytest.raises(botocore.exceptions.ParamValidationError), refused:
        pytest.fail("the block must not run")
    assert state(lambda_, name) == before


def test_what_cannot_be_cleaned_up_is_said_with_its_command(lambda_, name):
    left = []
    with versions.published(lambda_, name, [256], left.append) as numbers:
        lambda_.delete_function(FunctionName=name, Qualifier=numbers[256])
        numbers[256] = "not-a-version"
    assert len(left) == 1
    assert "aws lambda delete-function" in left[0]


def test_a_whole_sweep(aws, lambda_, name, photo, capsys):
    before = state(lambda_, name)
    stack = Stack(outputs=aws.outputs, client=aws.client)
    path = photo("small.jpg", (640, 480))
    options = bench_aws.Options(memory=(512, 1024), samples=1)
    result = bench_aws.measure(stack, Workload("small", (path,)), options)
    assert [row.outcome for row in result.summary] == ["ok", "ok"]
    assert [len(case.reports) for case in result.samples] == [2, 2]
    assert any("the figures mean nothing" in line for line in result.words)
    assert result.clean
    assert state(lambda_, name) == before
    s3 = aws.client("s3")
    for bucket, prefix in (("sourceBucket", "uploads/bench-"), ("destinationBucket", "bench-")):
        left = s3.list_object_versions(Bucket=aws.outputs[bucket], Prefix=prefix)
        assert left.get("Versions", []) + left.get("DeleteMarkers", []) == []


def test_a_size_that_rejects_the_workload_is_not_called_ok(aws, photo):
    """A progressive JPEG is held whole: 128 MB bear 5 megapixels of it, the stack's memory more."""
    path = photo("progressive.jpg", (3600, 2400), progressive=True)
    stack = Stack(outputs=aws.outputs, client=aws.client)
    options = bench_aws.Options(memory=(128, 512), samples=1)
    result = bench_aws.measure(stack, Workload("progressive", (path,)), options)
    assert [row.outcome for row in result.summary] == ["rejected", "ok"]
    assert [len(case.reports) for case in result.samples] == [1, 2]
