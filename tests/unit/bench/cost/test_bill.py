import pytest

from bench.cost import bill
from pipeline.settings import Settings
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
    seconds = 2_592_000
    assert bill.quantities(seconds, bill.Usage())["traces"] == seconds
    assert bill.quantities(seconds + 100, bill.Usage())["traces"] == seconds + 5
    each_second = bill.quantities(10 * seconds, bill.Usage())["traces"] / seconds
    assert each_second == pytest.approx(1 + 0.05 * 9)


def test_a_months_quantities_by_hand():
    """4,000 images, four in each of 1,000 invocations, of which one in ten starts cold."""
    usage = bill.Usage(
        memory_mb=1536,
        billed_ms=200,
        init_ms=500,
        cold_share=0.1,
        batch=4,
        puts=7,
        gets=3,
        upload_mb=2.5,
        output_mb=0.25,
        log_kb=2,
        views=10,
        view_kb=50,
    )
    assert bill.quantities(4000, usage) == pytest.approx(
        {
            "compute": 1200,  # 4,000 x 0.2 s x 1.5 GB
            "compute_init": 75,  # 100 cold starts x 0.5 s x 1.5 GB
            "lambda_requests": 1000,
            "sqs_requests": 6000,  # each image sent, each batch received and deleted
            "sqs_idle_polling": 5 * 3 * 60 * 24 * 30,  # 5 pollers that ask every 20 s
            "s3_puts": 28_000,
            "s3_gets": 12_000,
            "s3_gb_month": 11,
            "logs_gb": 0.008,
            # As the default stack has them; README has their price.
            "metrics": 12,
            "alarms": 11,
            "dashboards": 1,
            "traces": 1000,
            "cdn_gb": 2,
            "cdn_requests": 40_000,
        }
    )


def test_an_image_costs_what_a_default_stack_does_for_it():
    """The usage that README's bill is for: each figure is measured in docs/tune.md, or assumed."""
    usage, settings = bill.Usage(), Settings()
    files = sum(len(rendition.formats) for rendition in settings.renditions)
    assert (usage.memory_mb, usage.puts) == (settings.memory, files + 2)
    used = bill.quantities(1000, usage)
    assert (used["compute"], used["compute_init"]) == pytest.approx((700, 1.8))
    assert (used["lambda_requests"], used["sqs_requests"], used["s3_gets"]) == (1000, 3000, 2000)
    assert used["s3_gb_month"] == pytest.approx(4.2 + 0.9)
    assert used["logs_gb"] == pytest.approx(0.0015)
    assert used["cdn_gb"] == used["cdn_requests"] == 0
    assert bill.quantities(1000, bill.Usage(views=1))["cdn_gb"] == pytest.approx(0.12)


def test_a_tier_costs_nothing_before_it_begins():
    tiers = [{"up_to": 10, "usd": 2.0}, {"up_to": 30, "usd": 1.5}, {"usd": 1.0}]
    price = bill.Price(usd=tiers, free=4, source="")
    full = {quantity: price.charge(quantity) for quantity in (0, 10, 11, 31)}
    assert full == {0: 0, 10: 20, 11: 21.5, 31: 20 + 30 + 1}
    free = {quantity: price.charge(quantity, free_tier=True) for quantity in (3, 4, 5, 14)}
    assert free == {3: 0, 4: 0, 5: 2, 14: 20}


def test_a_month_without_images_costs_its_polling_and_monitoring():
    month = bill.bill(0, bill.Usage(), bill.load("us-east-1"))
    assert {name for name, usd in month.lines.items() if usd} == {
        *("sqs_idle_polling", "metrics", "alarms", "dashboards")
    }
    assert month.subtotals["monitoring"] == pytest.approx(12 * 0.30 + 11 * 0.10 + 3)


def test_the_total_is_told_for_each_1000_images():
    month = bill.Bill(images=4000, lines={}, subtotals={}, total_usd=10)
    assert month.usd_per_1000_images == 2.5


def test_every_line_is_in_one_group():
    month = bill.bill(1000, bill.Usage(), bill.load("us-east-1"))
    grouped = [name for names in bill.GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(month.lines)
    assert sum(month.subtotals.values()) == pytest.approx(month.total_usd)


def test_the_promise_is_kept_before_any_free_tier_and_monitoring_is_seen():
    prices = bill.load("us-east-1")
    full = bill.bill(1000, bill.Usage(), prices).subtotals
    assert full["processing"] + full["storage"] < bill.PROMISED_USD
    assert full["monitoring"] > bill.PROMISED_USD == 1.00
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
    expected = 1e6 * (0.7 + 0.01 * 0.18) * 0.0000166667
    assert month.lines["compute"] + month.lines["compute_init"] == pytest.approx(expected)
    assert month.largest == "s3_gb_month"


def test_lines_of_one_price_share_its_free_amount():
    prices = bill.load("us-east-1")
    full, free = (
        bill.bill(1e6, bill.Usage(), prices, free_tier=free_tier).lines
        for free_tier in (False, True)
    )
    requests = (3_000_000 + 648_000 - 1_000_000) * 0.0000004
    assert free["sqs_requests"] == pytest.approx(requests * 3_000_000 / 3_648_000)
    compute = (701_800 - 400_000) * 0.0000133334
    assert free["compute_init"] == pytest.approx(compute * 1800 / 701_800)
    assert 0 < free["sqs_idle_polling"] < full["sqs_idle_polling"]
    assert free["sqs_idle_polling"] / full["sqs_idle_polling"] == pytest.approx(
        free["sqs_requests"] / full["sqs_requests"]
    )


def test_an_unknown_region_is_misuse():
    with pytest.raises(Misuse, match="for mars-1; there is us-east-1"):
        bill.load("mars-1")
