import pytest

from bench.cost.prices import load
from bench.sandbox import Report
from bench.sweep.results import Samples, Setup, Stored
from bench.sweep.summary import spent, summarise

PRICES = load("us-east-1")


def report(ms, billed_ms=None, init_ms=None, outcome="ok"):
    return Report(
        outcome=outcome, duration_ms=ms, init_ms=init_ms, billed_ms=billed_ms or ms,
        max_memory_mb=90.0, cpu_ms=0.0,
    )  # fmt: skip


def case(*reports, architecture="x86_64", batch_size=1):
    setup = Setup(memory_mb=1024, architecture=architecture, batch_size=batch_size)
    stored = Stored(images=10, uploaded_bytes=42_000_000, made_bytes=8_000_000, objects=100)
    return Samples(workload="w", sha256="0", setup=setup, reports=list(reports), stored=[stored])


COLD = report(900, billed_ms=1100, init_ms=200)


def test_percentiles_are_of_the_warm_runs():
    row = summarise(case(COLD, *map(report, range(100, 201))), PRICES, "aws")
    assert (row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms) == (150, 190, 195, 199)
    assert (row.init_ms, row.cold_ms, row.samples, row.measured_on) == (200, 1100, 101, "aws")


def test_costs_are_those_of_a_thousand_images_line_by_line():
    """By hand: 500 GB-s, 1,000 invocations, 3,000 requests to the queue; 10 PUTs, 2 GETs, 5 MB."""
    row = summarise(case(COLD, report(500), report(500)), PRICES, "aws")
    assert row.costs == pytest.approx(
        {
            "compute": 500 * 0.0000166667,
            "compute_first_views": 0,
            "lambda_requests": 0.0002,
            "sqs_requests": 3000 * 0.4 / 1e6,
            "s3_puts": 10_000 * 0.005 / 1000,
            "s3_gets": 2000 * 0.0004 / 1000,
            "s3_gb_month": 5 * 0.023,
        },
        abs=1e-6,
    )
    assert row.usd_per_1000 == pytest.approx(0.008333 + 0.0002 + 0.0012, abs=1e-5)
    assert row.total_usd_per_1000 == pytest.approx(sum(row.costs.values()), abs=1e-5)


def test_first_views_cost_what_they_add_to_their_uploads_bill():
    """By hand: 300 GB-s, 1,000 invocations, 1 PUT and 5 GETs each, and what they made."""
    setup = Setup(memory_mb=1024, architecture="x86_64")
    stored = Stored(images=1, uploaded_bytes=0, made_bytes=200_000, objects=1)
    views = Samples(
        workload="w large.jpg", sha256="0", setup=setup, reports=[COLD, report(300)],
        stored=[stored, stored], first_view="large.jpg",
    )  # fmt: skip
    row = summarise(views, PRICES, "sandbox")
    assert row.first_view == "large.jpg"
    assert row.costs == pytest.approx(
        {
            "compute": 0,
            "compute_first_views": 300 * 0.0000166667,
            "lambda_requests": 0.0002,
            "sqs_requests": 0,
            "s3_puts": 0.005,
            "s3_gets": 5000 * 0.0004 / 1000,
            "s3_gb_month": 0.2 * 0.023,
        },
        abs=1e-6,
    )
    assert row.usd_per_1000 == pytest.approx(0.005 + 0.0002, abs=1e-5)


def test_a_batch_shares_its_invocation():
    one = summarise(case(COLD, report(500)), PRICES, "aws").costs
    four = summarise(case(COLD, report(2000), batch_size=4), PRICES, "aws").costs
    assert four["compute"] == one["compute"]
    assert four["lambda_requests"] == one["lambda_requests"] / 4
    assert four["sqs_requests"] == pytest.approx(1500 * 0.4 / 1e6)
    assert four["s3_puts"] == one["s3_puts"]


def test_each_architecture_has_its_price():
    arm64 = summarise(case(COLD, report(500), architecture="arm64"), PRICES, "aws")
    assert arm64.costs["compute"] == pytest.approx(500 * 0.0000133334, abs=1e-6)


def test_the_last_run_decides_the_outcome():
    assert summarise(case(COLD), PRICES, "aws").outcome == "cold only"
    assert summarise(case(COLD, report(9, outcome="oom")), PRICES, "aws").outcome == "oom"
    assert summarise(case(report(9, outcome="timeout")), PRICES, "aws").outcome == "timeout"


def test_what_a_measurement_cost_counts_its_uploads_without_their_storage():
    """Ten images: a hundredth of a thousand's, apart from the month of storage."""
    one = summarise(case(COLD, report(500)), PRICES, "aws").costs
    a_thousand = sum(usd for name, usd in one.items() if name != "s3_gb_month")
    assert spent([case(COLD, report(500))] * 2, PRICES) == pytest.approx(
        2 * a_thousand / 100, abs=1e-6
    )
