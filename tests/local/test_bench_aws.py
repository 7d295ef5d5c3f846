"""The sweep of a deployed function's clone, on the embedded AWS: the function is never touched."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.signals import INTERRUPTS
from bench.tune import aws as bench_aws
from bench.tune import cloning
from bench.tune.clone import Clone
from bench.tune.deployed import Deployed
from bench.tune.workloads import Workload
from ops.stack import Stack
from pipeline.bundle import Target
from tests.local.probing import BODY, probe
from tests.support.aws_client import Refusal, answer_for
from tests.support.waiting import wait_until

HERE = Target.host().machine
OTHER = "arm64" if HERE == "x86_64" else "x86_64"
READS = ("Get", "List", "Head", "Describe", "Filter")
TARGETS = ("FunctionName", "RoleName", "Bucket", "logGroupName")
"""Parameters that name what a call is about."""

SMALL = {"memory": (512,), "batch": (1,), "samples": 1}


@dataclass
class Watched:
    """A stack that remembers each call to AWS, and may send a signal around one of them."""

    aws: Any
    place: int = 0
    after: bool = False
    number: int = signal.SIGINT
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    sent: bool = False

    @property
    def stack(self) -> Stack:
        return Stack(outputs=self.aws.outputs, client=self.client)

    def client(self, service, **how):
        client = self.aws.client(service, **how)
        events = client.meta.events
        events.register("provide-client-params.*.*", self._note)
        events.register("before-call.*.*", self._interrupt)
        events.register("after-call.*.*", self._interrupt)
        return client

    def _note(self, params, model, **_more):
        self.calls.append((model.name, dict(params)))

    def _interrupt(self, event_name, **_more):
        is_it = len(self.calls) == self.place and event_name.startswith("after") == self.after
        if is_it and not self.sent:
            self.sent = True
            os.kill(os.getpid(), self.number)


def left(aws) -> set[str]:
    """Return the names of everything in AWS that a clone may have left."""
    names = {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}
    for service, listing, key, name in (
        ("iam", "list_roles", "Roles", "RoleName"),
        ("lambda", "list_functions", "Functions", "FunctionName"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ):
        pages = aws.client(service).get_paginator(listing).paginate()
        names |= {item[name] for page in pages for item in page[key]}
    return {name for name in names if "-bench-" in name}


def live(aws) -> Any:
    """Return all that is known of the live stack's parts which a sweep might touch."""
    aws.wait_until_drained()
    lambda_, name = aws.client("lambda"), aws.outputs["functionName"]
    function = lambda_.get_function(FunctionName=name)
    role = function["Configuration"]["Role"].rpartition("/")[2]
    iam, s3, logs = aws.client("iam"), aws.client("s3"), aws.client("logs")
    buckets = [aws.outputs["sourceBucket"], aws.outputs["destinationBucket"]]
    policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
    mappings = lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    notifications = [s3.get_bucket_notification_configuration(Bucket=each) for each in buckets]
    return [
        function["Configuration"],
        function["Tags"],
        lambda_.list_versions_by_function(FunctionName=name)["Versions"],
        [{**each, "LastProcessingResult": ""} for each in mappings],
        [iam.get_role_policy(RoleName=role, PolicyName=p)["PolicyDocument"] for p in policies],
        [each.get("QueueConfigurations") for each in notifications],
        [s3.list_object_versions(Bucket=bucket).get("Versions", []) for bucket in buckets],
        logs.describe_log_streams(logGroupName=aws.outputs["logGroup"])["logStreams"],
    ]


@pytest.fixture
def small(photo):
    return Workload("small", (photo("small.jpg", (640, 480)),))


@pytest.fixture(autouse=True)
def _nothing_is_left(aws):
    yield
    assert left(aws) == set()


def measure(stack, workload, **options):
    return bench_aws.measure(stack, workload, bench_aws.Options(**{**SMALL, **options}))


def test_a_whole_sweep_never_writes_to_the_live_stack(aws, small):
    before, watched = live(aws), Watched(aws)
    result = measure(watched.stack, small, memory=(512, 1024), batch=(1, 3))
    assert live(aws) == before
    assert (result.complete, result.clean) == (True, True)
    name = result.function.clone
    writes = [call for call in watched.calls if not call[0].startswith(READS)]
    assert {"CreateFunction", "PublishVersion", "Invoke", "DeleteBucket"} <= {w[0] for w in writes}
    for operation, params in writes:
        about = [params[key].removeprefix("/aws/lambda/") for key in TARGETS if key in params]
        assert len(about) == 1, operation
        assert about[0].startswith(name), (operation, about)
    assert "CreateEventSourceMapping" not in {operation for operation, _ in watched.calls}


def test_each_setup_has_a_row_and_the_other_architecture_none(aws, small):
    result = measure(Watched(aws).stack, small, memory=(512, 1024), batch=(1, 3), samples=2)
    setups = [(row.architecture, row.memory_mb, row.batch_size) for row in result.summary]
    assert setups == [(HERE, 512, 1), (HERE, 512, 3), (HERE, 1024, 1), (HERE, 1024, 3)]
    assert {(row.outcome, row.measured_on) for row in result.summary} == {("ok", "embedded AWS")}
    assert {row.samples for row in result.summary} == {2}
    assert [len(case.reports) for case in result.samples] == [3, 3, 3, 3]
    assert [case.stored[0].images for case in result.samples] == [1, 3, 1, 3]
    # An upload, eight renditions and a manifest of each image.
    assert [case.stored[-1].objects for case in result.samples] == [10, 30, 10, 30]
    (none,) = result.unmeasured
    assert (none.architecture, none.outcome) == (OTHER, "could not run here")
    assert f"runs on {HERE} and cannot run a function for {OTHER}" in none.why
    words = " ".join(result.words)
    assert "the figures mean nothing" in words
    assert f"whose {HERE} build is what is deployed" in words


def test_versions_have_their_memory_and_their_batch_s_time(aws, small):
    watched = Watched(aws)
    measure(watched.stack, small, memory=(256, 512), batch=(1, 10), architecture=(HERE,), samples=1)
    updates = [params for name, params in watched.calls if name == "UpdateFunctionConfiguration"]
    assert [(each["MemorySize"], each["Timeout"]) for each in updates] == [
        *((256, 60), (256, 105), (512, 60), (512, 105)),
    ]


def test_a_size_that_rejects_the_workload_is_not_called_ok(aws, photo):
    """A progressive JPEG is held whole: 128 MB bear 5 megapixels of it, the stack's memory more."""
    path = photo("progressive.jpg", (3600, 2400), progressive=True)
    load = Workload("progressive", (path,))
    result = measure(Watched(aws).stack, load, memory=(128, 512), architecture=(HERE,))
    assert [row.outcome for row in result.summary] == ["rejected", "ok"]
    assert [len(case.reports) for case in result.samples] == [1, 2]
    assert any("Did not work at memory 128" in line for line in result.words)
    assert result.chosen.memory_mb == 512


def test_a_mix_is_measured_in_its_proportions(aws, photo):
    files = (photo("a.jpg", (640, 480)), photo("b.png", (320, 240)))
    watched = Watched(aws)
    measure(watched.stack, Workload("mix", files, (3, 1)), samples=7, architecture=(HERE,))
    copied = [params["Key"] for name, params in watched.calls if name == "CopyObject"]
    assert sum(key.endswith(".png") for key in copied) == 2
    assert len(copied) == 1 + 8  # the clone is tried with the first
    assert len(set(copied)) == len(copied)


@pytest.fixture
def clone(aws):
    """A clone that has been made, with its function."""
    stack = Stack(outputs=aws.outputs, client=aws.client)
    deployed = Deployed.read(stack)
    made = Clone.new(stack, deployed.name)
    role = cloning.make(made, deployed)
    cloning.make_function(made, deployed, role, HERE, deployed.code())
    yield made
    assert made.remove().left == []


def test_the_clone_may_read_and_write_its_own_alone(aws, clone):
    s3, outputs = aws.client("s3"), aws.outputs
    own, live_in, live_out = clone.source, outputs["sourceBucket"], outputs["destinationBucket"]
    for bucket, key in ((own, "uploads/x"), (own, "files/0"), (live_in, "uploads/live.txt")):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    put, queue = {"Key": "x/manifest.json", "Body": BODY}, {"QueueUrl": outputs["queueUrl"]}
    streams = [
        {"logGroupName": group, "logStreamName": "x"}
        for group in (clone.log_group(HERE), outputs["logGroup"])
    ]
    allowed = (
        ("s3", "get_object", {"Bucket": own, "Key": "uploads/x"}),
        ("s3", "put_object", {"Bucket": clone.destination, **put}),
        ("s3", "get_object", {"Bucket": clone.destination, "Key": put["Key"]}),
        ("logs", "create_log_stream", streams[0]),
    )
    denied = (
        ("s3", "get_object", {"Bucket": own, "Key": "files/0"}),
        *(("s3", "put_object", {"Bucket": each, **put}) for each in (own, live_in, live_out)),
        *(
            ("s3", operation, {"Bucket": each, "Key": "uploads/live.txt"})
            for operation in ("get_object", "delete_object")
            for each in (live_in, live_out)
        ),
        *(("s3", "list_objects_v2", {"Bucket": each}) for each in (live_in, live_out)),
        ("s3", "delete_bucket", {"Bucket": clone.destination}),
        ("sqs", "receive_message", queue),
        ("sqs", "send_message", {**queue, "MessageBody": "x"}),
        ("logs", "create_log_stream", streams[1]),
        ("dynamodb", "scan", {"TableName": "index"}),
        ("lambda", "list_functions", {}),
        ("iam", "list_roles", {}),
    )
    tried = probe(aws.server, clone.function(HERE))
    try:
        for service, operation, arguments in allowed:
            assert tried(service, operation, **arguments) == "allowed", (operation, arguments)
        for service, operation, arguments in denied:
            said = tried(service, operation, **arguments)
            assert said.startswith("AccessDenied"), (said, operation, arguments)
    finally:
        aws.client("lambda").delete_function(FunctionName=f"probe-{clone.function(HERE)}")


def test_the_clone_s_buckets_are_private_and_encrypted(aws, clone):
    s3 = aws.client("s3")
    for bucket in (clone.source, clone.destination):
        blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert set(blocked.values()) == {True}
        assert len(blocked) == 4
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"][
            "Rules"
        ]
        assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
        assert {"Key": "Clone", "Value": clone.name} in tags
    function = aws.client("lambda").get_function(FunctionName=clone.function(HERE))
    assert function["Tags"]["Clone"] == clone.name
    assert function["Configuration"]["TracingConfig"]["Mode"] == "PassThrough"


def test_a_role_that_lambda_does_not_know_yet_is_waited_for(aws, small, monkeypatch):
    monkeypatch.setattr(cloning, "_ROLE_PAUSE_S", 0.1)
    refusals = [Refusal("InvalidParameterValueException")] * 2

    def client(service, **how):
        made = aws.client(service, **how)
        if service == "lambda":
            answer_for(made, create_function=lambda **_: refusals.pop() if refusals else None)
        return made

    stack = Stack(outputs=aws.outputs, client=client)
    assert measure(stack, small, architecture=(HERE,)).complete
    assert refusals == []


def test_a_role_that_lambda_never_takes_fails_and_leaves_nothing(aws, small, monkeypatch):
    monkeypatch.setattr(cloning, "ROLE_SECONDS", 0)

    def client(service, **how):
        made = aws.client(service, **how)
        if service == "lambda":
            answer_for(made, create_function=Refusal("InvalidParameterValueException"))
        return made

    stack = Stack(outputs=aws.outputs, client=client)
    with pytest.raises(Exception, match="InvalidParameterValueException"):
        measure(stack, small)


@pytest.fixture
def _interruptible():
    """Interrupts as ``terminal.run`` has them; a background shell would have SIGINT ignored."""
    before = [signal.signal(each, signal.default_int_handler) for each in INTERRUPTS]
    yield
    for each, handler in zip(INTERRUPTS, before, strict=True):
        signal.signal(each, handler)


def steps(calls):
    """Yield place and name of each call up to the first invocation; of repeated ones the first.

    Later calls are made in threads, and by the removal, which the tests below interrupt.
    """
    names = [name for name, _ in calls]
    for place in range(names.index("CreateBucket"), names.index("Invoke") + 1):
        if names[place] != names[place - 1]:
            yield place + 1, names[place]


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_interrupt_around_any_call_leaves_nothing(aws, small, after):
    whole = Watched(aws)
    measure(whole.stack, small, architecture=(HERE,))
    found = list(steps(whole.calls))
    assert {"CreateRole", "CreateFunction", "CreateLogGroup", "CopyObject"} <= {n for _, n in found}
    for place, name in found:
        number = INTERRUPTS[place % len(INTERRUPTS)]
        watched = Watched(aws, place=place, after=after, number=number)
        result = measure(watched.stack, small, architecture=(HERE,))
        assert watched.sent, (place, name)
        assert left(aws) == set(), (place, name)
        assert (result.clean, result.complete, result.summary) == (True, False, [])


@pytest.mark.usefixtures("_interruptible")
def test_interrupts_while_everything_is_removed_wait(aws, small):
    watched = Watched(aws)

    def client(service, **how):
        made = watched.client(service, **how)

        def interrupt(model, **_more):
            if model.name.startswith("Delete"):
                os.kill(os.getpid(), INTERRUPTS[len(watched.calls) % len(INTERRUPTS)])

        made.meta.events.register("before-call.*.*", interrupt)
        return made

    stack = Stack(outputs=aws.outputs, client=client)
    result = measure(stack, small, architecture=(HERE,))
    assert result.clean
    assert left(aws) == set()
    assert [name for name, _ in watched.calls].count("DeleteBucket") == 2


@pytest.fixture
def command(aws, tmp_path, small, _interruptible):
    """Start ``bench aws`` as a process that finds this stack, with many runs to come."""
    folder = tmp_path / "state"
    folder.mkdir()
    facts = {"stack": "local", "port": aws.server.port, "outputs": aws.outputs}
    (folder / "state.json").write_text(json.dumps(facts))

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "bench", "aws", "--stack", "local", *arguments],
            env={**os.environ, "IMAGE_PIPELINE_LOCAL": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def measure(*arguments):
        given = ["--workload", str(small.files[0]), "--memory", "512", "--architecture", HERE]
        return start(*given, *arguments)

    return start, measure


def is_measuring(aws):
    """Return the clone's name once its published version has been invoked."""
    for name in left(aws):
        if name.startswith("/aws/lambda/"):
            found = aws.client("logs").describe_log_streams(logGroupName=name)["logStreams"]
            if any("[1]" in stream["logStreamName"] for stream in found):
                return re.search(r"[^/]+-bench-[0-9a-f]{6}", name)[0]
    return None


@pytest.mark.parametrize("number", INTERRUPTS)
def test_a_signal_in_the_middle_of_a_sweep_keeps_what_is_done(aws, command, tmp_path, number):
    before, file = live(aws), tmp_path / "a.json"
    _, measure = command
    process = measure("--samples", "200", "--json", str(file))
    wait_until(lambda: is_measuring(aws), 60)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert "Interrupted; the clone is removed" in said
    assert left(aws) == set()
    assert live(aws) == before
    assert len(json.loads(file.read_text())["samples"][0]["reports"]) < 200


def test_an_impatient_user_does_not_keep_the_clone_from_removal(aws, command):
    _, measure = command
    process = measure("--samples", "200")
    wait_until(lambda: is_measuring(aws), 60)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    assert process.communicate()[0].count("Removing the clone") == 1
    assert left(aws) == set()


def test_what_a_killed_process_has_left_is_removed_by_name(aws, command):
    start, measure = command
    process = measure("--samples", "200")
    name = wait_until(lambda: is_measuring(aws), 60)
    process.kill()
    said, _ = process.communicate()
    assert f"--clean {name}" in said
    assert len(left(aws)) == 6
    told = measure("--samples", "1", "--batch", "1")
    assert f"{name} is another clone" in told.communicate(timeout=60)[0]
    cleaned = start("--clean", name)
    said, _ = cleaned.communicate(timeout=60)
    assert cleaned.returncode == 0, said
    assert said.count("Removed the ") == 7, said
    assert left(aws) == set()
    again = start("--clean", name)
    assert f"Nothing is left of {name}." in again.communicate(timeout=60)[0]


def test_the_live_function_s_own_name_is_not_cleaned(aws, command):
    start, _ = command
    process = start("--clean", aws.outputs["functionName"])
    assert "is no clone" in process.communicate(timeout=60)[0]
    assert process.returncode == 2


def test_the_report_and_its_page(aws, command, tmp_path):
    _, measure = command
    files = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    process = measure("--samples", "2", "--batch", "1", "2", "--strategy", "cost", *files)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "embedded AWS" in said
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["schema"] == 2
    assert {row["batch_size"] for row in found["summary"]} == {1, 2}
    assert found["chosen"]["architecture"] == HERE
    assert f"batchSize {found['chosen']['batch_size']}" in said
    assert "<td>embedded AWS</td>" in (tmp_path / "a.html").read_text()
