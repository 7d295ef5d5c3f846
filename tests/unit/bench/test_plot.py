import re

import pytest

from bench import plot


def circles(svg):
    found = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    return [(float(x), float(y)) for x, y in found]


def test_points_lie_inside_and_in_order():
    svg = plot.lines({"a": [(128, 4000), (1024, 600), (3008, 400)]}, x="MB", y="ms")
    places = circles(svg)
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert [y for _, y in places] == sorted(y for _, y in places)
    assert all(0 <= x <= plot._WIDTH and 0 <= y <= plot._HEIGHT for x, y in places)


def test_one_value_alone_is_drawn():
    assert len(circles(plot.lines({"a": [(128, 7)]}, x="MB", y="ms"))) == 1


def test_equal_ends_have_labels_apart():
    svg = plot.lines({"a": [(1, 5), (2, 5)], "b": [(1, 5), (2, 5)]}, x="", y="")
    places = [float(y) for y in re.findall(r'y="([\d.]+)" fill="#\w+">[ab]<', svg)]
    assert abs(places[0] - places[1]) >= 15


@pytest.mark.parametrize("values", [[5.0], [1.0, 2.0, 3.0], [7.0, 7.0]])
def test_strips_show_each_sample_and_the_median(values):
    svg = plot.strips({"1024": values}, x="MB", y="ms")
    assert len(circles(svg)) == len(values)
    assert f">{sorted(values)[len(values) // 2]:,.0f}</text>" in svg


def test_nothing_to_draw_is_no_plot():
    assert plot.strips({}, x="", y="") == ""
    assert plot.course({"a": []}, x="", y="") == ""
    assert plot.decline({"a": [(1, 0.1)]}, x="", y="") == ""


def test_large_numbers_are_written_out():
    assert "1,000,000" in plot.decline({"a": [(1, 10), (50, 900_000)]}, x="", y="")
    assert "e+" not in plot.course({"a": [(0, 0), (2_000_000, 3_000_000)]}, x="", y="")


def test_names_are_escaped():
    assert "<b>" not in plot.lines({"<b>": [(1, 1)]}, x="<b>", y="<b>")
