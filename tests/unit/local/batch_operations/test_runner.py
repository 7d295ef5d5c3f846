"""A job fails as a whole from 1,000 tasks on (S3 user guide, "Tracking job failure")."""

import pytest

from local.batch_operations import runner
from local.batch_operations.job import Job, JobFailed, Outcome, Task


@pytest.fixture
def run(monkeypatch):
    """Run a job whose tasks end with these codes, in this order."""

    def call(codes: list[str]) -> Job:
        def invoke(_job, _lambda, task):
            return Outcome(task, codes[task.number], "")

        monkeypatch.setattr(runner, "_invoke", invoke)
        job = Job(id="job", asked={}, session=None, may_list=False)
        tasks = [Task(number, "photos", f"{number}", "") for number in range(len(codes))]
        runner.run_all(job, None, tasks)
        return job

    return call


def codes(failed: int, of: int) -> list[str]:
    return ["PermanentFailure"] * failed + ["Succeeded"] * (of - failed)


@pytest.mark.parametrize(("failed", "of"), [(500, 1000), (999, 999)])
def test_half_of_its_tasks_or_fewer_than_1000_may_fail(run, failed, of):
    assert run(codes(failed, of)).failed == failed


def test_more_than_half_of_1000_tasks_fail_it(run):
    with pytest.raises(JobFailed, match="501 tasks have failed"):
        run(codes(501, 1000))
