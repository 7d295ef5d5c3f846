"""The request that creates a job, checked against AWS's description of the service."""

import json

import pytest

from ops import jobs
from ops.stack import Stack
from terminal import Failure, Misuse
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS

FUNCTION = "arn:aws-cn:lambda:cn-north-1:123456789012:function:batch"
ROLE = "arn:aws-cn:iam::123456789012:role/job"
BATCH = OUTPUTS | {"batchFunctionArn": FUNCTION, "batchRoleArn": ROLE}
SOURCE = "arn:aws-cn:s3:::photos"


def stack_of(outputs=BATCH, **clients) -> Stack:
    return Stack(outputs=outputs, client=clients.get)


def created(asked: dict) -> dict:
    """Return the request that boto3, which checks it, would send."""
    sent = {}

    def create_job(**given):
        sent.update(given)
        return {"JobId": "job-1"}

    client = aws_client("s3control", create_job=create_job)
    job = jobs.create(stack_of(s3control=client), asked)
    assert (job.id, job.account) == ("job-1", "123456789012")
    return sent


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
