"""Tasks of S3 Batch Operations: AWS's own example of an event and of an answer, and failures."""

import json
import logging
from pathlib import Path

import pytest

from function.storage.deadline import Deadline
from function.tasks import TaskHandler
from function.uploads import UploadHandler
from tests.support.engine import reconciler_for

EVENTS = Path(__file__).parent / "events"
ONE, TWO = (json.loads((EVENTS / f"batch-{number}.0.json").read_text()) for number in (1, 2))


class Context:
    """Lambda's context, with 30 seconds left."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class Recorder(Deadline):
    """A deadline that notes how each task was started."""

    def __init__(self):
        super().__init__()
        self.starts = []

    def start(self, seconds, messages):
        self.starts.append((seconds, messages))
        super().start(seconds, messages)


@pytest.fixture
def opened():
    """Names of the source buckets that were asked for."""
    return []


@pytest.fixture
def handler(environment, source, destination, opened):
    def reconciler(bucket):
        opened.append(bucket)
        return reconciler_for(environment, source, destination)

    return build(reconciler)


def build(reconciler, deadline=None, counts=()):
    uploads = UploadHandler(
        function_name="batch",
        publishes_metrics=False,
        reconciler_for=reconciler,
        deadline=deadline or Deadline(),
        counts_duplicates=False,
        worker_counts=lambda: dict(counts),
        cold_starts=iter((1, *[0] * 99)),
    )
    return TaskHandler(uploads=uploads)


def naming(key: str, example=ONE, **task) -> dict:
    """AWS's example of an event, of another key."""
    return {**example, "tasks": [{**example["tasks"][0], "s3Key": key, **task}]}


def answered(handler, event) -> dict:
    answer = handler.handle(event, Context())
    assert json.loads(json.dumps(answer)) == answer
    (result,) = answer["results"]
    return result


def test_the_answer_has_the_fields_of_awss_example(handler):
    assert handler.handle(ONE, Context()) == {
        "invocationSchemaVersion": "1.0",
        "treatMissingKeysAs": "TemporaryFailure",
        "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
        "results": [
            {
                "taskId": "dGFza2lkZ29lc2hlcmUK",
                "resultCode": "Succeeded",
                "resultString": "ignored: not an upload",
            }
        ],
    }


@pytest.mark.parametrize(
    ("example", "bucket"), [(ONE, "amzn-s3-demo-bucket"), (TWO, "powertools-dataset")]
)
def test_each_version_of_the_event_names_its_bucket(handler, source, opened, jpeg, example, bucket):
    source.upload("uploads/u1/beach.jpg", jpeg)
    answer = handler.handle(naming("uploads/u1/beach.jpg", example), Context())
    assert answer["invocationSchemaVersion"] == example["invocationSchemaVersion"]
    assert answer["results"][0]["resultCode"] == "Succeeded"
    assert opened == [bucket]


def test_a_bucket_s_arn_may_name_a_region_and_an_account(handler, opened):
    """As in the S3 user guide's example of 2019."""
    arn = "arn:aws:s3:us-east-1:0123456788:awsexamplebucket1"
    answered(handler, naming("uploads/a.jpg", s3BucketArn=arn))
    assert opened == ["awsexamplebucket1"]


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("uploads/a%20b/%C3%A9+1.jpg", "uploads/a b/é 1.jpg"),
        ("uploads/a%2Bb%25.jpg", "uploads/a+b%.jpg"),
    ],
)
def test_keys_are_decoded(handler, source, destination, jpeg, encoded, key):
    source.upload(key, jpeg)
    assert answered(handler, naming(encoded))["resultString"] == "ready"
    assert f"{key.removeprefix('uploads/')}/manifest.json" in destination.objects


def test_an_upload_is_rendered_again_though_its_manifest_is_up_to_date(
    handler, source, destination, jpeg
):
    version = source.upload("uploads/a.jpg", jpeg)
    event = naming("uploads/a.jpg", s3VersionId=version.version_id)
    assert answered(handler, event)["resultString"] == "ready"
    del destination.objects["a.jpg/thumb.jpg"]
    first = json.loads(destination.objects["a.jpg/manifest.json"])
    assert answered(handler, event)["resultString"] == "ready"
    again = json.loads(destination.objects["a.jpg/manifest.json"])
    assert "a.jpg/thumb.jpg" in destination.objects
    assert first["source"]["sequencer"] == again["source"]["sequencer"] == "00"


def test_the_newest_version_wins_over_the_one_that_a_task_names(handler, source, destination, jpeg):
    old = source.upload("uploads/a.jpg", b"no image")
    new = source.upload("uploads/a.jpg", jpeg)
    event = naming("uploads/a.jpg", s3VersionId=old.version_id)
    assert answered(handler, event)["resultString"] == "ready"
    manifest = json.loads(destination.objects["a.jpg/manifest.json"])
    assert manifest["source"]["version_id"] == new.version_id


def test_a_rejection_is_done_and_says_why(handler, source, destination):
    source.upload("uploads/a.jpg", b"no image")
    result = answered(handler, naming("uploads/a.jpg"))
    manifest = json.loads(destination.objects["a.jpg/manifest.json"])
    assert manifest["status"] == "rejected"
    assert result["resultCode"] == "Succeeded"
    error = manifest["error"]
    assert result["resultString"] == f"rejected: {error['code']}: {error['message']}"


def test_an_upload_that_is_gone_is_done(handler, source, destination, jpeg):
    source.upload("uploads/a.jpg", jpeg)
    answered(handler, naming("uploads/a.jpg"))
    source.mark_deleted("uploads/a.jpg")
    result = answered(handler, naming("uploads/a.jpg"))
    assert (result["resultCode"], result["resultString"]) == ("Succeeded", "deleted")
    assert not destination.objects


def test_a_failure_of_ours_is_temporary_and_logged(handler, source, destination, jpeg, caplog):
    source.upload("uploads/a.jpg", jpeg)
    source.failing.add("uploads/a.jpg")
    for _cold_then_warm in range(2):
        result = answered(handler, naming("uploads/a.jpg"))
        assert result["resultCode"] == "TemporaryFailure"
        assert result["resultString"].count(":")
    records = [record for record in caplog.records if record.message == "failed"]
    assert len(records) == 2
    for record in records:
        assert record.levelno == logging.ERROR
        assert record.exc_info
        assert (record.job, record.task["taskId"]) == (ONE["job"]["id"], ONE["tasks"][0]["taskId"])
        assert record.Failed == 1
    assert not destination.objects


@pytest.mark.parametrize("missing", ["s3Key", "s3BucketArn"])
def test_a_task_that_lacks_a_field_fails_for_a_while(handler, missing):
    event = naming("uploads/a.jpg")
    del event["tasks"][0][missing]
    assert answered(handler, event)["resultCode"] == "TemporaryFailure"


def test_each_task_has_its_own_result_and_its_share_of_the_time(
    source, environment, destination, jpeg
):
    deadline = Recorder()
    source.upload("uploads/b.jpg", jpeg)
    handler = build(lambda _: reconciler_for(environment, source, destination), deadline)
    source.failing.add("uploads/b.jpg")
    tasks = [{**ONE["tasks"][0], "taskId": n, "s3Key": f"uploads/{n}.jpg"} for n in ("a", "b", "c")]
    results = handler.handle({**ONE, "tasks": tasks}, Context())["results"]
    assert [result["taskId"] for result in results] == ["a", "b", "c"]
    assert [result["resultCode"] for result in results] == [
        "Succeeded",
        "TemporaryFailure",
        "Succeeded",
    ]
    assert deadline.starts == [(30, 3), (30, 2), (30, 1)]


def test_the_log_names_the_job_of_each_upload(handler, source, jpeg, caplog):
    caplog.set_level(logging.INFO, "function")
    source.upload("uploads/a.jpg", jpeg)
    answered(handler, naming("uploads/a.jpg"))
    (record,) = [record for record in caplog.records if record.message == "ready"]
    assert (record.correlation_id, record.key) == (ONE["job"]["id"], "uploads/a.jpg")
    assert record.BytesIn == len(jpeg)
    assert record.ColdStart == 1
