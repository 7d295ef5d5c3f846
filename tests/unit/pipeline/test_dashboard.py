"""The dashboard: what it shows, where, and with which limits."""

import pytest

from function.contract import METRIC_NAMESPACE, Metric
from function.engine.renditions import Rendition
from pipeline.alarm_definitions import definitions
from pipeline.dashboard import dashboard_body
from pipeline.settings import Settings

NAMES = {"region": "eu-central-1", "queue": "q", "dead_letters": "d", "function": "f"}


THUMB = Rendition(name="thumb", width=9, height=9, formats=("jpeg",))
FORMATS = THUMB.replace(lazy_formats=("avif",))


def graphs(
    *, has_duplicates: bool = False, max_concurrency: int = 10, views: str = "", formats: str = ""
) -> dict[str, dict]:
    settings = Settings(timeout=60, delivery="cdn", renditions=(FORMATS,) if formats else (THUMB,))
    limits = {alarm.part: alarm.threshold for alarm in definitions(settings)}
    body = dashboard_body(
        limits=limits,
        max_concurrency=max_concurrency,
        has_duplicates=has_duplicates,
        view_concurrency=4,
        views=views,
        formats=formats,
        format_queue="w",
        **NAMES,
    )
    return {widget["properties"]["title"]: widget for widget in body["widgets"]}


@pytest.mark.parametrize(
    ("has_duplicates", "absent"), [(False, {Metric.DUPLICATES}), (True, set())]
)
def test_it_shows_every_metric_of_the_function(has_duplicates, absent):
    shown = [
        metric[1]
        for graph in graphs(has_duplicates=has_duplicates).values()
        for metric in graph["properties"]["metrics"]
        if metric[0] == METRIC_NAMESPACE
    ]
    assert set(shown) == set(Metric) - absent


def test_it_reads_top_to_bottom_in_two_columns():
    places = [(g["x"], g["y"], g["width"], g["height"]) for g in graphs().values()]
    assert places == [(x, 6 * row, 12, 6) for row in range(6) for x in (0, 12)]
    assert next(iter(graphs())) == "Uploads by outcome"


def test_it_draws_the_alarms_thresholds():
    drawn = {
        title: graph["properties"]["annotations"]["horizontal"][0]
        for title, graph in graphs(max_concurrency=7).items()
        if "annotations" in graph["properties"]
    }
    assert {title: line["value"] for title, line in drawn.items()} == {
        "Oldest upload (s)": 720,
        "Dead letters": 0,
        "One batch, p95 (ms)": 48_000,
        "Concurrent invocations": 7,
    }
    assert {line["label"] for line in drawn.values()} == {"limit"}


def test_first_views_have_graphs_of_aws_s_own_metrics_below_the_others():
    more = {title: graph for title, graph in graphs(views="v").items() if title not in graphs()}
    shown = {
        title: [metric[:4] for metric in graph["properties"]["metrics"]]
        for title, graph in more.items()
    }
    metrics = {
        "First views": ["UrlRequestCount", "Url4xxCount", "Url5xxCount"],
        "One first view (ms)": ["Duration"] * 3,
        "Errors and throttles of first views": ["Errors", "Throttles"],
        "First views at once": ["ConcurrentExecutions"],
    }
    assert shown == {
        title: [["AWS/Lambda", name, "FunctionName", "v"] for name in names]
        for title, names in metrics.items()
    }
    percentiles = more["One first view (ms)"]["properties"]["metrics"]
    assert [metric[4]["stat"] for metric in percentiles] == ["p50", "p95", "p99"]
    at_once = more["First views at once"]["properties"]
    assert (at_once["stat"], at_once["annotations"]["horizontal"][0]["value"]) == ("Maximum", 4)
    places = [(graph["x"], graph["y"]) for graph in more.values()]
    assert places == [(0, 36), (12, 36), (0, 42), (12, 42)]
    assert {graph["properties"]["region"] for graph in more.values()} == {"eu-central-1"}


def test_lazy_formats_have_two_graphs():
    before = graphs(views="v")
    more = {
        title: graph["properties"]
        for title, graph in graphs(views="v", formats="l").items()
        if title not in before
    }
    shown = {title: [metric[:4] for metric in each["metrics"]] for title, each in more.items()}
    assert shown == {
        "Lazy formats made, and errors": [
            ["AWS/Lambda", name, "FunctionName", "l"] for name in ("Invocations", "Errors")
        ],
        "Oldest lazy format (s)": [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", "w"]],
    }
    limit = more["Oldest lazy format (s)"]["annotations"]["horizontal"][0]["value"]
    assert limit == 3600


def test_without_a_ceiling_of_invocations_there_is_no_line():
    properties = graphs(max_concurrency=0)["Concurrent invocations"]["properties"]
    assert "annotations" not in properties


def test_a_graph_is_as_cloudwatch_reads_it():
    assert graphs()["Mean time by step (ms)"] == {
        "type": "metric",
        "x": 12,
        "y": 18,
        "width": 12,
        "height": 6,
        "properties": {
            "title": "Mean time by step (ms)",
            "region": "eu-central-1",
            "stat": "Average",
            "period": 60,
            "view": "timeSeries",
            "stacked": True,
            "metrics": [
                [METRIC_NAMESPACE, f"{step}Time", "FunctionName", "f"]
                for step in ("Fetch", "Decode", "Render", "Store")
            ],
            "yAxis": {"left": {"min": 0}},
        },
    }
