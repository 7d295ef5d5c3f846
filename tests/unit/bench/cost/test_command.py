import pytest

from bench.__main__ import main


def test_arm64_prices_beside_x86_durations_are_called_an_assumption(capsys):
    main(["cost", "--images", "1000"])
    assert "ASSUMPTION: arm64" in capsys.readouterr().out
    main(["cost", "--images", "1000", "--architecture", "x86_64"])
    assert "ASSUMPTION" not in capsys.readouterr().out


def test_the_bill_says_what_the_promise_covers_and_shows_monitoring_apart(capsys):
    main(["cost", "--images", "1000"])
    out = capsys.readouterr().out
    assert "kept for what the promise is about" in out
    assert "monitoring" in out


def test_the_page_plots_each_scale(tmp_path):
    main(["cost", "--html", str(tmp_path / "cost.html")])
    page = (tmp_path / "cost.html").read_text()
    assert page.count("<svg") == 2
    assert "100,000,000" in page


@pytest.mark.parametrize("option", [["--images", "0"], ["--views", "-1"], ["--region", "mars"]])
def test_misuse(option):
    assert main(["cost", *option]) == 2
