import pytest

from bench.cost import bill
from terminal import Misuse

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


def test_s3_storage_example_of_the_s3_faq():
    """The S3 FAQ's storage example, which crosses three tiers, as it stood in 2011: $6,602.36.

    (100 GB for 15 days of March and 100 TB for 16: 52,900 GB-months; quoted by filezoomer.com,
    "How does Amazon S3 Calculate Storage Used", 2011-05.) The tiers' prices have changed since.
    """
    byte_hours = 107_374_182_400 * 15 * 24 + 109_951_162_777_600 * 16 * 24
    gb_months = byte_hours / 2**30 / 744
    tiers = [{"up_to": 1024, "usd": 0.140}, {"up_to": 51_200, "usd": 0.125}, {"usd": 0.110}]
    assert round(gb_months) == 52_900
    assert bill.charge({"usd": tiers, "free": 0}, 52_900, free_tier=False) == pytest.approx(6602.36)


def test_traces_are_sampled_as_x_ray_s_default_rule_does():
    """Each of 1,000 a month; at ten a second one, and 5 % of the nine others."""
    assert bill.quantities(1000, bill.Usage())["traces"] == [1000]
    each_second = bill.quantities(10 * bill.MONTH_S, bill.Usage())["traces"][0] / bill.MONTH_S
    assert each_second == pytest.approx(1 + 0.05 * 9)


def test_every_line_is_in_one_group():
    lines = bill.bill(1000, bill.Usage(), bill.load("us-east-1"))
    grouped = [name for names in bill.GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(lines)
    assert sum(bill.subtotals(lines).values()) == pytest.approx(sum(lines.values()))


def test_the_promise_is_kept_before_any_free_tier_and_monitoring_is_seen():
    prices = bill.load("us-east-1")
    full = bill.subtotals(bill.bill(1000, bill.Usage(), prices))
    assert full["processing"] + full["storage"] < bill.PROMISED_USD
    assert full["monitoring"] > bill.PROMISED_USD
    assert sum(bill.bill(1000, bill.Usage(), prices, free_tier=True).values()) < bill.PROMISED_USD


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
    with pytest.raises(Misuse, match="us-east-1"):
        bill.load("mars-1")
