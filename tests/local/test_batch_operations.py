"""A backfill by S3 Batch Operations, end to end, and what its jobs' role may not do."""

import csv
import gzip
import io
import json
import uuid

import boto3
import pytest

from function.contract.keys import manifest_key, upload_name
from local.http import request
from ops import jobs, teardown
from ops.__main__ import main
from ops.stack import Stack
from tests.local.calling import answer, caller
from tests.support.waiting import wait_until

ACCOUNT = "000000000000"

ONE = "uploads/one/x.jpg"
"""The one upload, which is no picture, of the jobs that these tests create by themselves."""


@pytest.fixture(scope="module")
def batch(deployed, tmp_path_factory):
    """The local stack with a function for S3 Batch Operations."""
    folder = tmp_path_factory.mktemp("batch")
    with deployed(folder, {"image-pipeline:batchOperationsConcurrency": 2}) as aws:
        aws.client("s3").put_object(Bucket=aws.outputs["sourceBucket"], Key=ONE, Body=b"x")
        yield aws


@pytest.fixture
def run(batch, monkeypatch, capsys):
    """Runs ``ops backfill --batch-operations`` and returns what it printed."""
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(batch.server.folder))
    monkeypatch.setattr(jobs, "POLL_SECONDS", 0.1)

    def call(*arguments: str, code: int = 0) -> str:
        assert main(["backfill", "--stack", "local", "--batch-operations", *arguments]) == code
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return printed.err + printed.out if code else printed.out

    return call


def forget(batch, key: str) -> None:
    name = manifest_key(upload_name(key))
    batch.client("s3").delete_object(Bucket=batch.outputs["destinationBucket"], Key=name)


def manifests(batch, prefix: str) -> dict[str, dict]:
    s3, bucket = batch.client("s3"), batch.outputs["destinationBucket"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = [item["Key"] for item in found if item["Key"].endswith("/manifest.json")]
    return {key: json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) for key in keys}


def report(batch, where: str) -> dict[str, list[str]]:
    """The rows of a job's report by key, from the address that the command prints."""
    s3, bucket = batch.client("s3"), batch.outputs["sourceBucket"]
    folder = where.removeprefix(f"s3://{bucket}/")
    told = json.loads(s3.get_object(Bucket=bucket, Key=f"{folder}manifest.json")["Body"].read())
    assert told["Format"] == "Report_CSV_20180820"
    rows = {}
    for result in told["Results"]:
        body = s3.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"].read().decode()
        for row in csv.reader(io.StringIO(body)):
            assert row[3] == result["TaskExecutionStatus"]
            rows[row[1]] = row
    return rows


def test_uploads_are_rendered_again_and_each_is_in_the_report(batch, run, photo, tmp_path):
    keys = [f"uploads/again/{name}" for name in ("a [1]+é.jpg", "b.jpg", "c.jpg")]
    for key in keys:
        assert batch.upload(photo("small.jpg", (200, 100)), key).status == "ready"
        forget(batch, key)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no image")
    assert batch.upload(broken, "uploads/again/broken.jpg").status == "rejected"
    before = manifests(batch, "again/")
    assert list(before) == ["again/broken.jpg/manifest.json"]
    first, last = map(json.loads, run("--prefix", "uploads/again/", "--json").splitlines())
    assert last == {
        "job": first["job"],
        "status": "Complete",
        "total": 4,
        "succeeded": 4,
        "failed": 0,
        "report": last["report"],
    }
    after = manifests(batch, "again/")
    assert {key: m["status"] for key, m in after.items()} == {
        **{manifest_key(upload_name(key)): "ready" for key in keys},
        "again/broken.jpg/manifest.json": "rejected",
    }
    rows = report(batch, last["report"])
    assert len(rows) == 4
    assert rows["uploads/again/broken.jpg"][6].startswith("rejected: not_an_image: ")
    assert rows["uploads/again/a+%5B1%5D%2B%C3%A9.jpg"][6] == "ready"


def test_a_failure_of_ours_is_tried_again_and_fails_the_command(batch, run, photo):
    """The function's role may not write this one manifest, as after a policy went wrong."""
    for name in ("good", "bad"):
        key = f"uploads/fault/{name}.jpg"
        assert batch.upload(photo("small.jpg", (200, 100)), key).status == "ready"
    iam, role = batch.client("iam"), role_of_function(batch)
    deny = {
        "Effect": "Deny",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{batch.outputs['destinationBucket']}/fault/bad.jpg/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    iam.put_role_policy(RoleName=role, PolicyName="fault", PolicyDocument=document)
    try:
        printed = run("--prefix", "uploads/fault/", code=1)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="fault")
    assert "1 of 2 uploads failed" in printed
    where = next(word for word in printed.split() if word.startswith("s3://"))
    rows = report(batch, where)
    bad = rows["uploads/fault/bad.jpg"]
    assert bad[3:6] == ["failed", "200", "TemporaryFailure"]
    assert rows["uploads/fault/good.jpg"][3] == "succeeded"

    def failures() -> list[str]:
        return [line for line in logged(batch) if '"failed"' in line and "fault/bad" in line]

    wait_until(lambda: len(failures()) == 3)
    assert all("Traceback" in json.loads(line)["exception"] for line in failures())
    assert json.loads(run("--prefix", "uploads/fault/", "--json").splitlines()[1])["failed"] == 0


def test_an_inventory_is_read_once_the_jobs_role_may(batch, run, photo):
    key, s3 = "uploads/listed/a b.jpg", batch.client("s3")
    assert batch.upload(photo("small.jpg", (200, 100)), key).status == "ready"
    forget(batch, key)
    s3.create_bucket(Bucket="inventories")
    rows = f'"{batch.outputs["sourceBucket"]}","uploads/listed/a+b.jpg","1"'
    s3.put_object(Bucket="inventories", Key="all/1.csv.gz", Body=gzip.compress(rows.encode()))
    manifest = {
        "sourceBucket": batch.outputs["sourceBucket"],
        "destinationBucket": "arn:aws:s3:::inventories",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "all/1.csv.gz"}],
    }
    s3.put_object(Bucket="inventories", Key="all/manifest.json", Body=json.dumps(manifest))
    where = ("--inventory", "s3://inventories/all/manifest.json")
    printed = run(*where, code=1)
    assert "Reading the manifest is forbidden" in printed
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": batch.outputs["batchRoleArn"]},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::inventories/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    s3.put_bucket_policy(Bucket="inventories", Policy=policy)
    assert "1 upload done" in run(*where)
    assert list(manifests(batch, "listed/")) == ["listed/a b.jpg/manifest.json"]


def test_live_uploads_and_the_queue_have_no_part_in_it(batch, run, photo):
    assert batch.upload(photo("small.jpg", (200, 100)), "uploads/apart/a.jpg").status == "ready"
    batch.wait_until_drained()
    before = len(batch.logged('"ready"'))
    run("--prefix", "uploads/apart/")
    assert len(batch.logged('"ready"')) == before
    assert batch.messages() == 0
    lambda_ = batch.client("lambda")
    found = lambda_.get_function_concurrency(FunctionName=batch.outputs["batchFunctionArn"])
    assert found["ReservedConcurrentExecutions"] == 2


def role_of_function(batch) -> str:
    name = batch.outputs["batchFunctionArn"]
    config = batch.client("lambda").get_function_configuration(FunctionName=name)
    return config["Role"].rpartition("/")[2]


def logged(batch) -> list[str]:
    """The lines of the second function's log."""
    function = batch.outputs["batchFunctionArn"]
    config = batch.client("lambda").get_function_configuration(FunctionName=function)
    name = config["LoggingConfig"]["LogGroup"]
    events = batch.client("logs").filter_log_events(logGroupName=name)["events"]
    return [event["message"] for event in events]


def asked(batch, prefix=ONE, **changes) -> dict:
    """A job as the command asks for it."""

    class Stack:
        source, outputs = batch.outputs["sourceBucket"], batch.outputs

    found = jobs.request(Stack, ACCOUNT, (prefix,), None)
    return found | {"ClientRequestToken": uuid.uuid4().hex} | changes


def ended(batch, prefix=ONE, **changes) -> dict:
    s3control = batch.client("s3control")
    job = s3control.create_job(**asked(batch, prefix, **changes))["JobId"]

    def found() -> dict:
        return s3control.describe_job(AccountId=ACCOUNT, JobId=job)["Job"]

    wait_until(lambda: found()["Status"] in jobs.ENDED)
    return found()


def test_a_job_of_one_upload_completes(batch):
    job = ended(batch)
    assert (job["Status"], job["ProgressSummary"]["TotalNumberOfTasks"]) == ("Complete", 1)
    assert job["GeneratedManifestDescriptor"]["Location"]["ETag"]


def test_a_job_of_nothing_fails_as_s3_has_it_fail(batch):
    """Page "Troubleshooting S3 Batch Operations" (S3 user guide)."""
    job = ended(batch, "uploads/none/")
    assert (job["Status"], job["ProgressSummary"]["TotalNumberOfTasks"]) == ("Failed", 0)
    reason = "Manifest generation found no keys matching the filter criteria."
    assert [failure["FailureReason"] for failure in job["FailureReasons"]] == [reason]


def test_a_prefix_of_no_upload_is_told_before_a_job_is_created(batch, run):
    for more in ((), ("--dry-run",), ("--json",)):
        printed = run("--prefix", "uploads/none/", *more, code=1)
        source = batch.outputs["sourceBucket"]
        assert f"error: No upload in {source} starts with uploads/none/;" in printed
        assert "job" not in printed.replace(source, "")


def test_a_role_that_is_not_there_or_trusts_another_service_fails_the_job(batch):
    lambdas = batch.client("lambda").get_function_configuration(
        FunctionName=batch.outputs["functionName"]
    )["Role"]
    for role in (lambdas, f"arn:aws:iam::{ACCOUNT}:role/nobody"):
        job = ended(batch, RoleArn=role)
        assert job["Status"] == "Failed"
        assert "cannot be assumed" in job["FailureReasons"][0]["FailureReason"]


def test_a_trust_policy_with_a_condition_that_the_service_does_not_send_fails_the_job(batch):
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "batchoperations.s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = batch.client("iam").create_role(
        RoleName="conditional", AssumeRolePolicyDocument=document
    )
    assert ended(batch, RoleArn=made["Role"]["Arn"])["Status"] == "Failed"


@pytest.fixture
def bare_role(batch):
    """Makes a role that Batch Operations may assume, without some of a job's permissions."""
    iam = batch.client("iam")

    def make(without: str) -> str:
        own, name = batch.outputs["batchRoleArn"].rpartition("/")[2], f"without-{without.lower()}"
        role = iam.get_role(RoleName=own)["Role"]
        (policy_name,) = iam.list_role_policies(RoleName=own)["PolicyNames"]
        policy = iam.get_role_policy(RoleName=own, PolicyName=policy_name)["PolicyDocument"]
        kept = [statement for statement in policy["Statement"] if statement["Sid"] != without]
        assert len(kept) == len(policy["Statement"]) - 1
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
        document = json.dumps({**policy, "Statement": kept})
        iam.put_role_policy(RoleName=name, PolicyName="most", PolicyDocument=document)
        return made["Arn"]

    return make


@pytest.mark.parametrize(
    ("without", "reason"),
    [
        ("ReadManifest", "Reading the manifest is forbidden"),
        ("WriteManifestAndReport", "Writing the manifest is forbidden"),
        ("GenerateManifest", "s3:PutInventoryConfiguration"),
    ],
)
def test_each_permission_of_the_jobs_role_is_needed(batch, bare_role, without, reason):
    job = ended(batch, RoleArn=bare_role(without))
    assert job["Status"] == "Failed"
    assert reason in job["FailureReasons"][0]["FailureReason"]


def test_a_role_that_may_not_invoke_the_function_fails_each_task(batch, bare_role):
    job = ended(batch, RoleArn=bare_role("InvokeFunction"))
    assert (job["Status"], job["ProgressSummary"]["NumberOfTasksFailed"]) == ("Complete", 1)


@pytest.fixture(scope="module")
def as_job(batch):
    """Clients with the jobs' role, by way of a user that a test lets assume it."""
    iam, role = batch.client("iam"), batch.outputs["batchRoleArn"].rpartition("/")[2]
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({**before, "Statement": [*before["Statement"], root]})
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=document)
    given = batch.client("sts").assume_role(
        RoleArn=batch.outputs["batchRoleArn"], RoleSessionName="probe"
    )["Credentials"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))

    def client(service: str):
        return boto3.client(
            service,
            endpoint_url=batch.server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )

    return client


PLACE = "batch-operations/reports/x"

MAY = {
    "write a report": ("s3", "put_object", {"Bucket": "sourceBucket", "Key": PLACE, "Body": b"x"}),
    "read a manifest": ("s3", "get_object", {"Bucket": "sourceBucket", "Key": PLACE}),
    "invoke its function": ("lambda", "invoke", {"FunctionName": "batchFunctionArn"}),
}

MAY_NOT = {
    "read an upload": ("s3", "get_object", {"Bucket": "sourceBucket", "Key": "uploads/seed.jpg"}),
    "write outside its prefix": (
        *("s3", "put_object"),
        {"Bucket": "sourceBucket", "Key": "private/a.jpg", "Body": b"x"},
    ),
    "write beside its prefix": (
        *("s3", "put_object"),
        {"Bucket": "sourceBucket", "Key": "batch-operations", "Body": b"x"},
    ),
    "delete its report": ("s3", "delete_object", {"Bucket": "sourceBucket", "Key": PLACE}),
    "list the source": ("s3", "list_objects_v2", {"Bucket": "sourceBucket"}),
    "write a rendition": (
        *("s3", "put_object"),
        {"Bucket": "destinationBucket", "Key": "seed.jpg/thumb.jpg", "Body": b"x"},
    ),
    "read an index": (
        *("s3", "get_object"),
        {"Bucket": "destinationBucket", "Key": "_index/x/manifest.json"},
    ),
    "invoke the resizer": ("lambda", "invoke", {"FunctionName": "functionName"}),
    "read the queue": ("sqs", "receive_message", {"QueueUrl": "queueUrl"}),
    "send to the queue": ("sqs", "send_message", {"QueueUrl": "queueUrl", "MessageBody": "x"}),
    "change its function": (
        *("lambda", "put_function_concurrency"),
        {"FunctionName": "batchFunctionArn", "ReservedConcurrentExecutions": 9},
    ),
    "stop the notification": (
        *("s3", "put_bucket_notification_configuration"),
        {"Bucket": "sourceBucket", "NotificationConfiguration": {}},
    ),
    "assume the function's role": (
        *("sts", "assume_role"),
        {"RoleArn": "=role", "RoleSessionName": "probe"},
    ),
}


def tried(batch, as_job, service, operation, arguments) -> tuple[int, str]:
    role = f"arn:aws:iam::{ACCOUNT}:role/{role_of_function(batch)}"
    names = batch.outputs | {"=role": role}
    given = {
        name: names.get(value, value) if isinstance(value, str) else value
        for name, value in arguments.items()
    }
    return answer(getattr(as_job(service), operation), **given)


@pytest.mark.parametrize("probe", MAY)
def test_the_jobs_role_may(batch, as_job, probe):
    status, code = tried(batch, as_job, *MAY[probe])
    assert (status, code) == (200, "")


@pytest.mark.parametrize("probe", MAY_NOT)
def test_the_jobs_role_may_not(batch, as_job, probe):
    status, code = tried(batch, as_job, *MAY_NOT[probe])
    assert status in (400, 403), code
    assert "AccessDenied" in code


def test_who_may_create_jobs_may_give_them_only_a_role_that_they_may_pass(batch):
    role = batch.outputs["batchRoleArn"]
    for allowed, expected in (
        ([("s3:CreateJob", "*")], (403, "AccessDenied")),
        ([("iam:PassRole", role)], (403, "AccessDenied")),
        ([("s3:CreateJob", "*"), ("iam:PassRole", role)], (200, "")),
    ):
        client = caller(batch.server, "s3control", *allowed)
        assert answer(client.create_job, **asked(batch)) == expected


def test_nobody_reads_lists_and_reports_from_outside(batch):
    ended(batch)
    key = batch.client("s3").list_objects_v2(
        Bucket=batch.outputs["sourceBucket"], Prefix="batch-operations/"
    )["Contents"][0]["Key"]
    assert request("GET", batch.source_url(key))[0] == 403
    assert request("PUT", batch.source_url("batch-operations/x"), b"x")[0] == 403


def test_one_token_is_one_job(batch):
    s3control, same = batch.client("s3control"), asked(batch)
    assert s3control.create_job(**same)["JobId"] == s3control.create_job(**same)["JobId"]


def test_a_job_that_has_ended_is_not_cancelled_and_an_unknown_one_is_not_there(batch):
    s3control, job = batch.client("s3control"), ended(batch)["JobId"]
    cancel = {"AccountId": ACCOUNT, "RequestedJobStatus": "Cancelled"}
    assert answer(s3control.update_job_status, JobId=job, **cancel) == (400, "JobStatusException")
    assert answer(s3control.update_job_status, JobId="no-job", **cancel) == (404, "NoSuchJob")
    assert answer(s3control.describe_job, AccountId=ACCOUNT, JobId="no-job") == (404, "NoSuchJob")


def test_a_job_that_is_cancelled_invokes_no_more(batch):
    """Its function is throttled for good, so that nothing of it can end before it is cancelled."""
    lambda_, name = batch.client("lambda"), batch.outputs["batchFunctionArn"]
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        s3control = batch.client("s3control")
        job = {"AccountId": ACCOUNT, "JobId": s3control.create_job(**asked(batch))["JobId"]}

        def found() -> dict:
            return s3control.describe_job(**job)["Job"]

        wait_until(lambda: found()["Status"] == "Active")
        s3control.update_job_status(**job, RequestedJobStatus="Cancelled")
        wait_until(lambda: found()["Status"] == "Cancelled")
    finally:
        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    assert found()["ProgressSummary"]["NumberOfTasksSucceeded"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"ManifestGenerator": None},
        {"Operation": {"S3DeleteObjectTagging": {}}},
    ],
)
def test_a_job_that_cannot_be_is_refused(batch, changes):
    given = {name: value for name, value in asked(batch, **changes).items() if value is not None}
    created = answer(batch.client("s3control").create_job, **given)
    assert created == (400, "InvalidRequest")


def test_emptying_the_stack_leaves_a_job_no_function(batch, monkeypatch):
    """Comes last, because it stops what the other tests use."""
    monkeypatch.setattr(teardown.time, "sleep", lambda _seconds: None)
    teardown.stop(Stack(outputs=batch.outputs, client=batch.client))
    found = batch.client("lambda").get_function_concurrency(
        FunctionName=batch.outputs["batchFunctionArn"]
    )
    assert found["ReservedConcurrentExecutions"] == 0
