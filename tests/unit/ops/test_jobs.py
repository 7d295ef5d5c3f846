"""The request that creates a job, checked against AWS's description of the service."""

import json

import pytest
from botocore.exceptions import ReadTimeoutError

from ops import jobs
from ops.stack import Stack
from terminal import Failure, Misuse
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS

FUNCTION = "arn:aws-cn:lambda:cn-north-1:123456789012:function:batch"
ROLE = "arn:aws-cn:iam::123456789012:role/job"
BATCH = OUTPUTS | {"batchFunctionArn": FUNCTION, "batchRoleArn": ROLE}
SOURCE = "arn:aws-cn:s3:::photos"


def stack_of(outputs=BATCH, **clients) -> Stack:
    return Stack(outputs=outputs, client=clients.get)


class Jobs:
    """S3 Batch Operations, which answers a token that it knows with the same job."""

    def __init__(self):
        self.sent, self.tokens, self.statuses = [], {}, {}
        self.client = aws_client("s3control", create_job=self.create, describe_job=self.describe)

    def create(self, **given):
        self.sent.append(given)
        id_ = self.tokens.setdefault(given["ClientRequestToken"], f"job-{len(self.tokens) + 1}")
        self.statuses.setdefault(id_, "New")
        return {"JobId": id_}

    def describe(self, JobId, **_account):  # noqa: N803 (boto3's name)
        status = self.statuses[JobId]
        return {"Job": {"Status": status}} if isinstance(status, str) else status

    def made(self, asked: dict) -> str:
        return jobs.create(stack_of(s3control=self.client), asked).id


def created(asked: dict) -> dict:
    """Return the request that boto3, which checks it, would send."""
    s3control = Jobs()
    job = jobs.create(stack_of(s3control=s3control.client), asked)
    assert (job.id, job.account) == ("job-1", "123456789012")
    (sent,) = s3control.sent
    return sent


def asked_for(prefix="uploads/", **outputs) -> dict:
    return jobs.request(stack_of(BATCH | outputs), "123456789012", (prefix,), None)


@pytest.mark.parametrize("status", ["New", "Active", "Paused", Refusal("AccessDenied", 403)])
def test_a_job_whose_answer_was_lost_is_not_made_twice(status):
    s3control = Jobs()
    assert s3control.made(asked_for()) == "job-1"
    s3control.statuses["job-1"] = status
    assert s3control.made(asked_for()) == "job-1"


@pytest.mark.parametrize("status", ["Complete", "Failed", "Cancelled"])
def test_a_job_that_has_ended_is_followed_by_a_new_one(status):
    s3control = Jobs()
    for number in (1, 2, 3):
        assert s3control.made(asked_for()) == f"job-{number}"
        assert s3control.made(asked_for()) == f"job-{number}"
        s3control.statuses[f"job-{number}"] = status


def test_a_job_of_other_uploads_or_another_function_is_another_job():
    s3control = Jobs()
    assert s3control.made(asked_for()) == "job-1"
    assert s3control.made(asked_for("uploads/u1/")) == "job-2"
    assert s3control.made(asked_for(sourceBucket="others")) == "job-3"
    assert s3control.made(asked_for(batchFunctionArn=f"{FUNCTION}-2")) == "job-4"


def test_s3_that_does_not_answer_may_have_created_the_job():
    lost = aws_client("s3control")
    lost.create_job = lambda **_asked: (_ for _ in ()).throw(
        ReadTimeoutError(endpoint_url="https://s3-control")
    )
    with pytest.raises(Failure, match=r"did not say whether .* run the same command again"):
        jobs.create(stack_of(s3control=lost), asked_for())


def test_s3_that_refuses_a_token_has_the_job():
    known = aws_client("s3control", create_job=Refusal("IdempotencyException", 400))
    with pytest.raises(Failure, match=r"`aws s3control list-jobs --account-id 123456789012"):
        jobs.create(stack_of(s3control=known), asked_for())


def test_a_job_is_one_of_the_stacks_own_function_and_role():
    asked = jobs.request(stack_of(), "123456789012", ("uploads/u1/",), None)
    sent = created(asked)
    assert sent["Operation"] == {"LambdaInvoke": {"FunctionArn": FUNCTION}}
    assert (sent["RoleArn"], sent["ConfirmationRequired"]) == (ROLE, False)
    assert sent["Report"] == {
        "Enabled": True,
        "Bucket": SOURCE,
        "Prefix": "batch-operations/reports",
        "Format": "Report_CSV_20180820",
        "ReportScope": "AllTasks",
    }
    generator = sent["ManifestGenerator"]["S3JobManifestGenerator"]
    assert generator["SourceBucket"] == SOURCE
    assert generator["Filter"] == {"KeyNameConstraint": {"MatchAnyPrefix": ["uploads/u1/"]}}
    where = generator["ManifestOutputLocation"]
    assert (where["Bucket"], where["ManifestPrefix"]) == (SOURCE, "batch-operations/manifests")
    assert where["ManifestEncryption"] == {"SSES3": {}}
    assert "Manifest" not in sent


def test_a_job_of_a_report_names_it_by_its_entity_tag():
    report = jobs.Report(where="s3://reports/all/1/manifest.json", etag="e1")
    sent = created(jobs.request(stack_of(), "123456789012", ("uploads/",), report))
    assert sent["Manifest"] == {
        "Spec": {"Format": "S3InventoryReport_CSV_20161130"},
        "Location": {"ObjectArn": "arn:aws-cn:s3:::reports/all/1/manifest.json", "ETag": "e1"},
    }
    assert "ManifestGenerator" not in sent


@pytest.mark.parametrize("missing", ["batchFunctionArn", "batchRoleArn"])
def test_a_stack_without_the_function_says_which_setting_makes_it(missing):
    outputs = {name: value for name, value in BATCH.items() if name != missing}
    with pytest.raises(Failure, match="batchOperationsConcurrency"):
        jobs.request(stack_of(outputs), "123456789012", ("uploads/",), None)


def manifest(schema: str) -> dict:
    fields = {
        "sourceBucket": "photos",
        "destinationBucket": "arn:aws:s3:::reports",
        "fileFormat": "CSV",
        "fileSchema": schema,
        "files": [],
    }

    class Body:
        def read(self):
            return json.dumps(fields).encode()

    class S3:
        def get_object(self, **asked):
            assert asked == {"Bucket": "reports", "Key": "all/manifest.json"}
            return {"Body": Body()}

        def head_object(self, **asked):
            assert asked == {"Bucket": "reports", "Key": "all/manifest.json"}
            return {"ETag": '"e1"'}

        exceptions = aws_client("s3").exceptions

    return {"s3": S3()}


WHERE = "s3://reports/all/manifest.json"


def test_a_report_of_current_versions_is_taken():
    stack = stack_of(**manifest("Bucket, Key, Size"))
    assert jobs.find_report(stack, WHERE) == jobs.Report(where=WHERE, etag="e1")


def test_a_report_of_all_versions_is_refused():
    stack = stack_of(**manifest("Bucket, Key, VersionId, IsLatest, Size"))
    with pytest.raises(Failure, match="lists all versions"):
        jobs.find_report(stack, WHERE)


def test_a_report_on_disk_is_misuse():
    with pytest.raises(Misuse, match="from s3://"):
        jobs.find_report(stack_of(), "all/manifest.json")


def test_progress_is_read_from_awss_fields():
    described = {
        "Status": "Failed",
        "ProgressSummary": {
            "TotalNumberOfTasks": 9,
            "NumberOfTasksSucceeded": 5,
            "NumberOfTasksFailed": 2,
        },
        "FailureReasons": [{"FailureCode": "C", "FailureReason": "why"}],
    }
    client = aws_client("s3control", describe_job={"Job": described})
    job = jobs.Job(stack=stack_of(s3control=client), account="123456789012", id="job-1")
    assert job.progress() == jobs.Progress(
        status="Failed", total=9, succeeded=5, failed=2, reasons=("C: why",)
    )
    assert job.progress().done == 7


def test_a_new_job_has_no_counts_yet():
    client = aws_client("s3control", describe_job={"Job": {"Status": "New"}})
    job = jobs.Job(stack=stack_of(s3control=client), account="123456789012", id="job-1")
    assert job.progress() == jobs.Progress(status="New", total=0, succeeded=0, failed=0, reasons=())
