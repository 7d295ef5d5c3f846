import pytest

from bench.accept import storm
from bench.accept.steps import StepFailed
from function.manifest import ErrorFacts
from local.uploader import Result
from tests.support.accept import live


def result(ms, status="ready", code="lost"):
    error = None if status == "ready" else ErrorFacts(code=code, message="gone")
    return Result(file="a", key="uploads/a", status=status, error=error, ms=ms, bytes=1)


@pytest.fixture
def answer(monkeypatch):
    def set_results(results):
        def upload_all(files, *doors, presigned, parallel):
            *doors, step = doors
            assert (files, doors) == (["photo"] * 5, ["http://in", "http://out", "uploads/"])
            assert (presigned, parallel) == (True, 5)
            step(results[0])
            return results

        monkeypatch.setattr(storm, "upload_all", upload_all)

    return set_results


def test_times_are_told_and_the_queues_looked_at(answer):
    results = [result(ms) for ms in (1000, 2000, 3000, 4000, 10_000)]
    answer(results)
    asked, steps = [], []
    clone = live(asked=asked, uploads="presigned")
    outcome = storm.check(clone, "photo", 5, lambda *, name: steps.append(name))
    assert outcome.figures == storm.Figures(0, [1, 2, 3, 4, 10])
    assert outcome.detail.endswith("until the manifest: p50 3.0 s, p95 8.8 s, max 10.0 s")
    assert (asked, steps) == (["queue", "dead"], ["uploads/a"])
    assert outcome.usd == clone.cost(results) > 0


@pytest.mark.parametrize("status", ["lost", "failed", "rejected", "refused"])
def test_one_that_is_not_ready_fails(answer, status):
    answer([result(1), result(1, status), *(result(1) for _ in range(3))])
    with pytest.raises(StepFailed, match=r"1 of 5 are not ready; uploads/a: lost: gone$"):
        storm.check(live(uploads="presigned"), "photo", 5, lambda name: None)


def test_a_form_that_the_signer_refuses_at_its_ceiling_is_asked_for_again(monkeypatch):
    rounds = [2, 1, 0]  # forms refused
    asked, steps = [], []

    def upload_all(files, *_doors, presigned, parallel):
        assert parallel == len(files)
        asked.append(len(files))
        refused = rounds[len(asked) - 1]
        results = [result(1, "refused", "http_429")] * refused
        results += [result(1000)] * (len(files) - refused)
        for one in results:
            _doors[3](one)
        return results

    monkeypatch.setattr(storm, "upload_all", upload_all)
    clone = live(uploads="presigned")
    outcome = storm.check(clone, "photo", 5, lambda *, name: steps.append(name))
    assert asked == [5, 2, 1]
    assert (len(steps), outcome.usd) == (5, clone.cost([result(1000)] * 5))
    assert (outcome.figures.throttled, len(outcome.figures.seconds)) == (3, 5)
    assert "3 forms refused with 429 and asked for again" in outcome.detail


def test_forms_that_are_always_refused_fail(answer):
    answer([result(1, "refused", "http_429")] * 5)
    clone = live(uploads="presigned")
    with pytest.raises(StepFailed, match=r"^5 of 5 got no form in 20 rounds\.$"):
        storm.check(clone, "photo", 5, lambda name: pytest.fail("nothing arrived"))
