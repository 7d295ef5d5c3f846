from dataclasses import replace

from bench.sweep import report
from bench.sweep.results import Unmeasured
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


def heads(rows, unmeasured=()):
    shown = report.table(replace(result(rows), unmeasured=list(unmeasured)))
    return {column.header: list(column.cells) for column in shown.columns}


def test_each_row_says_where_it_was_measured_and_how():
    rows = [row(512, 900, 0.1, measured_on="aws", architecture=a) for a in ("x86_64", "arm64")]
    found = heads(rows)
    assert found["measured on"] == ["aws", "aws"]
    assert found["arch"] == ["x86_64", "arm64"]
    assert {"p50", "p95", "p99", "peak", "USD", "with S3"} <= set(found)
    assert not {"batch", "each", "workload"} & set(found)


def test_a_batch_has_its_time_and_an_image_s():
    found = heads([row(512, 900, 0.1), row(512, 3200, 0.1, batch_size=4)])
    assert found["batch"] == ["1", "4"]
    assert found["p50"] == ["900", "3200"]
    assert "each" not in found
    html = report.page(result([row(512, 900, 0.1), row(512, 3200, 0.1, batch_size=4)]))
    assert "<td>4</td><td>3200</td><td>3200</td><td>3200</td><td>800</td>" in html


def test_an_initialisation_that_is_not_reported_is_no_0():
    none = replace(ROWS[0], init_ms=None)
    assert "<td>-</td><td>1</td><td>60</td>" in report.page(result([none, ROWS[1]]))
    assert "<th>init</th>" not in report.page(result([none]))


def test_an_architecture_without_figures_has_a_row_without_figures():
    none = Unmeasured(
        architecture="arm64", measured_on="embedded AWS", outcome="could not run here", why="x"
    )
    found = heads(ROWS[:1], [none])
    assert found["outcome"] == ["ok", "could not run here"]
    assert found["arch"][1] == "arm64"
    assert {found[name][1] for name in ("MB", "p50", "p99", "peak", "USD")} == {"-"}


def test_series_are_told_apart_in_the_plots(monkeypatch):
    drawn = []
    monkeypatch.setattr(report.charts, "lines", lambda series, **_names: drawn.append(series))
    rows = [
        row(mb, 9, 1, architecture=a, batch_size=b)
        for a in ("x86_64", "arm64")
        for b in (1, 4)
        for mb in (128, 512)
    ]
    report.page(result(rows))
    assert drawn[0]["arm64, batch of 4"] == [(128, 9), (512, 9)]
    assert len(drawn[0]) == 4


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
