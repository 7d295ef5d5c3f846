"""The run with a storm of first views, and its message when there was no storm."""

import threading
from types import SimpleNamespace

import pytest

from tests.soak import views
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
    found.storm = Storm(SimpleNamespace(outputs=outputs, client=lambda name: s3))
    return found


def test_each_view_is_a_first_one_that_no_cache_answers(storm):
    storm.answers = [200]
    storm.storm.work("warm/1.jpg", storm.ending)
    assert storm.deleted == ["warm/1.jpg/large.jpg"] * 6
    assert len(set(storm.asked)) == 6
    assert {url.partition("?")[0] for url in storm.asked} == {"http://cdn/warm/1.jpg/large.jpg"}
    assert storm.storm.failures() == []


@pytest.mark.parametrize("answers", [[429], [404, 500], [OSError("the server is gone")]])
def test_a_storm_in_which_nothing_was_made_is_a_failure(storm, answers):
    storm.answers = answers
    storm.storm.work("warm/1.jpg", storm.ending)
    assert sum(storm.storm.outcomes.values()) == 6
    assert len(storm.storm.failures()) == 1


def test_a_few_that_are_throttled_are_none(storm):
    storm.answers = [429, 200]
    storm.storm.work("warm/1.jpg", storm.ending)
    assert storm.storm.outcomes == {
        ("first views", "HTTP 200"): 3,
        ("first views", "HTTP 429"): 3,
    }
    assert storm.storm.failures() == []
