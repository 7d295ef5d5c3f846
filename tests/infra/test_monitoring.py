"""The dashboard watches what is there."""

import json

from tests.infra.engine import Program


def graphs(program: Program) -> dict[str, dict]:
    body = json.loads(program.one("Dashboard").inputs["dashboardBody"])
    return {widget["properties"]["title"]: widget for widget in body["widgets"]}


def test_dashboard_watches_the_stacks_own_resources(program):
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
