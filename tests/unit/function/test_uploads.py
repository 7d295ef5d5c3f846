"""The log's lines about uploads that wait for a moderator tell nothing of them."""

import itertools
import json
import logging
from types import SimpleNamespace

import pytest

from function.contract import Status
from function.manifest import ErrorFacts
from function.moderation import rejection_of
from function.storage.deadline import Deadline
from function.uploads import UploadHandler
from tests.support.history import created, manifest, version

STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "taskName"}


def handle(outcome, **how):
    def reconcile(_event, *, is_last):
        return outcome

    handler = UploadHandler(
        function_name="f",
        publishes_metrics=True,
        reconciler_for=lambda _bucket: SimpleNamespace(reconcile=reconcile),
        deadline=Deadline(),
        counts_duplicates=True,
        worker_counts=dict,
        cold_starts=itertools.repeat(0),
        **how,
    )
    return handler, handler.handle(created(1), is_last=False)


def told(record) -> dict:
    return {name: value for name, value in vars(record).items() if name not in STANDARD}


def test_a_held_upload_has_a_line_without_figures(caplog):
    caplog.set_level("INFO", logger="function")
    _, outcome = handle(manifest(1, Status.HELD).bare())
    assert outcome.told == "held"
    (line,) = caplog.records
    assert (line.message, told(line)) == (
        "held",
        {"key": version(1).key, "correlation_id": "c", "version_id": "1"},
    )


@pytest.mark.parametrize(
    "outcome",
    [
        rejection_of(version(1)),
        manifest(1, Status.REJECTED).replace(error=ErrorFacts("not_an_image", "no")).bare(),
    ],
)
def test_a_rejected_one_is_counted_by_its_reason_alone(caplog, outcome):
    caplog.set_level("INFO", logger="function")
    handle(outcome)
    line = told(caplog.records[0])
    assert (line["Rejected"], line["Code"]) == (1, outcome.error.code)
    assert set(line) == {
        *("key", "correlation_id", "version_id", "error"),
        *("_aws", "FunctionName", "Rejected", "Code"),
    }


@pytest.mark.parametrize("hides", [True, False])
def test_a_failure_where_uploads_may_wait_lacks_the_event_with_length_and_hash(caplog, hides):
    handler, _ = handle(None, hides_events=hides)
    body = json.dumps({"eTag": "e", "size": 829183})
    handler.log_failure(OSError("S3 is down"), {"message_id": "m", "body": body})
    line = told(caplog.records[-1])
    assert line["message_id"] == "m"
    assert ("body" in line) is not hides
