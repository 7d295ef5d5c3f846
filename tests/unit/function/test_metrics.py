"""Log lines that CloudWatch reads metrics out of."""

import pytest

from function.contract import HeldMetric, Metric, ViewMetric
from function.metrics import UNITS, embed


def test_a_line_names_its_own_fields_as_metrics():
    fields = embed("resizer", {"Processed": 1, "TotalTime": 12.5})
    (directive,) = fields["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": "ImagePipeline",
        "Dimensions": [["FunctionName"]],
        "Metrics": [
            {"Name": "Processed", "Unit": "Count"},
            {"Name": "TotalTime", "Unit": "Milliseconds"},
        ],
    }
    assert (fields["Processed"], fields["TotalTime"]) == (1, 12.5)
    assert fields["FunctionName"] == "resizer"
    assert fields["_aws"]["Timestamp"] > 1_700_000_000_000


def test_rejections_are_counted_by_reason_as_well():
    fields = embed("resizer", {"Rejected": 1}, "not_an_image")
    _all, by_reason = fields["_aws"]["CloudWatchMetrics"]
    assert by_reason["Dimensions"] == [["FunctionName", "Code"]]
    assert [metric["Name"] for metric in by_reason["Metrics"]] == ["Rejected"]
    assert fields["Code"] == "not_an_image"


def test_an_unknown_metric_is_a_mistake():
    with pytest.raises(KeyError):
        embed("resizer", {"Speed": 1})


def test_every_metric_has_a_unit_of_cloudwatchs_own():
    assert set(UNITS) == {*Metric, *ViewMetric, *HeldMetric}
    assert UNITS[ViewMetric.FIRST_VIEW_TIME] == UNITS[Metric.TOTAL_TIME] == "Milliseconds"
    assert set(UNITS.values()) <= {"Count", "Bytes", "Milliseconds", "Seconds"}
