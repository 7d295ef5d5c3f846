"""The output about a job for an operator: its id, its progress, and how it ended."""

import json

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ops import job_command, jobs
from ops.__main__ import main
from ops.stack import Stack
from terminal import Failure, Misuse
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

BATCH = OUTPUTS | {
    "batchFunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:batch",
    "batchRoleArn": "arn:aws:iam::123456789012:role/job",
}


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(jobs, "POLL_SECONDS", 0)


def described(status: str, succeeded=0, failed=0, total=4, **more) -> dict:
    counts = {"NumberOfTasksSucceeded": succeeded, "NumberOfTasksFailed": failed}
    return {"Status": status, "ProgressSummary": {"TotalNumberOfTasks": total, **counts}, **more}


def stack_with(*steps, uploads=1) -> Stack:
    left = [described("New", total=0), *steps]  # the first is whether it has ended before
    listed = {"Contents": [{"Key": "uploads/a.jpg"}] * uploads} if uploads else {"KeyCount": 0}

    def describe_job(**_given):
        step = left.pop(0)
        if isinstance(step, BaseException):
            raise step
        return {"Job": step}

    clients = {
        "s3control": aws_client(
            "s3control", create_job={"JobId": "job-1"}, describe_job=describe_job
        ),
        "s3": aws_client("s3", list_objects_v2=listed),
        "sts": aws_client("sts", get_caller_identity={"Account": "123456789012"}),
    }
    return Stack(outputs=BATCH, client=clients.get)


def run(stack, prefix="uploads/", inventory=None, *, dry_run=False, as_json=False):
    job_command.run(stack, prefix, inventory, dry_run=dry_run, as_json=as_json)


def test_a_job_is_followed_to_its_end(capsys):
    run(
        stack_with(
            described("New", total=0),
            described("Preparing", total=0),
            described("Active", 1),
            described("Paused", 2),
            described("Complete", 4),
        )
    )
    out = capsys.readouterr().out
    report = "s3://photos/batch-operations/reports/job-job-1/"
    assert out == f"job job-1\n4 uploads done; {report} lists each result\n"


def test_a_job_as_json_is_two_objects(capsys):
    run(stack_with(described("Complete", 4)), as_json=True)
    first, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == {"job": "job-1"}
    assert last == {
        "job": "job-1",
        "status": "Complete",
        "total": 4,
        "succeeded": 4,
        "failed": 0,
        "report": "s3://photos/batch-operations/reports/job-job-1/",
    }


def test_failed_tasks_fail_the_command_and_say_where_the_report_is(capsys):
    with pytest.raises(Failure, match=r"1 of 4 uploads failed; s3://photos/batch-operations/rep"):
        run(stack_with(described("Active", 1), described("Complete", 3, 1)))
    assert capsys.readouterr().out == "job job-1\n"


@pytest.mark.parametrize("status", ["Failed", "Cancelled"])
def test_a_job_that_did_not_complete_fails_the_command(status):
    reasons = [{"FailureCode": "C", "FailureReason": "why"}]
    with pytest.raises(Failure, match=rf"is {status} \(C: why\) with 1 of 4"):
        run(stack_with(described(status, 1, FailureReasons=reasons)))


@pytest.mark.parametrize("before", [[], [described("Active", 1)]])
def test_ctrl_c_leaves_the_job_running_and_says_how_to_end_it(before):
    with pytest.raises(Failure) as failure:
        run(stack_with(*before, KeyboardInterrupt()))
    said = str(failure.value)
    assert said.startswith("The job job-1 goes on;")
    named = "--account-id 123456789012 --job-id job-1 --region eu-west-1"
    assert f"aws s3control describe-job {named}" in said
    assert f"update-job-status {named} --requested-job-status Cancelled" in said


EXPIRED = ClientError({"Error": {"Code": "ExpiredToken"}}, "DescribeJob")
UNREACHED = EndpointConnectionError(endpoint_url="https://s3-control")


@pytest.mark.parametrize("error", [EXPIRED, UNREACHED])
def test_a_job_that_cannot_be_looked_at_any_more_is_not_told_as_ended(error):
    """An operator who ran the command again would have everything rendered twice."""
    with pytest.raises(Failure) as failure:
        run(stack_with(described("Active", 1), error))
    said = str(failure.value)
    assert said.startswith(f"The job job-1 goes on, but cannot be looked at ({error}); ")
    assert "`aws s3control describe-job" in said


def test_a_dry_run_creates_nothing(capsys):
    stack = stack_with()
    stack.client("s3control").meta.events.register_first(
        "before-call.s3-control.CreateJob", lambda **_: pytest.fail("a job was created")
    )
    run(stack, "uploads/u1/", dry_run=True)
    assert capsys.readouterr().out == (
        "A job for all uploads that start with uploads/u1/ would be created\n"
    )
    run(stack, dry_run=True, as_json=True)
    asked = json.loads(capsys.readouterr().out)["would_create"]
    assert asked["RoleArn"] == BATCH["batchRoleArn"]


def test_a_prefix_outside_uploads_is_refused_before_anything_is_asked():
    with pytest.raises(Failure, match="must start with uploads/"):
        run(stack_with(), "other/")


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_prefix_of_no_upload_creates_no_job(dry_run):
    stack = stack_with(uploads=0)
    with pytest.raises(Failure, match="No upload in photos starts with uploads/none/; there is"):
        run(stack, "uploads/none/", dry_run=dry_run)


def test_a_job_of_an_empty_list_is_no_success():
    with pytest.raises(Failure, match="job-1 found no upload in its list"):
        run(stack_with(described("Complete", total=0)))


def test_a_prefix_of_an_inventory_is_misuse():
    with pytest.raises(Misuse, match="takes a whole inventory"):
        run(stack_with(), "uploads/u1/", "s3://reports/manifest.json")


@pytest.mark.parametrize("options", [["--gone"], ["--state", "s"], ["--rate", "7"]])
def test_options_of_the_queue_are_misuse(options, capsys):
    command = ["backfill", "--stack", "local", "--batch-operations", *options]
    assert main(command) == 2
    assert f"{options[0]} has no effect with --batch-operations" in capsys.readouterr().err
