"""The dashboard watches what is there."""

import json

import pytest

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
