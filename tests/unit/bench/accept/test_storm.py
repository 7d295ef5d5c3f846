import pytest

from bench.accept import storm
from bench.accept.steps import StepFailed
from local.uploader import Result


def result(ms, status="ready"):
    error = None if status == "ready" else {"code": "lost"}
    return Result(file="a", key="uploads/a", status=status, error=error, ms=ms, bytes=1)


class Live:
    doors = ("http://in", "http://out")
    is_presigned = True

    def __init__(self):
        self.checked = 0

    def check_queues(self):
        self.checked += 1

    def cost(self, results):
        return len(results) / 100


@pytest.fixture
def answer(monkeypatch):
    def set_results(results):
        def upload_all(files, *doors, presigned, parallel):
            *doors, step = doors
            assert (files, doors) == (["photo"] * 5, list(Live.doors))
            assert (presigned, parallel) == (True, 5)
            step(results[0])
            return results

        monkeypatch.setattr(storm, "upload_all", upload_all)

    return set_results


def test_times_are_told_and_the_queues_looked_at(answer):
    answer([result(ms) for ms in (1000, 2000, 3000, 4000, 10_000)])
    live, steps = Live(), []
    outcome = storm.check(live, "photo", 5, steps.append)
    assert outcome.figures == {
        "uploads": 5,
        "p50_s": 3.0,
        "p95_s": 8.8,
        "max_s": 10.0,
        "seconds": [1, 2, 3, 4, 10],
    }
    assert outcome.detail.endswith("until the manifest: p50 3.0 s, p95 8.8 s, max 10.0 s")
    assert (outcome.usd, live.checked, steps) == (0.05, 1, ["uploads/a"])


@pytest.mark.parametrize("status", ["lost", "failed", "rejected", "refused"])
def test_one_that_is_not_ready_fails(answer, status):
    answer([result(1), result(1, status), *(result(1) for _ in range(3))])
    with pytest.raises(StepFailed, match=r"1 of 5 are not ready; uploads/a: .*lost"):
        storm.check(Live(), "photo", 5, lambda _key: None)
