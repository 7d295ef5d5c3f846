"""Metrics in lines of a log: "Specification: Embedded metric format" (CloudWatch user guide)."""

import json

import pytest

from local.embedded_metrics import Datum, Invalid, extract

NOW = 1_800_000_000.0
DAY = 86_400


def document(**changes):
    """A document of one directive, with changes to its directive, metadata (``_``) or targets."""
    directive = {
        "Namespace": "N",
        "Dimensions": [["Name"]],
        "Metrics": [{"Name": "Size", "Unit": "Bytes"}],
    }
    metadata = {"Timestamp": NOW * 1000, "CloudWatchMetrics": [directive]}
    root = {"_aws": metadata, "Name": "f", "Size": 7}
    for name, value in changes.items():
        place = directive if name in directive else metadata if name in metadata else root
        place[name] = value
    return json.dumps(root)


def test_each_metric_has_its_unit_time_and_dimensions():
    assert extract(document(Timestamp=(NOW - 5) * 1000), NOW) == [
        Datum(
            namespace="N",
            name="Size",
            unit="Bytes",
            dimensions={"Name": "f"},
            values=(7,),
            timestamp=NOW - 5,
        )
    ]


def test_each_set_of_dimensions_makes_a_metric_of_its_own_and_may_be_empty():
    found = extract(document(Dimensions=[["Name"], ["Name", "Code"], []], Code="broken"), NOW)
    assert [datum.dimensions for datum in found] == [
        {"Name": "f"},
        {"Name": "f", "Code": "broken"},
        {},
    ]


def test_a_metric_may_have_several_values_and_no_unit():
    (datum,) = extract(document(Metrics=[{"Name": "Size"}], Size=[1, 2.5]), NOW)
    assert (datum.values, datum.unit) == ((1, 2.5), "None")


def test_the_limits_themselves_are_within():
    names = [f"D{index}" for index in range(30)]
    more = dict.fromkeys(names, "v" * 1024)
    metrics = [{"Name": "Size"}] * 100
    found = extract(
        document(Dimensions=[names], Metrics=metrics, Size=[1] * 100, Namespace="n" * 255, **more),
        NOW,
    )
    assert len(found) == 100
    for timestamp in (NOW - 14 * DAY, NOW + 7200):
        assert extract(document(Timestamp=timestamp * 1000), NOW)


@pytest.mark.parametrize(
    "line",
    [
        "START RequestId: 1",
        '{"level": "INFO"}',
        "[1]",
        f"said {document()}",
        document().replace('"Size": 7', '"Size": NaN'),
    ],
)
def test_any_other_line_has_no_metrics(line):
    assert extract(line, NOW) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"_aws": {}}, "Timestamp"),
        ({"_aws": []}, "another type"),
        ({"_aws": {"Timestamp": NOW * 1000}}, "CloudWatchMetrics"),
        ({"Timestamp": "now"}, "another type"),
        ({"Timestamp": (NOW - 14 * DAY - 1) * 1000}, "Timestamp"),
        ({"Timestamp": (NOW + 7201) * 1000}, "Timestamp"),
        ({"Namespace": ""}, "a name"),
        ({"Namespace": "n" * 256}, "a name"),
        ({"Dimensions": []}, "Dimensions"),
        ({"Dimensions": ["Name"]}, "an array"),
        ({"Dimensions": [["Other"]]}, "'Other'"),
        ({"Dimensions": [["Name"] * 31]}, "more than 30"),
        ({"Name": 7}, "dimension's value"),
        ({"Name": " "}, "dimension's value"),
        ({"Name": "ü"}, "dimension's value"),
        ({"Name": "v" * 1025}, "dimension's value"),
        ({"Metrics": {}}, "an array"),
        ({"Metrics": [{"Name": "Size"}] * 101}, "more than 100"),
        ({"Metrics": [{"Name": "Absent"}]}, "'Absent'"),
        ({"Metrics": [{"Name": "Size", "Unit": "Byte"}]}, "Unit"),
        ({"Metrics": [{"Unit": "Bytes"}]}, "'Name'"),
        ({"Size": "7"}, "metric's value"),
        ({"Size": True}, "metric's value"),
        ({"Size": [1, None]}, "metric's value"),
        ({"Size": [1] * 101}, "more than 100"),
    ],
)
def test_a_document_that_breaks_the_specification_is_told(changes, told):
    with pytest.raises(Invalid, match=told):
        extract(document(**changes), NOW)


@pytest.mark.parametrize("unit", ["Seconds", "Count/Second", "Terabits/Second", "Percent", "None"])
def test_units(unit):
    (datum,) = extract(document(Metrics=[{"Name": "Size", "Unit": unit}]), NOW)
    assert datum.unit == unit
