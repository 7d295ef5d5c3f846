"""The doctor's findings about the engine, by the metrics of the last day."""

import pytest

from ops.engine import unanswered, workers
from ops.stack import Stack
from tests.support.aws_client import aws_client
from tests.support.ops import OUTPUTS


def stack(*, publishes="true", **sums):
    """A stack whose CloudWatch has these sums, each in two datapoints."""

    def statistics(**query):
        assert query["Dimensions"] == [{"Name": "FunctionName", "Value": OUTPUTS["functionName"]}]
        assert query["Namespace"] == ("AWS/Lambda" if query["MetricName"] == "Errors" else OWN)
        assert (query["EndTime"] - query["StartTime"]).days == 1
        total = sums.get(query["MetricName"], 0)
        points = [{"Sum": 1.0}, {"Sum": total - 1.0}] if total else []
        return {"Datapoints": points}

    def configuration(**query):
        assert query == {"FunctionName": OUTPUTS["functionName"]}
        return {"Environment": {"Variables": {"PUBLISH_METRICS": publishes}}}

    clients = {
        "cloudwatch": aws_client("cloudwatch", get_metric_statistics=statistics),
        "lambda": aws_client("lambda", get_function_configuration=configuration),
    }
    return Stack(outputs=OUTPUTS, client=clients.__getitem__)


OWN = "ImagePipeline"


def test_a_quiet_day_is_well():
    assert workers(stack()).level == unanswered(stack()).level == "ok"
    assert "0 uploads stopped" in workers(stack()).detail


def test_hostile_uploads_are_told_and_are_no_trouble():
    finding = workers(stack(Stopped=7, WorkersReplaced=9))
    assert finding.level == "ok"
    assert "7 uploads stopped by their budget, 9 workers replaced" in finding.detail


def test_a_decoders_fault_is():
    finding = workers(stack(DecoderBugs=2))
    assert (finding.level, "2 faults of decoders" in finding.detail) == ("warn", True)
    assert "redrive" in finding.fix


@pytest.mark.parametrize("errors", [1, 30])
def test_so_is_an_invocation_that_never_answered(errors):
    finding = unanswered(stack(Errors=errors))
    assert finding.level == "warn"
    told = "1 invocation" if errors == 1 else "30 invocations"
    assert finding.detail == f"in 24 h {told} ended without an answer"


def test_a_stack_without_metrics_has_them_in_its_log():
    finding = workers(stack(publishes="false", DecoderBugs=2))
    assert finding.level == "ok"
    assert "the stack has no metrics; look for Stopped, WorkersReplaced" in finding.detail
