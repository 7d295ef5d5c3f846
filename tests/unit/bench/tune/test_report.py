from dataclasses import replace

from bench.tune import report
from tests.support.bench import ROWS, result, row


def test_the_page_has_every_plot_and_a_link():
    html = report.page(result([*ROWS, replace(row(1024, 9, 1), workload="x")]))
    assert html.count("<img") == 2 + 2 + 1
    assert 'href="https://example.com/#x"' in html
    assert ">Power Tuning&#39;s view<" in html
    assert "<p>Kept.</p>" in html
    assert "<td>w</td><td>128</td><td>4000</td>" in html
    assert "bundle: x" in html
    assert "summary" not in html


def test_the_cold_start_is_no_warm_run(monkeypatch):
    drawn = []
    monkeypatch.setattr(report.charts, "strips", lambda samples, **_names: drawn.append(samples))
    report.page(result(ROWS[:2]))
    assert drawn == [{"128": [5.0, 5.0], "512": [5.0, 5.0]}]


def test_a_size_that_did_not_work_is_in_no_plot():
    alone = report.page(result(ROWS[:1]))
    both = report.page(result([*ROWS[:1], row(512, 3, 1, outcome="oom")]))
    assert both.count("<img") == alone.count("<img")
    assert "<img" not in report.page(result([row(128, 10, 1, outcome="oom")]))
