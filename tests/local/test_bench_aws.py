"""The sweep of a deployed function's clone, on the embedded AWS: the function is never touched."""

import pytest

from bench.aws import cloning
from bench.aws.clone import Clone
from bench.aws.deployed import Deployed
from bench.sweep.workloads import Workload
from ops.stack import Stack
from terminal import Failure
from tests.local.probing import BODY, probe
from tests.local.watching import HERE, OTHER, READS, TARGETS, Watched, left, live, measure
from tests.support.aws_client import Refusal, answer_for

NEW_ROLE = Refusal(
    "InvalidParameterValueException",
    message="The role defined for the function cannot be assumed by Lambda.",
)


@pytest.fixture
def small(photo):
    return Workload("small", (photo("small.jpg", (640, 480)),))


@pytest.fixture(autouse=True)
def _nothing_is_left(aws):
    yield
    assert left(aws) == set()


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
    # An upload, five renditions and a manifest of each image.
    assert [case.stored[-1].objects for case in result.samples] == [7, 21, 7, 21]
    (none,) = result.unmeasured
    assert (none.architecture, none.outcome) == (OTHER, "could not run here")
    assert f"runs on {HERE} and cannot run a function for {OTHER}" in none.why
    words = " ".join(result.words)
    assert "the figures mean nothing" in words
    assert "built from this tree" not in words


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
    refusals = [NEW_ROLE] * 2

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
            answer_for(made, create_function=NEW_ROLE)
        return made

    stack = Stack(outputs=aws.outputs, client=client)
    with pytest.raises(Exception, match="InvalidParameterValueException"):
        measure(stack, small)


@pytest.mark.parametrize(
    ("works", "rows"), [(0, [(512, "ok")]), (2, [(512, "ok"), (1024, "failed")])]
)
def test_a_call_that_fails_costs_its_own_setup_the_figures(aws, small, works, rows):
    """AWS throttles, fails or does not answer: an hour's other figures are kept, and it is told."""
    left = [None] * works

    def invoke(Qualifier="", **_given):  # noqa: N803 (boto3's name)
        broken = Refusal("ServiceException", 500, "out of order")
        return (left.pop() if left else broken) if Qualifier == "2" else None

    def client(service, **how):
        made = aws.client(service, **how)
        return answer_for(made, invoke=invoke) if service == "lambda" else made

    stack = Stack(outputs=aws.outputs, client=client)
    result = measure(stack, small, memory=(512, 1024), samples=3, architecture=(HERE,))
    assert [(row.memory_mb, row.outcome) for row in result.summary] == rows
    assert (result.complete, result.clean) == (False, True)
    assert result.chosen.memory_mb == 512
    (told,) = [word for word in result.words if word.startswith("Did not work at memory 1024")]
    assert "out of order" in told


def test_calls_that_all_fail_are_told_in_one_sentence(aws, small):
    def invoke(Qualifier="", **_given):  # noqa: N803 (boto3's name)
        return Refusal("ServiceException", 500, "out of order") if Qualifier == "1" else None

    def client(service, **how):
        made = aws.client(service, **how)
        return answer_for(made, invoke=invoke) if service == "lambda" else made

    with pytest.raises(Failure, match=r"Nothing was measured. At memory 512, .*out of order"):
        measure(Stack(outputs=aws.outputs, client=client), small, architecture=(HERE,))


def test_another_invalid_parameter_is_told_at_once(aws, small, monkeypatch):
    monkeypatch.setattr(cloning, "_ROLE_PAUSE_S", 0)
    asked = []

    def create_function(**given):
        asked.append(given["FunctionName"])
        return NEW_ROLE._replace(message="no such runtime")

    def client(service, **how):
        made = aws.client(service, **how)
        return answer_for(made, create_function=create_function) if service == "lambda" else made

    with pytest.raises(Exception, match="no such runtime"):
        measure(Stack(outputs=aws.outputs, client=client), small)
    assert len(asked) == 1
