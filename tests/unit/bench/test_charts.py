"""Charts: what is drawn, where, and always the same."""

import re
import xml.etree.ElementTree as ET

import pytest

from bench import charts

SERIES = {"a": [(128, 4000), (1024, 600), (3008, 400)], "b": [(128, 40), (1024, 6), (3008, 7)]}


def texts(chart) -> list[str]:
    found = ET.fromstring(chart.svg).iter("{http://www.w3.org/2000/svg}text")
    return ["".join(each.itertext()) for each in found]


def marks(chart) -> list[tuple[float, float]]:
    found = re.findall(rb'<use xlink:href="#\w+" x="([\d.]+)" y="([\d.]+)" style="fill', chart.svg)
    return [(float(x), float(y)) for x, y in found]


def test_marks_lie_in_the_order_of_their_values():
    chart = charts.lines({"a": SERIES["a"]}, x="MB", y="ms")
    *places, _legend = marks(chart)
    assert len(places) == 3
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert [y for _, y in places] == sorted(y for _, y in places)


def test_a_chart_says_what_it_shows():
    chart = charts.lines(SERIES, x="memory, MB", y="p95, ms")
    assert (chart.title, chart.x) == ("p95, ms", "memory, MB")
    shown = texts(chart)
    assert {"memory, MB", "128", "1,024", "3,008", "5", "5,000"} <= set(shown)
    assert shown.index("a") < shown.index("b")  # the higher line first
    assert chart.uri.startswith("data:image/svg+xml;base64,")


def test_equal_figures_give_equal_bytes():
    first, second = (charts.lines(SERIES, x="MB", y="ms").svg for _ in range(2))
    assert first == second
    assert b"date" not in first
    assert b"Matplotlib" not in first


def test_values_of_0_are_left_out_of_logarithmic_axes():
    _place, _legend = marks(charts.lines({"a": [(1, 0), (2, 5)], "b": [(1, 0)]}, x="", y=""))
    assert charts.lines({"a": [(1, 0)]}, x="", y="") is None


@pytest.mark.parametrize(
    ("values", "marks"),
    [
        ((0.007, 0.015), {"0.005", "0.01", "0.02"}),
        ((60, 512), {"50", "100", "200", "500", "1,000"}),
        ((7, 7), {"5", "10"}),
        ((1, 1000), {"1", "1,000"}),
        ((0.0007, 6), {"0.0005", "0.001", "10"}),
    ],
)
def test_a_range_lies_between_two_marks(values, marks):
    shown = set(texts(charts.lines({"a": list(enumerate(values, 1))}, x="", y="")))
    assert marks <= shown


def test_a_wide_range_is_marked_at_powers_of_ten_alone():
    wide = texts(charts.lines({"a": [(1, 1), (2, 100_000)]}, x="", y=""))
    narrow = texts(charts.lines({"a": [(1, 1), (2, 10_000)]}, x="", y=""))
    assert ("50" in wide, "50" in narrow) == (False, True)
    assert "10,000" in wide


@pytest.mark.parametrize("values", [[5.0], [1.0, 2.0, 3.5], [7.0, 7.0]])
def test_strips_show_each_sample_and_the_median(values):
    chart = charts.strips({"1024": values, "empty": []}, x="MB", y="ms")
    assert len(marks(chart)) == len(values)
    assert charts.number(sorted(values)[len(values) // 2]) in texts(chart)
    assert "1024" in texts(chart)
    assert "empty" not in texts(chart)


def test_nothing_to_draw_is_no_chart():
    assert charts.strips({"a": []}, x="", y="") is None
    assert charts.course({"a": []}, x="", y="") is None
    assert charts.decline({"a": [(1, 0.1)]}, x="", y="") is None


def test_a_course_begins_at_0():
    shown = texts(
        charts.course({"a": [(1_000_000, 2_000_000), (2_000_000, 3_000_000)]}, x="", y="")
    )
    assert shown.count("0") == 2
    assert "3,000,000" in shown


def test_a_decline_begins_at_1():
    shown = texts(charts.decline({"a": [(0.1, 5), (1, 10), (50, 900_000)]}, x="", y=""))
    assert "0.1" not in shown
    assert {"1", "10"} <= set(shown)


def test_names_are_escaped():
    chart = charts.lines({"<b>": [(1, 1), (2, 2)]}, x="<b>", y="<b>")
    assert texts(chart).count("<b>") == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(12_000, "12,000"), (10, "10"), (9.876, "9.88"), (0, "0"), (0.0012, "0.0012")],
)
def test_numbers_are_written_out(value, text):
    assert charts.number(value) == text


def test_shares_are_drawn_from_0_over_an_axis_with_round_marks():
    chart = charts.shares({"a": [(3, 0.5), (70, 1.0)], "b": [(20, 0.75)]}, x="ms", y="share")
    shown = set(texts(chart))
    assert {"2", "5", "10", "20", "50", "100", "0", "0.2", "1"} <= shown
    assert not {"3", "70", "0.5"} & shown
    low, high, middle, *_legend = marks(chart)
    assert low[0] < middle[0] < high[0]
    assert 2 * middle[1] == pytest.approx(low[1] + high[1], abs=0.1)
    assert charts.shares({"a": []}, x="", y="") is None


def test_a_histogram_counts_each_half_unit_and_marks_what_is_near():
    chart = charts.histogram(
        {"a": [0.1, 0.2, 5.4], "b": [-2.9], "none": []}, x="points", y="outcomes", within=3
    )
    assert (chart.title, chart.x) == ("outcomes", "points")
    shown = texts(chart)
    assert {"a", "b", "points", "outcomes"} <= set(shown)
    assert "none" not in shown
    bars = re.findall(rb'<path d="M [\d.]+ [\d.]+ \nL [\d.]+ [\d.]+ \nL [^"]*z\n" clip', chart.svg)
    assert len(bars) == 2 * 18  # of both names, from -3 to 6
    assert chart.svg.count(b"stroke-dasharray") == 2
    assert charts.histogram({"none": []}, x="", y="", within=3) is None
