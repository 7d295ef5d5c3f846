import json
from pathlib import Path

import pytest

from bench.__main__ import main
from bench.cost.command import SCALES, Options, calculate

ROOT = Path(__file__).parents[4]
DOCS = ("README.md", "docs/tune.md")


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
    assert page.count("<img") == 2
    assert "100,000,000" in page
    assert "<td>processing, together</td>" in page
    assert "lambda_requests: https://aws.amazon.com/lambda/pricing/" in page


def test_the_report_adds_up(tmp_path, capsys):
    path = tmp_path / "cost.json"
    main(["cost", "--images", "5000", "--views", "2", "--free-tier", "--json", str(path)])
    found = json.loads(path.read_text())
    assert found["total_usd"] == pytest.approx(sum(found["lines"].values()))
    assert found["total_usd"] == pytest.approx(sum(found["subtotals"].values()))
    assert found["usd_per_1000"] == pytest.approx(found["total_usd"] / 5)
    assert (found["free_tier"], found["usage"]["views"], found["prices_date"]) == (
        *(True, 2, "2026-11-23"),
    )
    assert [at["images"] for at in found["scales"]] == list(SCALES)
    assert f"{found['total_usd']:,.4f}" in capsys.readouterr().out


def test_the_largest_line_is_named_from_the_number_of_images_on_at_which_it_is(capsys):
    main(["cost"])
    out = " ".join(capsys.readouterr().out.split())
    assert "Largest line: metrics from 1,000 images, then s3 gb month from" in out


@pytest.mark.parametrize(
    "option",
    [
        *(["--images", "0"], ["--ms", "0"], ["--memory", "0"], ["--views", "-1"]),
        *(["--region", "mars"], ["--architecture", "mips"]),
    ],
)
def test_misuse(option):
    assert main(["cost", *option]) == 2


def test_the_docs_have_the_bills_figures():
    """Each as ``bench cost --images 1000`` prints it, and the whole at 100,000 images."""
    full, free = (calculate(Options(images=1000, free_tier=free)) for free in (False, True))
    large = calculate(Options(images=100_000))
    monitoring = full.subtotals["monitoring"]
    kept = full.subtotals["processing"] + full.subtotals["storage"]
    readme, tune = (" ".join((ROOT / name).read_text().split()) for name in DOCS)
    for sentence in (
        f"1,000 images a month cost ${kept:.2f} for processing and storage",
        f"Monitoring is ${monitoring:.2f} besides",
        f"free tier everything together is ${free.total_usd:.2f}.",
        f"At 100,000 images the whole is ${large.usd_per_1000:.2f} per 1,000",
    ):
        assert sentence in readme
    for sentence in (
        f"S3 requests are ${full.subtotals['processing']:.2f}",
        f"a month's storage ${full.subtotals['storage']:.2f}",
        f"a subtotal of its own, ${monitoring:.2f},",
        (
            f"the whole is ${free.total_usd:.2f}, of which monitoring "
            f"${free.subtotals['monitoring']:.2f}."
        ),
    ):
        assert sentence in tune
