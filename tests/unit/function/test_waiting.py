"""The half-hourly look at what waits for a moderator."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from function.contract import METRIC_NAMESPACE
from function.contract.keys import DECISIONS, decision_key, held_key, look_key
from function.contract.messages import MEASURE_HELD, s3_event
from function.events import parse_message
from function.storage.bucket import Headers
from function.waiting import Waiting, asks_to_measure

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
HEADERS = Headers("application/json", "private", "01")


def measured(destination, caplog, **how):
    waiting = Waiting(destination, "resizer", publishes_metrics=how.pop("publishes", True))
    with caplog.at_level(logging.INFO):
        waiting.replace(now=lambda: NOON).measure()
    return vars(caplog.records[-1])


def put(destination, key, hours):
    destination.put(key, b"{}", HEADERS)
    destination.written[key] = NOON - timedelta(hours=hours)


def test_nothing_that_waits_is_told_as_zero(destination, caplog):
    line = measured(destination, caplog)
    assert (line["message"], line["Waiting"], line["OldestWaiting"]) == ("waiting", 0, 0)
    assert line["is_all"] is True


def test_uploads_are_counted_by_their_records_and_decisions_are_not(destination, caplog):
    for name, hours in (("b", 2), ("a", 5), ("c", 1)):
        put(destination, look_key(name, "1"), hours + 9)
        put(destination, held_key(name, "1"), hours)
    put(destination, decision_key("a", "0"), 99)
    assert any(key.startswith(DECISIONS) for key in destination.objects)
    line = measured(destination, caplog)
    assert (line["Waiting"], line["OldestWaiting"], line["is_all"]) == (3, 5 * 3600, True)


def test_a_clock_that_is_behind_makes_no_negative_wait(destination, caplog):
    put(destination, held_key("a", "1"), -1)
    assert measured(destination, caplog)["OldestWaiting"] == 0


def test_the_figures_are_metrics_of_the_function(destination, caplog):
    line = measured(destination, caplog)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": METRIC_NAMESPACE,
        "Dimensions": [["FunctionName"]],
        "Metrics": [
            {"Name": "Waiting", "Unit": "Count"},
            {"Name": "OldestWaiting", "Unit": "Seconds"},
        ],
    }
    assert line["FunctionName"] == "resizer"


def test_without_metrics_they_are_in_the_log_alone(destination, caplog):
    line = measured(destination, caplog, publishes=False)
    assert line["Waiting"] == 0
    assert "_aws" not in line


@pytest.mark.parametrize(("count", "is_all"), [(9_999, True), (10_000, False)])
def test_ten_thousand_objects_are_looked_at(destination, caplog, count, is_all):
    for number in range(count):
        destination.objects[f"_index/moderation/held/{number:05}.json"] = b""
    destination.written = dict.fromkeys(destination.objects, NOON)
    line = measured(destination, caplog)
    assert (line["Waiting"], line["is_all"]) == (count, is_all)


@pytest.mark.parametrize(
    ("body", "is_it"),
    [
        (MEASURE_HELD, True),
        (json.dumps(json.loads(MEASURE_HELD), indent=2), True),
        (s3_event("b", "uploads/a", length=1, etag="e", sequencer="1"), False),
        ('{"Records": []}', False),
        ("not JSON", False),
    ],
)
def test_one_message_asks_for_it(body, is_it):
    assert asks_to_measure(body) is is_it


def test_a_function_that_does_not_know_the_message_ignores_it():
    assert parse_message(MEASURE_HELD, "m1") == []
