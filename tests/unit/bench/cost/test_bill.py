import pytest

from bench.cost import bill
from terminal import Misuse

LAMBDA = bill.Price(usd=0.00001667, free=400_000, source="")
REQUESTS = bill.Price(usd=0.0000002, free=1_000_000, source="")


@pytest.mark.parametrize(
    ("memory_mb", "invocations", "seconds", "compute", "requests"),
    [(512, 3e6, 1.0, 18.34, 0.40), (128, 30e6, 0.2, 5.83, 5.80)],
)
def test_aws_lambda_pricing_page(memory_mb, invocations, seconds, compute, requests):
    """Examples 1 and 2 of AWS's Lambda pricing page, at the price that the page states."""
    usage = bill.Usage(memory_mb=memory_mb, billed_ms=seconds * 1000, cold_share=0)
    used = bill.quantities(invocations, usage)
    gb_s = used["compute"] + used["compute_init"]
    assert round(LAMBDA.charge(gb_s, free_tier=True), 2) == compute
    assert round(REQUESTS.charge(used["lambda_requests"], free_tier=True), 2) == requests


def test_s3_express_example_of_the_s3_faq():
    """Example 1 of the S3 FAQ on Express One Zone: $1.10 storage, $1.13 PUT, $0.27 GET."""
    usage = bill.Usage(puts=1, gets=9, upload_mb=0.01, output_mb=0)
    used = bill.quantities(1e6, usage)
    prices = {"s3_gb_month": 0.11, "s3_puts": 0.00113 / 1000, "s3_gets": 0.00003 / 1000}
    charged = {
        name: round(bill.Price(usd=usd, free=0, source="").charge(used[name]), 2)
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
    price = bill.Price(usd=tiers, free=0, source="")
    assert price.charge(52_900) == pytest.approx(6602.36)


def test_traces_are_sampled_as_x_ray_s_default_rule_does():
    """Each of 1,000 a month; at ten a second one, and 5 % of the nine others."""
    assert bill.quantities(1000, bill.Usage())["traces"] == 1000
    each_second = bill.quantities(10 * bill.MONTH_S, bill.Usage())["traces"] / bill.MONTH_S
    assert each_second == pytest.approx(1 + 0.05 * 9)


def test_every_line_is_in_one_group():
    month = bill.bill(1000, bill.Usage(), bill.load("us-east-1"))
    grouped = [name for names in bill.GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(month.lines)
    assert sum(month.subtotals.values()) == pytest.approx(month.total_usd)


def test_the_promise_is_kept_before_any_free_tier_and_monitoring_is_seen():
    prices = bill.load("us-east-1")
    full = bill.bill(1000, bill.Usage(), prices).subtotals
    assert full["processing"] + full["storage"] < bill.PROMISED_USD
    assert full["monitoring"] > bill.PROMISED_USD
    assert bill.bill(1000, bill.Usage(), prices, free_tier=True).total_usd < bill.PROMISED_USD


def test_every_price_has_a_source_and_every_quantity_a_price():
    prices = bill.load("us-east-1")
    assert all(p.source.startswith("https://aws.amazon.com/") for p in prices.lines.values())
    for architecture in ("arm64", "x86_64"):
        month = bill.bill(1, bill.Usage(), prices, architecture=architecture)
        assert set(month.lines) == set(bill.quantities(1, bill.Usage()))


def test_the_parts_of_a_line_add_up():
    prices = bill.load("us-east-1")
    month = bill.bill(1e6, bill.Usage(), prices, architecture="x86_64")
    expected = 1e6 * (0.7 + 0.01 * 0.23) * 0.0000166667
    assert month.lines["compute"] + month.lines["compute_init"] == pytest.approx(expected)
    assert month.largest == "s3_gb_month"


def test_lines_of_one_price_share_its_free_amount():
    prices = bill.load("us-east-1")
    full, free = (
        bill.bill(1e6, bill.Usage(), prices, free_tier=free_tier).lines
        for free_tier in (False, True)
    )
    assert 0 < free["sqs_idle_polling"] < full["sqs_idle_polling"]
    assert free["sqs_idle_polling"] / full["sqs_idle_polling"] == pytest.approx(
        free["sqs_requests"] / full["sqs_requests"]
    )


def test_an_unknown_region_is_misuse():
    with pytest.raises(Misuse, match="us-east-1"):
        bill.load("mars-1")
