"""The dashboard watches what is there."""

import json
import time

import pytest

from function.contract import METRIC_NAMESPACE, Metric, StackOutput
from function.metrics import embed
from local.embedded_metrics import extract
from tests.infra.engine import Program, evaluated


def graphs(program: Program) -> dict[str, dict]:
    body = json.loads(program.one("Dashboard").inputs["dashboardBody"])
    return {widget["properties"]["title"]: widget for widget in body["widgets"]}


@pytest.mark.parametrize("stack", ["dev", "local", "prod"])
def test_dashboard_watches_the_stacks_own_resources(stack):
    program = evaluated(stack, monitoring="full")
    metrics = [m for g in graphs(program).values() for m in g["properties"]["metrics"]]
    function = program.outputs["functionName"]
    assert {metric[3] for metric in metrics if len(metric) > 1} == {
        f"{program.one('Queue', '-uploads').name}-1234567",
        f"{program.one('Queue', '-dead-letters').name}-1234567",
        function,
    }
    (search,) = [metric[0]["expression"] for metric in metrics if len(metric) == 1]
    assert search == (
        'SEARCH(\'{ImagePipeline,FunctionName,Code} MetricName="Rejected" '
        f"FunctionName=\"{function}\"', 'Sum', 60)"
    )


def test_graphs_and_alarms_ask_for_metrics_that_the_functions_log_makes():
    program = evaluated("dev", monitoring="full", duplicates="exact")
    function = program.outputs[StackOutput.FUNCTION_NAME]
    line = json.dumps(embed(function, dict.fromkeys(Metric, 1), "broken_image"))
    made = {
        (datum.namespace, datum.name, *sorted(datum.dimensions.items()))
        for datum in extract(line, time.time())
    }
    shown = [m for g in graphs(program).values() for m in g["properties"]["metrics"]]
    asked = {(m[0], m[1], (m[2], m[3])) for m in shown if m[0] == METRIC_NAMESPACE}
    assert asked == {(METRIC_NAMESPACE, metric, ("FunctionName", function)) for metric in Metric}
    for alarm in program.all("MetricAlarm"):
        metrics = [query.get("metric") or {} for query in alarm.inputs["metricQueries"]]
        asked |= {
            (metric["namespace"], metric["metricName"], *sorted(metric["dimensions"].items()))
            for metric in metrics
            if metric.get("namespace") == METRIC_NAMESPACE
        }
    by_code = (METRIC_NAMESPACE, "Rejected", ("Code", "broken_image"), ("FunctionName", function))
    assert made == asked | {by_code}  # which the graph by code searches for
