import pytest

from bench import bill

LAMBDA = {"usd": 0.00001667, "free": 400_000}
REQUESTS = {"usd": 0.0000002, "free": 1_000_000}


@pytest.mark.parametrize(
    ("memory_mb", "invocations", "seconds", "compute", "requests"),
    [(512, 3e6, 1.0, 18.34, 0.40), (128, 30e6, 0.2, 5.83, 5.80)],
)
def test_aws_lambda_pricing_page(memory_mb, invocations, seconds, compute, requests):
    """Examples 1 and 2 of AWS's Lambda pricing page, at the price that the page states."""
    usage = bill.Usage(memory_mb=memory_mb, billed_ms=seconds * 1000, cold_share=0)
    used = bill.quantities(invocations, usage)
    gb_s = sum(used["lambda_gb_s_arm64"])
    assert round(bill.charge(LAMBDA, gb_s, free_tier=True), 2) == compute
    asked = sum(used["lambda_requests"])
    assert round(bill.charge(REQUESTS, asked, free_tier=True), 2) == requests


def test_s3_express_example_of_the_s3_faq():
    """Example 1 of the S3 FAQ on Express One Zone: $1.10 storage, $1.13 PUT, $0.27 GET."""
    usage = bill.Usage(puts=1, gets=9, upload_mb=0.01, output_mb=0)
    used = bill.quantities(1e6, usage)
    prices = {"s3_gb_month": 0.11, "s3_puts": 0.00113 / 1000, "s3_gets": 0.00003 / 1000}
    charged = {
        name: round(bill.charge({"usd": usd, "free": 0}, sum(used[name]), free_tier=False), 2)
        for name, usd in prices.items()
    }
    assert charged == {"s3_gb_month": 1.10, "s3_puts": 1.13, "s3_gets": 0.27}


def test_every_price_has_a_source_and_every_quantity_a_price():
    lines = bill.load("us-east-1")["lines"]
    assert all(line["source"].startswith("https://aws.amazon.com/") for line in lines.values())
    assert set(bill.quantities(1, bill.Usage())) <= set(lines)


def test_the_parts_of_a_line_add_up():
    prices = bill.load("us-east-1")
    lines = bill.bill(1e6, bill.Usage(), prices, architecture="x86_64")
    expected = 1e6 * (0.7 + 0.01 * 0.23) * 0.0000166667
    assert lines["compute"] + lines["compute_init"] == pytest.approx(expected)
    assert bill.dominant(lines) == "s3_gb_month"


def test_an_unknown_region_is_misuse():
    with pytest.raises(bill.UsageError, match="us-east-1"):
        bill.load("mars-1")
