from types import SimpleNamespace

import pytest

from bench.accept import cleanup, clone, cloud, leftovers
from bench.accept.clone import Clone
from bench.accept.steps import StepFailed
from ops.stack import NEEDED

CLONE = Clone(name="dev-accept-0a0b0c", content={})
OUTPUTS = dict.fromkeys(NEEDED, "x")
RESOURCES = [
    {"type": "aws:s3/bucket:Bucket", "id": "source"},
    {"type": "aws:sqs/queue:Queue", "id": "queue"},
    {"type": "aws:s3/bucket:Bucket", "id": "logs"},
]


@pytest.fixture
def done(monkeypatch, tmp_path):
    """What was done, in order."""
    calls = []
    kms = SimpleNamespace(
        schedule_key_deletion=lambda KeyId, PendingWindowInDays: calls.append(  # noqa: N803
            f"delete {KeyId} in {PendingWindowInDays}"
        )
    )
    monkeypatch.setattr(clone, "ROOT", tmp_path)
    monkeypatch.setattr(cloud, "clients", lambda _clone: lambda _service: kms)
    monkeypatch.setattr(leftovers, "keys", lambda _clone: ["key"])
    monkeypatch.setattr(cleanup.teardown, "stop", lambda stack: calls.append("stop"))
    monkeypatch.setattr(
        cleanup.teardown, "empty", lambda stack, bucket, _advance: calls.append(f"empty {bucket}")
    )
    return calls


def engine(done, outputs):
    answers = {"outputs": {"outputs": outputs}, "export": {"resources": RESOURCES}}

    def run(do):
        if do not in answers:
            done.append(do)
        return answers.get(do, {})

    return SimpleNamespace(run=run)


def test_buckets_are_emptied_before_the_stack_goes(done):
    CLONE.path.touch()
    cleanup.remove(CLONE, engine(done, OUTPUTS), pytest.fail)
    assert done == [
        *("stop", "empty source", "empty logs", "destroy", "delete key in 7", "remove"),
    ]
    assert not CLONE.path.exists()


def test_half_a_deployment_has_no_function_to_wait_for(done):
    half = OUTPUTS | {NEEDED[-1]: None}
    cleanup.remove(CLONE, engine(done, half), pytest.fail)
    assert done[0] == "empty source"


def test_the_tagging_api_may_lag(monkeypatch):
    found = [["arn"], ["arn"], []]
    monkeypatch.setattr(cleanup.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(leftovers, "by_tag", lambda _clone: found.pop(0))
    monkeypatch.setattr(leftovers, "by_name", lambda _clone: [])
    cleanup.check(CLONE)
    assert found == []


@pytest.mark.parametrize(("tagged", "named"), [(["a"], ["b"]), ([], ["a", "b"])])
def test_what_is_left_is_named(monkeypatch, tagged, named):
    monkeypatch.setattr(cleanup, "LAG_SECONDS", 0)
    monkeypatch.setattr(leftovers, "by_tag", lambda _clone: list(tagged))
    monkeypatch.setattr(leftovers, "by_name", lambda _clone: named)
    with pytest.raises(StepFailed, match=r"^2 resources are left: a, b\.$"):
        cleanup.check(CLONE)
