"""The alarms as data: thresholds follow from the settings."""

import pytest

from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from pipeline.alarm_definitions import definitions
from pipeline.auth import Auth
from pipeline.settings import Settings

ALWAYS = {
    "dead-letters-alarm": 0,
    "oldest-upload-alarm": 720,
    "errors-alarm": 0,
    "throttles-alarm": 0,
    "slow-alarm": 48_000,
    "failed-alarm": 0.05,
    "rejected-alarm": 0.2,
}
SIGNER = {"signer-errors-alarm": 0, "signer-throttles-alarm": 0}


@pytest.mark.parametrize(("uploads", "more"), [("public", {}), ("presigned", SIGNER)])
def test_thresholds_follow_from_the_settings(uploads, more):
    alarms = definitions(Settings(timeout=60, uploads=uploads))
    assert {alarm.part: alarm.threshold for alarm in alarms} == ALWAYS | more


def test_a_signer_that_asks_who_it_is_also_tells_when_it_cannot():
    auth = Auth(issuer="https://login.example.com", audience="photos")
    alarms = definitions(Settings(timeout=60, uploads="presigned", auth=auth))
    more = {"signer-unavailable-alarm": 0}
    assert {alarm.part: alarm.threshold for alarm in alarms} == ALWAYS | SIGNER | more
    (query,) = alarms[-1].queries
    assert (query.metric, query.resource) == ("Url5xxCount", "signer")


@pytest.mark.parametrize(("uploads", "more"), [("public", {}), ("presigned", SIGNER)])
def test_first_views_have_alarms_where_there_are_lazy_renditions(uploads, more):
    lazy = (*DEFAULT_RENDITIONS, Rendition(name="poster", width=9, height=9, lazy=True))
    alarms = definitions(Settings(timeout=60, uploads=uploads, delivery="cdn", renditions=lazy))
    views = {"views-errors-alarm": 0, "views-throttles-alarm": 0}
    assert {alarm.part: alarm.threshold for alarm in alarms} == ALWAYS | more | views
    errors, throttles = (alarm.queries for alarm in alarms[-2:])
    assert [(query.metric, query.resource) for query in (*errors, *throttles)] == [
        ("Url5xxCount", "views"),
        ("Throttles", "views"),
    ]


def test_lazy_formats_have_alarms_besides_those_of_first_views():
    hero = DEFAULT_RENDITIONS[1].replace(lazy_formats=("avif",))
    before = definitions(Settings(timeout=60, delivery="cdn"))
    alarms = definitions(Settings(timeout=60, delivery="cdn", renditions=(hero,)))
    more = [alarm for alarm in alarms if alarm not in before]
    assert {alarm.part: alarm.threshold for alarm in more} == {
        "views-errors-alarm": 0,
        "views-throttles-alarm": 0,
        "formats-errors-alarm": 0,
        "oldest-format-alarm": 3600,
    }
    queries = [(query.namespace, query.metric, query.resource) for a in more for query in a.queries]
    assert queries[2:] == [
        ("AWS/Lambda", "Errors", "formats"),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", "format_queue"),
    ]


@pytest.mark.parametrize("uploads", ["public", "presigned"])
def test_lean_monitoring_tells_of_loss_alone_and_off_of_nothing(uploads):
    lean = definitions(Settings(uploads=uploads, monitoring="lean"))
    assert [alarm.part for alarm in lean] == [
        *("dead-letters-alarm", "oldest-upload-alarm", "errors-alarm")
    ]
    assert {query.namespace for alarm in lean for query in alarm.queries} == {
        *("AWS/SQS", "AWS/Lambda")
    }
    assert definitions(Settings(uploads=uploads, monitoring="off")) == []


def test_a_slower_function_may_take_and_wait_longer():
    alarms = {alarm.part: alarm for alarm in definitions(Settings(timeout=100))}
    assert alarms["slow-alarm"].threshold == pytest.approx(80_000)
    assert alarms["oldest-upload-alarm"].threshold == 1200
    assert "more than 1200 s" in alarms["oldest-upload-alarm"].description


def test_a_share_is_of_all_outcomes_in_two_of_three_periods():
    alarms = {alarm.part: alarm for alarm in definitions(Settings())}
    failed = alarms["failed-alarm"]
    assert [query.metric for query in failed.queries] == ["Processed", "Rejected", "Failed", ""]
    assert failed.queries[-1].expression == (
        "FILL(failed, 0) / (FILL(processed, 0) + FILL(rejected, 0) + FILL(failed, 0))"
    )
    assert (failed.periods, failed.breaches) == (3, 2)
    assert failed.description == "More than 5% of uploads fail and are tried again."
