"""The run with a storm of first views, and its message when there was no storm."""

import threading
from types import SimpleNamespace

import pytest

from tests.soak import views
from tests.soak.slowdown import Phase, Slowdown
from tests.soak.views import Storm


@pytest.fixture
def storm(monkeypatch):
    """A storm that ends after its sixth view; each is answered as ``answers`` says."""
    found = SimpleNamespace(answers=[], deleted=[], asked=[], ending=threading.Event())
    s3 = SimpleNamespace(delete_object=lambda **call: found.deleted.append(call["Key"]))
    outputs = {"destinationBucket": "made", "deliveryUrl": "http://cdn"}

    def request(method, url):
        found.asked.append(url)
        if len(found.asked) == 6:
            found.ending.set()
        answer = found.answers[len(found.asked) % len(found.answers)]
        if isinstance(answer, Exception):
            raise answer
        return answer, b""

    monkeypatch.setattr(views, "request", request)
    found.storm = Storm([SimpleNamespace(outputs=outputs, client=lambda name: s3)])
    return found


def test_each_view_is_a_first_one_that_no_cache_answers(storm):
    storm.answers = [200]
    storm.storm.work("warm/1.jpg", storm.ending)
    assert storm.deleted == ["warm/1.jpg/large.jpg"] * 6
    assert len(set(storm.asked)) == 6
    assert {url.partition("?")[0] for url in storm.asked} == {"http://cdn/warm/1.jpg/large.jpg"}
    assert storm.storm.failures(0) == []


@pytest.mark.parametrize("answers", [[429], [404, 500], [OSError("the server is gone")]])
def test_a_storm_in_which_nothing_was_made_is_a_failure(storm, answers):
    storm.answers = answers
    storm.storm.work("warm/1.jpg", storm.ending)
    assert sum(storm.storm.outcomes[0].values()) == 6
    assert len(storm.storm.failures(0)) == 1


def test_a_few_that_are_throttled_are_none(storm):
    storm.answers = [429, 200]
    storm.storm.work("warm/1.jpg", storm.ending)
    assert storm.storm.outcomes[0] == {
        ("first views", "HTTP 200"): 3,
        ("first views", "HTTP 429"): 3,
    }
    assert storm.storm.failures(0) == []


def test_stacks_are_viewed_in_turn():
    storm = Storm([SimpleNamespace(), SimpleNamespace()])
    assert [storm.turn(at) for at in (0.0, 4.9, 5.0, 9.9, 10.0)] == [0, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("own", "control", "verdict"),
    [(1.0, 1.0, "holds"), (1.25, 1.0, "holds"), (1.3, 1.0, "is broken"), (2.1, 2.1, "is broken")],
)
def test_views_of_this_stack_may_do_no_more_to_its_uploads_than_those_of_another(
    own, control, verdict
):
    phases = {"alone": 1.0, "beside": own, "control": control}
    measured = {name: Phase(seconds=[seconds]) for name, seconds in phases.items()}
    slowdown = Slowdown(**measured, others="first views")
    assert slowdown.lines()[-1].endswith(f"the bound {verdict}")
    assert slowdown.holds == (verdict == "holds")


def test_an_upload_lost_beside_another_stacks_views_breaks_the_bound():
    """Then the storm that these are compared with was none."""
    phases = {name: Phase(seconds=[1.0]) for name in ("alone", "beside")}
    slowdown = Slowdown(**phases, control=Phase(seconds=[1.0], lost=["a.jpg"]))
    assert not slowdown.holds
    assert "lost: a.jpg" in slowdown.lines()
