import pytest

from bench.accept import live as lives
from bench.accept.steps import StepFailed
from local.uploader import Result
from tests.support.accept import QUIET, live
from tests.support.manifests import rendition


def result(worked_ms, renditions):
    return Result(
        file="a",
        key="a",
        status="ready",
        error=None,
        ms=1,
        bytes=1,
        renditions=(rendition(),) * renditions,
        worked_ms=worked_ms,
    )


def test_uploads_cost_compute_and_requests():
    usd = live(memory=1024).cost([result(500, 8), result(1500, 4)])
    compute = 2 * 1.0 * 0.0000133334
    requests = 2 * 0.0000002 + (2 + 4) * 0.0000004 + (2 * 2 + 12) * 0.000005 + 2 * 2 * 0.0000004
    assert usd == pytest.approx(compute + requests)
    other = live(memory=2048, architecture="x86_64", timeout=60).cost([result(1000, 8)])
    assert other == pytest.approx(2 * 0.0000166667 + 0.0000002 + 1.2e-6 + 10 * 0.000005 + 8e-7)


def test_what_is_made_later_is_no_cost_of_the_upload():
    one, later = result(500, 2), rendition().replace(lazy=True, bytes=None)
    both = Result(**vars(one) | {"renditions": (*one.renditions, later)})
    assert live().cost([both]) == live().cost([one])


def test_without_prices_or_uploads_no_cost_is_told():
    assert live(prices=None).cost([result(500, 8)]) is None
    assert live().cost([]) is None


def test_doors_and_forms():
    assert live().doors == ("http://in", "http://out", "uploads/")
    assert [live(uploads=u).is_presigned for u in ("public", "presigned")] == [False, True]


@pytest.fixture
def clock(monkeypatch):
    """A clock that only sleeping moves."""
    now = [0.0]
    monkeypatch.setattr(lives.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(lives.time, "sleep", lambda seconds: now.append(now.pop() + seconds))
    return now


@pytest.mark.usefixtures("clock")
def test_the_queue_is_waited_for():
    queue = [("1", "0", "0"), ("0", "1", "0"), ("0", "0", "1"), QUIET]
    live({"queue": queue, "dead": [QUIET]}).check_queues()
    assert len(queue) == 1


@pytest.mark.parametrize("dead", [("2", "0", "0"), ("1", "1", "0"), ("0", "0", "2")])
def test_a_dead_letter_fails(dead):
    with pytest.raises(StepFailed, match="The dead-letter queue holds 2 messages"):
        live({"queue": [QUIET], "dead": [dead]}).check_queues()


def test_a_queue_that_does_not_empty_fails(clock):
    with pytest.raises(StepFailed, match=r"The queue holds 3 messages after 60 s"):
        live({"queue": [("1", "2", "0")], "dead": [QUIET]}).check_queues()
    assert clock == [60]
